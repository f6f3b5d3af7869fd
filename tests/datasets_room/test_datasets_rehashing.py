"""Bytes of the store that changed or went are found, and whom they are missing from is said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from tests.stored import blob_file

from lode_datasets import versions
from lode_platform import rehashing
from lode_platform.jobs import run_pending
from lode_platform.models import Blob, User
from lode_platform.store import key_of, store
from lode_platform.store_remote import StoreAway


def flip(md5: str) -> None:
    """One bit of the blob's bytes is another one from now on."""
    file = blob_file(md5)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)


def test_all_is_read_and_nothing_said_of_what_is_whole(cells: Any) -> None:
    cells.add(3)
    version = cells.publish()
    report = rehashing.rehash()
    listings = {version.dir_oid, *version.listings.values()}
    assert (report["files"], report["wrong"], report["broken"]) == (Blob.objects.count() + len(listings), 0, [])
    assert report["bytes"] == sum(Blob.objects.values_list("size", flat=True))


def test_what_is_broken_or_missing_is_named_with_its_items_and_versions(cells: Any) -> None:
    changed, gone, _whole = cells.add(3)
    cells.publish()
    cells.add(1)
    second = cells.publish()
    flip(changed.blob.md5)
    blob_file(gone.blob.md5).unlink()
    blob_file(second.dir_oid[:32], directory=True).unlink()
    told = {row["md5"]: row for row in rehashing.rehash()["broken"]}
    both = ["blood/cells@v1", "blood/cells@v2"]
    assert set(told) == {changed.blob.md5, gone.blob.md5, second.dir_oid}
    assert told[changed.blob.md5]["needed_by"] == [f"blood/{changed.path}", *both]
    assert told[changed.blob.md5]["what"] == "The bytes are not those that were stored."
    assert told[gone.blob.md5]["needed_by"] == [f"blood/{gone.path}", *both]
    assert told[gone.blob.md5]["what"] == "The bytes are missing."
    assert told[second.dir_oid]["needed_by"] == ["blood/cells@v2"]
    labels = versions.files(second).get(path="labels/v000001-base-00000.jsonl").blob
    flip(labels.md5)
    assert {row["md5"]: row["needed_by"] for row in rehashing.rehash()["broken"]}[labels.md5] == both


def test_a_sample_is_so_many(cells: Any, capsys: pytest.CaptureFixture[str]) -> None:
    items = cells.add(5)
    assert rehashing.rehash(sample=2)["files"] == 2
    assert rehashing.rehash(sample=99)["files"] == 5
    for item in items:
        flip(item.blob.md5)
    assert rehashing.rehash(sample=3)["wrong"] == 3
    with pytest.raises(SystemExit) as ended:
        call_command("fsck", "--sample", "1")
    assert ended.value.code == 3 and "1 broken" in capsys.readouterr().out


def test_a_project_hears_of_its_own_alone_and_the_job_goes_on_where_it_was(
    cells: Any, api: Callable[..., Any], alice: User, erin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, _other = cells.add(2)
    store().add_bytes(b"another project's")
    flip(item.blob.md5)
    assert api(alice).post("projects", {"name": "other"}).status_code == 201
    elsewhere = api(alice).post("projects/other/store/fsck").json()
    here = api(erin).post("projects/blood/store/fsck", {"sample": None}).json()
    run_pending()
    assert api(alice).get(f"jobs/{elsewhere['uuid']}").json()["result"]["files"] == 0
    result = api(erin).get(f"jobs/{here['uuid']}").json()["result"]
    assert (result["files"], result["wrong"]) == (2, 1)

    monkeypatch.setattr(rehashing, "PAGE", 1)
    seen: list[dict[str, Any]] = []
    rehashing.rehash(told=lambda report, total: seen.append(dict(report)))
    assert rehashing.rehash(before=seen[0])["files"] == 3


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_a_bucket_is_read_as_a_folder_is(bucket: Any, cells: Any) -> None:
    changed, gone, _whole = cells.add(3)
    bucket.files.pipe_file(f"{bucket.name}/lode/{key_of(changed.blob.md5)}", b"x" * changed.blob.size)
    bucket.files.rm_file(f"{bucket.name}/lode/{key_of(gone.blob.md5)}")
    report = rehashing.rehash()
    assert (report["files"], {row["md5"] for row in report["broken"]}) == (3, {changed.blob.md5, gone.blob.md5})


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_bytes_that_a_bucket_does_not_give_are_named_and_a_bucket_that_is_away_is_not(
    bucket: Any, cells: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As S3's client does where the bytes are not those of the checksum that S3 has."""
    item, _other = cells.add(2)
    monkeypatch.setattr("lode_platform.store_remote.WAITS", ())
    files: Any = store().backend._fs  # type: ignore[attr-defined]
    given = files.cat_file

    def refused(path: str, **span: int) -> bytes:
        if path.endswith(item.blob.md5[2:]):
            raise ValueError("another checksum")
        return bytes(given(path, **span))

    monkeypatch.setattr(files, "cat_file", refused)
    [row] = rehashing.rehash()["broken"]
    assert (row["md5"], row["what"]) == (item.blob.md5, "The bytes are there and cannot be read.")

    def away(path: str) -> Any:
        raise ConnectionError(path)

    monkeypatch.setattr(files, "info", away)
    with pytest.raises(StoreAway):
        rehashing.rehash()
