"""Verified snapshots: what the cache holds is what was published, or it is named."""

import os
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock, Timeout
from tests.earlier import earlier_row
from tests.settling import settle

import motherlode
from motherlode import manifest
from motherlode.cache import Blob, Cache
from motherlode.cli import main
from motherlode.client import Client
from motherlode.files import hash_file
from motherlode.lock import LOCK_FILE, Pin, write_lock
from motherlode.manifest import Row
from motherlode.regions import Region
from motherlode.remote import Remote
from motherlode.samples import Samples
from motherlode.snapshots import Snapshot
from motherlode.trees import building
from motherlode.versions import parse_name

pytestmark = pytest.mark.once

REGION = Region("r1", "box", 1, "RBC", (1, 2, 3, 4), iscrowd=True)
ITEMS: dict[str, tuple[str, bytes, str | None]] = {
    "a/one.png": ("train", b"one", manifest.canonical([earlier_row(REGION.as_json())])),
    "b.png": ("train", b"two", "[]"),
    "c.png": ("val", b"three", "[]"),
    "d.png": ("pool", b"four", None),
}


def no_server() -> NoReturn:
    raise AssertionError("the server was asked although everything is cached")


def put(cache: Cache, data: bytes, path: str) -> Row:
    row = manifest.identify(data).row(path)
    blob = Blob(cache, row)
    blob.write(data)
    blob.finish()
    return row


def published(cache: Cache, server: str = "https://host") -> Pin:
    """A version as the server would publish it, all of it in the cache; pinned in the working folder."""
    rows = [put(cache, data, manifest.ITEMS + path) for path, (_, data, _) in sorted(ITEMS.items())]
    lines = [(path, split, 10, 20, regions) for path, (split, _, regions) in sorted(ITEMS.items())]
    rows.append(put(cache, manifest.label_lines(lines).data, manifest.shard_file(0, 0)))
    classes = [{"id": 1, "name": "RBC"}, {"id": 2, "name": "WBC"}]
    rows.append(put(cache, manifest.schema_bytes("cells", "<View/>", classes).data, manifest.SCHEMA))
    splits = "".join(manifest.split_line(path, split) for path, (split, _, _) in sorted(ITEMS.items()))
    rows.append(put(cache, splits.encode(), manifest.SPLITS))
    raw = b"".join(manifest.manifest_pieces(rows))
    digest = manifest.digest_of([raw])
    folder = cache.root / "manifests"
    folder.mkdir(parents=True)
    (folder / f"{digest.removeprefix('sha256:')}.jsonl").write_bytes(raw)
    counts = {"train": 2, "val": 1, "pool": 1}
    pin = Pin(server, "blood", "cells", 3, digest, "0" * 32 + ".dir", "c" * 40, 1, counts)
    write_lock(Path(LOCK_FILE), {"cells": pin})
    return pin


@pytest.fixture
def pin(cache: Cache) -> Pin:
    return published(cache)


@pytest.fixture
def snapshot(pin: Pin, cache: Cache) -> Snapshot:
    return Snapshot(pin, cache, no_server)


def spoil(path: Path) -> None:
    """Change one byte, leaving size, name and modification time as they were."""
    stat = path.stat()
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    path.chmod(0o444)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


# loading


def test_a_locked_version_is_read_without_asking_the_server(pin: Pin) -> None:
    train = motherlode.load("cells", split="train")
    assert (len(train), train.name, train.digest) == (2, "cells@v3", pin.digest)
    one, two = train
    assert (one.path, one.width, one.height, one.labelled) == ("a/one.png", 10, 20, True)
    assert (one.labels.boxes, one.labels.names, one.labels.class_ids) == ([[1, 2, 3, 4]], ["RBC"], [1])
    assert (one.file.read_bytes(), one.labels[0].iscrowd) == (b"one", True)
    assert (len(two.labels), two.labelled) == (0, True)


