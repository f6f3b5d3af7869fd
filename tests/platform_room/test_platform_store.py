"""The store: names by content, whole bytes or none, both hashes at the door."""

import ctypes
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stored import blob_file

from lode_platform.errors import BadInput, Conflict, DiskFull, NotFound, TooLarge
from lode_platform.models import Blob
from lode_platform.store import key_of, store

pytestmark = pytest.mark.django_db


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def temporary(home: Path) -> list[Path]:
    return list((home / "store" / "tmp").glob("*"))


def test_bytes_lie_where_dvc_looks_for_them(home: Path) -> None:
    blob = store().add_bytes(b"one")
    name = md5(b"one")
    file = home / "store" / "files" / "md5" / name[:2] / name[2:]
    assert file.read_bytes() == b"one"
    assert (blob.md5, blob.sha256, blob.size) == (name, hashlib.sha256(b"one").hexdigest(), 3)


def test_a_blob_is_read_only_and_nothing_temporary_stays(home: Path) -> None:
    store().add_bytes(b"one")
    assert stat.S_IMODE(blob_file(md5(b"one")).stat().st_mode) == 0o400
    assert temporary(home) == []


def test_the_same_bytes_are_stored_once() -> None:
    first, second = store().add_bytes(b"one"), store().add_many([b"one", b"two", b"one"])
    assert [blob.pk for blob in second] == [first.pk, second[1].pk, first.pk]
    assert Blob.objects.count() == 2


def test_bytes_are_on_disk_before_a_row_points_at_them(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Watches the operating system, not our code: every fsync and rename comes before the row is written."""
    done: list[str] = []

    def watch(name: str) -> None:
        real = getattr(os, name)

        def watched(*given: object) -> object:
            done.append(f"{name} rows={Blob.objects.count()}")
            return real(*given)

        monkeypatch.setattr(os, name, watched)

    watch("fsync")
    watch("replace")
    store().add_bytes(b"one")
    names = [entry.split(" ")[0] for entry in done]
    assert names[0] == "fsync" and "replace" in names and names[-1] == "fsync"
    assert all(entry.endswith("rows=0") for entry in done)
    assert Blob.objects.count() == 1


@pytest.mark.parametrize("wrong", ["md5", "sha256"])
def test_bytes_that_are_not_what_was_promised_are_refused(wrong: str, home: Path) -> None:
    promised = {"md5": md5(b"one"), "sha256": hashlib.sha256(b"one").hexdigest()}
    promised[wrong] = "0" * len(promised[wrong])
    with pytest.raises(BadInput) as refused:
        store().add_stream([b"o", b"ne"], md5=promised["md5"], sha256=promised["sha256"])
    assert refused.value.code == "hash_mismatch"
    assert not Blob.objects.exists() and temporary(home) == []


def test_a_known_md5_with_another_sha256_is_refused(home: Path) -> None:
    blob = store().add_bytes(b"one")
    Blob.objects.filter(pk=blob.pk).update(sha256="f" * 64)  # as if other bytes with this md5 had come first
    with pytest.raises(Conflict) as refused:
        store().add_bytes(b"one")
    assert refused.value.code == "md5_collision"
    assert temporary(home) == []


def test_two_files_that_collide_in_md5_are_never_taken_for_one() -> None:
    """The two messages of Wang and Yu (2004), which share their md5."""
    first = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a085125e8f7cdc99f"
        "d91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0e99f33420f577ee8ce54b67080a80d1e"
        "c69821bcb6a8839396f9652b6ff72a70"
    )
    second = bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f8955ad340609f4b30283e4888325f1415a085125e8f7cdc99f"
        "d91dbd7280373c5bd8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0e99f33420f577ee8ce54b67080280d1e"
        "c69821bcb6a8839396f965ab6ff72a70"
    )
    assert md5(first) == md5(second) and first != second
    store().add_bytes(first)
    with pytest.raises(Conflict):
        store().add_bytes(second)
    with pytest.raises(Conflict):
        store().add_many([first, second])
    assert store().open(md5(first)).read() == first


def test_a_lost_file_is_healed_by_sending_it_again() -> None:
    store().add_bytes(b"one")
    blob_file(md5(b"one")).unlink()
    store().add_bytes(b"one")
    assert store().open(md5(b"one")).read() == b"one"


def test_a_full_disk_leaves_nothing_half_written(home: Path) -> None:
    def runs_out() -> Iterator[bytes]:
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull):
        store().add_stream(runs_out())
    assert temporary(home) == [] and not Blob.objects.exists()


class Library:
    """Stands for the C library: its syncfs notes when it is called, and can find the disk full."""

    def __init__(self, done: list[str], *, full: bool = False) -> None:
        self.done, self.full = done, full

    def syncfs(self, _handle: int) -> int:
        self.done.append(f"syncfs rows={Blob.objects.count()}")
        ctypes.set_errno(errno.ENOSPC)
        return -1 if self.full else 0


def test_many_files_are_forced_to_disk_together(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    done: list[str] = []
    real = os.replace

    def replace(source: str, target: str) -> None:
        done.append(f"replace rows={Blob.objects.count()}")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(ctypes, "CDLL", lambda *given, **named: Library(done))
    store().add_many([b"%d" % number for number in range(20)])
    assert done == ["syncfs rows=0", *["replace rows=0"] * 20, "syncfs rows=0"]
    assert Blob.objects.count() == 20 and temporary(home) == []


def test_a_disk_that_is_full_when_many_files_are_forced_to_it(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *given, **named: Library([], full=True))
    with pytest.raises(DiskFull):
        store().add_many([b"%d" % number for number in range(20)])
    assert temporary(home) == [] and not Blob.objects.exists()


def test_more_bytes_than_the_limit_are_refused(home: Path) -> None:
    with pytest.raises(TooLarge):
        store().add_stream([b"x" * 10] * 10, limit=50)
    assert temporary(home) == []


def test_a_stream_from_a_file_gives_the_same_blob(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(3_000_000))
    with (tmp_path / "big").open("rb") as file:
        blob = store().add_stream(file)
    assert blob.size == 3_000_000
    assert store().rehash(blob.md5) == (blob.md5, blob.sha256)


def test_rehash_sees_a_changed_byte() -> None:
    blob = store().add_bytes(b"one")
    path = blob_file(blob.md5)
    path.chmod(0o644)
    path.write_bytes(b"onE")
    assert store().rehash(blob.md5) != (blob.md5, blob.sha256)


def test_a_directory_object_has_dvcs_name() -> None:
    name = f"{md5(b'[]')}.dir"
    store().put_object(name, b"[]")
    store().put_object(name, b"[]")
    assert store().exists(md5(b"[]"), directory=True) and not store().exists(md5(b"[]"))
    assert key_of(md5(b"[]"), directory=True).endswith(".dir")
    with pytest.raises(BadInput):
        store().put_object(name, b"other")


@pytest.mark.parametrize("name", ["../../etc/passwd", "AB" * 16, "ab", "g" * 32, "0" * 31 + "/"])
def test_a_name_that_is_no_md5_never_reaches_the_disk(name: str) -> None:
    with pytest.raises(BadInput):
        store().open(name)


def test_bytes_that_are_not_there_are_not_found() -> None:
    with pytest.raises(NotFound):
        store().open("0" * 32)
