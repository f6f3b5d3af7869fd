"""A version published into a bucket of S3, read from outside as from a folder."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone

import motherlode
from lode_datasets import repositories, version_members, version_trees, versions
from lode_datasets.verify import verify
from lode_platform import collecting
from lode_platform.jobs import run_pending
from lode_platform.models import Blob
from lode_platform.store import key_of, store
from motherlode.cache import Cache

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]


def held(version: Any) -> dict[str, bytes]:
    return {row.path: store().open(row.md5).read() for row in versions.manifest_rows(version)}


def test_stock_git_and_dvc_and_the_sdk_read_a_version_that_lies_in_a_bucket(
    bucket: Any, site: str, cells: Any, outside: Any, home: Path, tmp_path: Path
) -> None:
    cells.add(6)
    first = cells.publish("first")
    cells.add(2)
    second = cells.publish("second")
    assert not (home / "store").exists() and not list((home / "tmp").iterdir())
    assert {key_of(row.md5) for row in versions.manifest_rows(second)} < set(bucket.keys("files"))
    assert version_members.of(second) is not None and version_trees.of(second) is not None
    spare = store().add_bytes(b"nothing needs this")
    Blob.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert collecting.collect(dry_run=False)["removed"] == 1 and key_of(spare.md5) not in bucket.keys("files")

    token = cells.token()
    url = repositories.git_url(cells.dataset).replace("http://", f"http://git:{token}@")
    outside.git("clone", "-q", url, "work")
    work = outside.folder / "work"
    outside.dvc("remote", "modify", "--local", "store", "password", token, at=work)
    outside.dvc("pull", "-q", at=work)
    assert {path: (work / "data" / path).read_bytes() for path in held(second)} == held(second)

    client = motherlode.Client(site, token)
    samples = motherlode.load("cells@v1", client=client, cache=Cache(tmp_path / "cache"))
    assert len(samples) == first.counts["items"]
    assert {hashlib.sha256(sample.file.read_bytes()).hexdigest() for sample in samples} == {
        row.sha256 for row in versions.manifest_rows(first) if row.path.startswith("items/")
    }


def test_a_range_of_a_file_in_a_bucket_is_sent_alone(bucket: Any, site: str, cells: Any) -> None:
    [item] = cells.add(1)
    cells.publish()
    address = f"{site}/dvc/{cells.project.name}/cells/{key_of(item.blob.md5)}"
    data = store().open(item.blob.md5).read()
    part = httpx.get(address, headers={"Authorization": f"Bearer {cells.token()}", "Range": "bytes=3-9"})
    assert (part.status_code, part.content) == (206, data[3:10])
    assert part.headers["Content-Range"] == f"bytes 3-9/{len(data)}"


def test_what_is_lost_or_broken_in_a_bucket_is_named(bucket: Any, cells: Any, run_jobs: Callable[[], int]) -> None:
    one, two, _three = cells.add(3)
    version = cells.publish()
    bucket.files.rm_file(f"{bucket.name}/lode/{key_of(one.blob.md5)}")
    bucket.files.pipe_file(f"{bucket.name}/lode/{key_of(two.blob.md5)}", b"x" * two.blob.size)
    job = verify(version, cells.user)
    run_pending()
    job.refresh_from_db()
    wrong = {row["path"]: row["found"] for row in job.result["mismatches"]}
    assert wrong == {f"items/{one.path}": "", f"items/{two.path}": hashlib.sha256(b"x" * two.blob.size).hexdigest()}