def test_samples_travel_to_a_loaders_worker_and_ask_no_server_there(pin: Pin) -> None:
    train = motherlode.load("cells", split="train")
    again = pickle.loads(pickle.dumps(train))
    assert list(again) == list(train)
    assert again[:1].paths == train[:1].paths


def test_the_pool_is_unlabelled_and_no_split_is_all(pin: Pin) -> None:
    pool = motherlode.load("cells", split="pool")
    assert [(sample.path, sample.labelled, len(sample.labels)) for sample in pool] == [("d.png", False, 0)]
    assert [sample.split for sample in motherlode.load("cells")] == ["train", "train", "val", "pool"]


def test_samples_are_a_sequence(pin: Pin) -> None:
    train = motherlode.load("cells", split="train")
    assert train[-1].path == train.paths[-1] == "b.png"
    assert [sample.path for sample in train[:1]] == ["a/one.png"]
    assert len(train[5:]) == 0
    assert train.by_path("b.png") == train[1]
    assert "cells@v3 train: 2 samples, RBC, WBC" in repr(train)
    assert "unlabelled" in repr(motherlode.load("cells", split="pool")[0])
    with pytest.raises(IndexError):
        _ = train[2]
    with pytest.raises(KeyError, match="no item"):
        train.by_path("nowhere.png")


def test_a_split_that_is_not_there_names_those_that_are(pin: Pin) -> None:
    with pytest.raises(motherlode.BadInput, match="pool, train, val"):
        motherlode.load("cells", split="dev")


def test_without_a_pin_the_error_says_how_to_make_one() -> None:
    with pytest.raises(motherlode.NotConfigured, match="lode pin cells@v1"):
        motherlode.load("cells")


def test_files_are_read_only_and_share_their_blobs(pin: Pin, cache: Cache) -> None:
    sample = motherlode.load("cells", split="train")[0]
    blob = cache.blob(manifest.identify(b"one").md5)
    assert sample.file.samefile(blob)
    assert sample.file.stat().st_mode & 0o777 == 0o444
    assert blob.relative_to(cache.root).parts[:2] == ("files", "md5")


# verifying


@pytest.mark.parametrize("settled", [False, True])
def test_a_changed_byte_in_a_sample_is_named_at_the_next_load(pin: Pin, cache: Cache, settled: bool) -> None:
    if settled:
        settle(cache.root)
        motherlode.load("cells", split="train")
        settle(cache.root)
    spoil(motherlode.load("cells", split="train")[0].file)
    with pytest.raises(motherlode.NotVerified, match=r"a/one\.png") as caught:
        motherlode.load("cells", split="train")
    assert [mismatch.path for mismatch in caught.value.mismatches] == ["a/one.png"]
    assert "lode pull cells@v3 --repair" in str(caught.value)
    motherlode.load("cells", split="val")


def test_a_blob_put_in_the_place_of_another_is_named_too(pin: Pin, cache: Cache) -> None:
    motherlode.load("cells", split="train")
    blob = cache.blob(manifest.identify(b"two").md5)
    blob.unlink()
    blob.write_bytes(b"tw0")
    with pytest.raises(motherlode.NotVerified, match=r"b\.png"):
        motherlode.load("cells", split="train")
    assert [mismatch.path for mismatch in motherlode.verify("cells")] == ["b.png"]


def test_a_missing_file_is_named(pin: Pin) -> None:
    motherlode.load("cells", split="train")[1].file.unlink()
    with pytest.raises(motherlode.NotVerified, match=r"b\.png is gone"):
        motherlode.load("cells", split="train")


@pytest.mark.parametrize("which", [manifest.SPLITS, manifest.SCHEMA, "labels/0000-of-0001.jsonl"])
def test_changed_labels_splits_or_schema_are_refused(snapshot: Snapshot, cache: Cache, which: str) -> None:
    spoil(cache.blob(snapshot.files[which].md5))
    with pytest.raises(motherlode.NotVerified, match=which):
        list(Samples(snapshot, "train"))
    assert [mismatch.path for mismatch in Snapshot(snapshot.pin, cache, no_server).verify()] == [which]


