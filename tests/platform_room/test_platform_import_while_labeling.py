"""Annotators label on while thousands of items come in, on SQLite too."""

import hashlib
import io
import struct
import zipfile
import zlib
from typing import Any
from uuid import uuid4

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("machines")

MANY = 4_000
TASKS = 25
CONFIG = """<View><Image name="image" value="$image"/>
<Choices name="kind" toName="image"><Choice value="cell"/><Choice value="empty"/></Choices></View>"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(number: int) -> bytes:
    """A PNG of 4 x 1 grey pixels that spell the number; made by hand, since thousands are wanted."""
    head = struct.pack(">IIBBBBB", 4, 1, 8, 0, 0, 0, 0)
    row = zlib.compress(b"\0" + struct.pack(">I", number))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.once
def test_annotators_label_on_while_thousands_of_items_come_in(machine: Any) -> None:
    token = machine.run("token", "alice", "--project", "blood", "--role", "owner").strip()
    client = httpx.Client(
        base_url=f"{machine.serve()}/api/v1/", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )

    def post(address: str, body: Any) -> Any:
        answer = client.post(address, json=body)
        assert answer.status_code in (200, 201, 202), (address, answer.text)
        return answer.json()

    files = [picture(MANY + number) for number in range(TASKS)]
    names = [(hashlib.md5(file).hexdigest(), hashlib.sha256(file).hexdigest()) for file in files]
    pack = b"".join(f"{md5} {sha} {len(f)}\n".encode() + f for (md5, sha), f in zip(names, files, strict=True))
    assert client.post("projects/blood/blobs", content=pack).status_code == 200
    items = [{"path": f"first/{n}.png", "md5": md5, "sha256": sha} for n, (md5, sha) in enumerate(names)]
    made = post("projects/blood/items", {"items": items})["created"]
    post("projects/blood/schemas", {"name": "kinds", "config": CONFIG})
    queue = post(
        "projects/blood/queues", {"name": "first", "schema": "kinds", "items": [item["uuid"] for item in made]}
    )["uuid"]

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(MANY):
            archive.writestr(f"many/{number}.png", picture(number))
    sent = client.post("projects/blood/items/zip", files={"file": ("many.zip", out.getvalue())})
    assert sent.status_code == 202, sent.text
    job = f"jobs/{sent.json()['uuid']}"
    machine.wait_for("the import has begun", lambda: client.get(job).json()["done"] > 0)

    result = [{"from_name": "kind", "to_name": "image", "type": "choices", "value": {"choices": ["cell"]}}]
    task = post(f"queues/{queue}/next", {"holding": []})
    for number in range(TASKS):
        result[0]["id"] = f"choice{number}"
        answer = {"result": result, "operation_id": str(uuid4()), "lead_time": 1.0, "next": True}
        task = post(f"tasks/{task['task']['id']}/submit", answer)["next"]
    assert task is None, "every task is labelled"
    halfway = client.get(job).json()
    assert halfway["state"] == "running" and halfway["done"] < MANY, "the labelling did not wait for the import"
    machine.wait_for("the import is over", lambda: client.get(job).json()["state"] != "running", 600)
    ended = client.get(job).json()
    assert (ended["state"], ended["result"]["created"]) == ("succeeded", MANY), ended
    assert machine.items() == MANY + TASKS
