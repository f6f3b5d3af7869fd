"""Not a test: a server whose store lies on a disk of 1 MiB; test_platform_full_disk.py runs it and reads what it says.

It runs in a mount namespace of its own, where ``MOTHERLODE_STORE`` is that disk.
"""

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any

import django


def content(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def main() -> dict[str, Any]:
    from django.test import Client

    from lode_platform.models import Blob, Membership, Project, Role, User
    from lode_platform.store import store
    from lode_platform.tokens import make_token

    user = User.objects.create(username="alice")
    project = Project.objects.create(name="blood", created_by=user)
    Membership.objects.create(project=project, user=user, role=Role.OWNER)
    client = Client(headers={"authorization": f"Bearer {make_token(user)[1]}"})
    root = Path(os.environ["MOTHERLODE_STORE"])

    def address(data: bytes) -> str:
        return f"/api/v1/projects/blood/blobs/{hashlib.md5(data, usedforsecurity=False).hexdigest()}"

    def put(data: bytes, first: int = 0, last: int | None = None) -> tuple[int, dict[str, Any]]:
        headers = {"X-Sha256": hashlib.sha256(data).hexdigest()}
        end = len(data) if last is None else last
        if (first, end) != (0, len(data)):
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(data)}"
        body, kind = data[first:end], "application/octet-stream"
        answer = client.put(address(data), data=body, content_type=kind, headers=headers)
        return answer.status_code, answer.json()

    def pack(*files: bytes) -> tuple[int, dict[str, Any]]:
        pieces = []
        for data in files:
            md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
            pieces += [f"{md5} {hashlib.sha256(data).hexdigest()} {len(data)}\n".encode(), data]
        answer = client.post(
            "/api/v1/projects/blood/blobs", data=b"".join(pieces), content_type="application/octet-stream"
        )
        return answer.status_code, answer.json()

    def temporary() -> int:
        return len(list((root / "tmp").glob("*")))

    small, large, pieces = content(1, 200_000), content(2, 2_000_000), content(3, 700_000)
    said: dict[str, Any] = {"small": put(small), "large": put(large), "after_large": temporary()}
    said["pack"] = pack(content(4, 500_000), content(5, 500_000))
    said["after_pack"] = temporary()
    said["rows"] = [Blob.objects.count(), len(list(store().backend.list("files")))]
    said["intact"] = store().open(hashlib.md5(small, usedforsecurity=False).hexdigest()).read() == small

    filler = root / "filler"
    filler.write_bytes(content(6, 400_000))
    said["first"] = put(pieces, 0, 300_000)
    said["second"] = put(pieces, 300_000)
    said["offset"] = int(client.head(address(pieces))["Upload-Offset"])
    filler.unlink()
    said["rest"] = put(pieces, said["offset"])
    said["whole"] = store().open(hashlib.md5(pieces, usedforsecurity=False).hexdigest()).read() == pieces
    return said


if __name__ == "__main__":
    django.setup()
    print(json.dumps(main()))