def test_a_changed_manifest_is_not_what_was_pinned(
    snapshot: Snapshot, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    [path] = (cache.root / "manifests").iterdir()
    good = path.read_bytes()
    spoil(path)
    with pytest.raises(motherlode.NotVerified, match="not what was pinned; `lode pull cells@v3 --repair`"):
        _ = snapshot.files

    monkeypatch.setattr(Remote, "head", lambda self: good)
    Snapshot(snapshot.pin, cache, no_server).fetch("train", repair=True)
    assert path.read_bytes() == good


def test_a_cache_that_cannot_be_written_says_which_and_what_to_set(pin: Pin, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(motherlode.NotConfigured, match="file cannot be written .*; set MOTHERLODE_CACHE"):
        Snapshot(pin, Cache(tmp_path / "file"), no_server).fetch("train")


def test_a_forged_pin_finds_nothing_that_fits(pin: Pin, cache: Cache) -> None:
    forged = replace(pin, digest="sha256:" + "0" * 64)
    (cache.root / "manifests" / ("0" * 64 + ".jsonl")).write_bytes(b"")
    with pytest.raises(motherlode.NotVerified):
        _ = Snapshot(forged, cache, no_server).files


def test_unchanged_files_are_hashed_once(snapshot: Snapshot, cache: Cache) -> None:
    tree = snapshot.fetch("train")
    settle(cache.root)
    snapshot.fetch("train")
    hashed: list[int] = []

    def count(done: int, of: int) -> None:
        hashed.append(done)

    cache.check(tree, snapshot.item_rows("train"), progress=count)
    assert hashed == []
    cache.check(tree, snapshot.item_rows("train"), again=True, progress=count)
    assert hashed == [1, 2]


def test_repair_fetches_what_was_changed(pin: Pin, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = motherlode.load("cells", split="train")[0]
    spoil(sample.file)
    row = manifest.identify(b"one").row("items/a/one.png")

    def batch(self: Remote, batch: list[Row]) -> list[tuple[Row, bytes]]:
        assert [found.md5 for found in batch] == [row.md5]
        return [(batch[0], b"one")]

    monkeypatch.setattr(Remote, "batch", batch)
    client = Client("https://host", "t", workers=1)
    Snapshot(pin, cache, lambda: client).fetch("train", repair=True)
    assert motherlode.load("cells", split="train")[0].file.read_bytes() == b"one"


def test_a_blob_that_came_wrong_never_appears(cache: Cache) -> None:
    row = manifest.identify(b"right").row("items/x.png")
    blob = Blob(cache, row)
    blob.write(b"wrong")
    with pytest.raises(motherlode.NotVerified, match=r"x\.png"):
        blob.finish()
    assert not cache.blob(row.md5).exists()
    assert list(cache.blob(row.md5).parent.iterdir()) == []


def test_a_large_blob_goes_on_where_it_broke_off(cache: Cache) -> None:
    row = manifest.identify(b"first second").row("items/x.png")
    blob = Blob(cache, row, resume=True)
    blob.write(b"first ")
    blob.leave()
    again = Blob(cache, row, resume=True)
    assert again.size == 6
    again.write(b"second")
    again.finish()
    assert cache.blob(row.md5).read_bytes() == b"first second"


def test_a_tree_half_made_is_made_anew(snapshot: Snapshot) -> None:
    tree = snapshot.tree("train")
    part = tree.with_name(f".{tree.name}.{os.getpid()}.part")
    (part / "a").mkdir(parents=True)
    (part / "a" / "stray").write_bytes(b"x")
    snapshot.fetch("train")
    assert sorted(path.name for path in tree.rglob("*.png")) == ["b.png", "one.png"]
    assert not (tree / "a" / "stray").exists()


def test_what_a_killed_process_left_of_a_tree_goes(snapshot: Snapshot) -> None:
    tree = snapshot.tree("train")
    left = tree.with_name(f".{tree.name}.1.part")
    left.mkdir(parents=True)
    (left / "half.png").write_bytes(b"x")
    snapshot.fetch("train")
    assert not left.exists()


def test_what_comes_is_one_file_in_tree_and_cache(cache: Cache) -> None:
    rows = [(path, manifest.identify(b"one").row(f"items/{path}")) for path in ("a/one.png", "two.png")]
    tree = cache.tree("key", "all")
    with building(cache, tree, rows) as made:
        made.put(rows[0][1], b"one")
    assert {(tree / path).stat().st_ino for path, _ in rows} == {cache.blob(rows[0][1].md5).stat().st_ino}
    assert cache.is_whole(tree)


def test_wrong_bytes_leave_neither_tree_nor_blob(cache: Cache) -> None:
    row = manifest.identify(b"right").row("items/x.png")
    tree = cache.tree("key", "all")
    with pytest.raises(motherlode.NotVerified, match=r"x\.png"), building(cache, tree, [("x.png", row)]) as made:
        made.put(row, b"wrong")
    assert list(tree.parent.iterdir()) == []
    assert not cache.blob(row.md5).exists()


def test_a_pull_that_broke_off_keeps_what_came_whole(cache: Cache) -> None:
    row = manifest.identify(b"came").row("items/x.png")
    tree = cache.tree("key", "all")
    with pytest.raises(InterruptedError), building(cache, tree, [("x.png", row)]) as made:
        made.put(row, b"came")
        raise InterruptedError
    assert list(tree.parent.iterdir()) == []
    assert cache.missing([row]) == []


def test_a_blob_that_another_process_took_meanwhile_stays(cache: Cache) -> None:
    row = put(cache, b"one", "items/x.png")
    before = cache.blob(row.md5).stat().st_ino
    tree = cache.tree("key", "all")
    with building(cache, tree, [("x.png", row)]) as made:
        made.put(row, b"one")
    assert (tree / "x.png").stat().st_ino == cache.blob(row.md5).stat().st_ino == before


def test_where_links_do_not_work_files_are_copied(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    row = manifest.identify(b"one").row("items/x.png")
    tree = cache.tree("key", "all")
    with building(cache, tree, [("x.png", row)]) as made:
        made.put(row, b"one")
    assert (tree / "x.png").read_bytes() == cache.blob(row.md5).read_bytes() == b"one"
    assert not cache.is_whole(tree)


HOLD = """import sys
from pathlib import Path
from motherlode.cache import Cache
with Cache(Path(sys.argv[1])).lock("tree"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time_makes_a_tree(cache: Cache) -> None:
    command = [sys.executable, "-c", HOLD, str(cache.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin and other.stdout and other.stdout.readline() == "held\n"
        with pytest.raises(Timeout), FileLock(cache.root / "locks" / "tree.lock", blocking=False):
            pass
        other.stdin.close()
        with cache.lock("tree"):
            pass
    assert other.returncode == 0


def test_a_file_is_hashed_as_dvc_and_we_name_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert hash_file(tmp_path / "x") == (*manifest.identify(b"abc")[1:], 3)


# the command line over a cached version


def test_lode_verify_names_the_item_and_fails(pin: Pin, capsys: pytest.CaptureFixture[str]) -> None:
    sample = motherlode.load("cells", split="train")[0]
    assert main(["verify", "--local"]) == 0
    spoil(sample.file)
    assert main(["verify", "--local"]) == 3
    assert "a/one.png" in capsys.readouterr().err


def test_lode_pull_makes_the_folder_that_dvc_makes(pin: Pin, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", "cells", "--to", "data"]) == 0
    made = sorted(path.relative_to("data").as_posix() for path in Path("data").rglob("*") if path.is_file())
    assert made == sorted(
        [*(f"items/{path}" for path in ITEMS), "labels/0000-of-0001.jsonl", "schema.json", "splits.jsonl"]
    )
    assert main(["pull", "cells", "--to", "data"]) == 1
    assert "not empty" in capsys.readouterr().err


# names and pins


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("cells", ("cells", "", "")),
        ("cells@v3", ("cells", "v3", "")),
        ("cells@3", ("cells", "v3", "")),
        ("blood/cells@production", ("cells", "production", "blood")),
        ("cells@latest", ("cells", "latest", "")),
    ],
)
def test_names_of_versions(text: str, parts: tuple[str, str, str]) -> None:
    name = parse_name(text)
    assert (name.dataset, name.version, name.project) == parts


@pytest.mark.parametrize("text", ["", "@v1", "a/b/c", "cells@", "cells@@v1"])
def test_names_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(motherlode.BadInput, match="dataset@v3"):
        parse_name(text)


# disks that do not take a byte

READ_ONLY = (
    'mount -t tmpfs none "$1" && cp -a "$2/." "$1" && mount -o remount,ro "$1"'
    ' && ! touch "$1/x" 2>/dev/null && shift 2 && exec "$@"'
)
SMALL = 'mount -t tmpfs -o size=256k none "$1" && shift && exec "$@"'
LOAD = """
import sys, motherlode
samples = motherlode.load("cells", split=sys.argv[1])
print([(sample.path, sample.file.read_bytes()) for sample in samples])
"""
FILL = """
import sys
from hashlib import md5, sha256
from pathlib import Path
import motherlode
from motherlode.cache import Blob, Cache
from motherlode.manifest import Row
cache = Cache(Path(sys.argv[1]))
for size in (300_000, 1_000_000):
    data = bytes(size)
    row = Row("items/a", md5(data).hexdigest(), sha256(data).hexdigest(), size)
    blob = Blob(cache, row)
    try:
        for start in range(0, size, 50_000):
            blob.write(data[start : start + 50_000])
        blob.finish()
    except motherlode.DiskFull as error:
        print(error)
    finally:
        blob.abandon()
    print([str(path) for path in cache.root.rglob("*") if path.is_file()])
"""


def apart(script: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program where it may mount a disk of its own."""
    program = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", *words]
    may = ["unshare", "--map-root-user", "--mount", "true"]
    if shutil.which("unshare") is None or subprocess.run(may, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a disk of their own (unshare --map-root-user --mount)")
    return subprocess.run(program, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)


def load_read_only(cache: Cache, split: str) -> subprocess.CompletedProcess[str]:
    """Loads a split from a copy of the cache on a disk that is mounted read only."""
    mounted = cache.root.with_name("mounted")
    mounted.mkdir(exist_ok=True)
    words = (str(mounted), str(cache.root), sys.executable, "-c", LOAD, split)
    return apart(READ_ONLY, *words, MOTHERLODE_CACHE=str(mounted))


def test_what_is_whole_in_a_read_only_cache_is_read(pin: Pin, cache: Cache) -> None:
    motherlode.load("cells", split="train")
    done = load_read_only(cache, "train")
    assert (done.returncode, done.stdout) == (0, "[('a/one.png', b'one'), ('b.png', b'two')]\n"), done.stderr


def test_what_a_read_only_cache_lacks_is_named(pin: Pin, cache: Cache) -> None:
    motherlode.load("cells", split="train")
    done = load_read_only(cache, "val")
    assert "NotConfigured" in done.stderr and "cannot be written (Read-only file system)" in done.stderr
    (gone,) = cache.root.glob("trees/*/train/b.png")
    gone.unlink()
    done = load_read_only(cache, "train")
    assert "NotVerified" in done.stderr and "b.png is gone" in done.stderr and "read only" in done.stderr


def test_a_full_disk_is_said_in_words_and_keeps_no_part(machine: Path) -> None:
    small = machine / "small"
    small.mkdir()
    done = apart(SMALL, str(small), sys.executable, "-c", FILL, str(small))
    assert done.returncode == 0, done.stderr
    said, left, again, nothing = done.stdout.splitlines()
    assert "is full: free some space there" in said and "is full" in again
    assert left == nothing == "[]"
