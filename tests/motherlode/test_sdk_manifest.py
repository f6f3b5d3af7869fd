"""Canonical bytes, shards and digests."""

import hashlib
import json

import pytest

from motherlode import manifest
from motherlode.manifest import Row
from motherlode.regions import Region, dump

pytestmark = pytest.mark.once

PATHS = ["items/a.jpg", "items/b \u00f6.jpg", "items/z\U0001f600.jpg", "items/\u00e9.jpg", 'items/"q".jpg']
ROWS = [Row(path, f"{n:032x}", f"{n:064x}", n) for n, path in enumerate(sorted(PATHS))]


def test_the_directory_object_is_byte_for_byte_what_dvc_writes() -> None:
    rows = sorted(({"md5": row.md5, "relpath": row.path} for row in ROWS), key=lambda row: row["relpath"])
    raw = json.dumps(rows, sort_keys=True).encode()
    assert manifest.dir_bytes(ROWS) == raw
    assert b"".join(manifest.dir_pieces(ROWS, entries=2)) == raw
    assert b"".join(manifest.dir_pieces(ROWS, entries=len(ROWS))) == raw
    assert manifest.dir_oid(manifest.dir_pieces(ROWS)) == hashlib.md5(raw).hexdigest() + ".dir"
    assert manifest.dir_bytes([]) == b"[]"


def test_the_directory_object_has_the_name_dvc_gives_it() -> None:
    tree_module = pytest.importorskip("dvc_data.hashfile.tree")
    from dvc_data.hashfile.hash_info import HashInfo
    from dvc_data.hashfile.meta import Meta

    tree = tree_module.Tree()
    for row in ROWS:
        tree.add(tuple(row.path.split("/")), Meta(size=row.size), HashInfo("md5", row.md5))
    tree.digest()
    assert tree.as_bytes() == manifest.dir_bytes(ROWS)
    assert tree.oid == manifest.dir_oid(manifest.dir_pieces(ROWS))


def test_the_digest_is_the_sha256_of_the_manifest_and_of_nothing_else() -> None:
    raw = b"".join(manifest.manifest_pieces(ROWS, lines=2))
    assert raw == "".join(map(manifest.manifest_line, ROWS)).encode()
    assert manifest.digest_of([raw]) == "sha256:" + hashlib.sha256(raw).hexdigest()
    assert manifest.digest_of(manifest.manifest_pieces(ROWS)) == manifest.digest_of([raw])
    assert manifest.read_manifest(raw) == ROWS


def test_unsorted_or_doubled_rows_make_no_manifest() -> None:
    for rows in ([ROWS[1], ROWS[0]], [ROWS[0], ROWS[0]]):
        with pytest.raises(manifest.BadManifest, match="sorted"):
            list(manifest.manifest_pieces(rows))


def test_a_label_line_is_canonical_json() -> None:
    regions = [Region("r", "box", 1, "RBC", (1, 2, 3.5, 4))]
    line = manifest.label_line('a"\u00f6.jpg', "train", 640, 480, dump(regions))
    row = {
        "path": 'a"\u00f6.jpg',
        "split": "train",
        "width": 640,
        "height": 480,
        "regions": [region.as_json() for region in regions],
    }
    assert line == manifest.canonical(row) + "\n"


@pytest.mark.parametrize("path", ["a.jpg", 'q".jpg', "\u00f6\\.jpg", '"path":"x"'])
def test_the_path_of_a_line_is_found_without_reading_the_rest(path: str) -> None:
    line = manifest.label_line(path, "train", 640, 480, dump([Region("path", "box", 1, "", (1, 2, 3, 4))]))
    assert manifest.path_of(line.encode()) == path
    assert manifest.path_of(manifest.split_line(path, "val").encode()) == path


def test_unlabelled_and_nothing_here_are_told_apart() -> None:
    shard = manifest.label_lines([("a", "train", 1, 2, "[]"), ("b", "pool", 1, 2, None)])
    assert [line.regions for line in manifest.read_label_lines(shard.data)] == [[], None]
    assert shard.row("labels/x").size == len(shard.data)


def test_shards_hold_a_thousand_items_and_are_ranges_of_the_hash() -> None:
    assert [manifest.shard_bits(n) for n in (0, 1, 1024, 1025, 2048, 2049, 50_000)] == [0, 0, 0, 1, 1, 2, 6]
    for bits in (0, 1, 6):
        for number in range(200):
            path = f"a/{number}.jpg"
            shard = manifest.shard_of(path, bits)
            low, high = manifest.shard_bounds(shard, bits)
            assert low <= manifest.path_hash(path) < high <= 2**31
    sizes = [0] * 64
    for number in range(50_000):
        sizes[manifest.shard_of(f"images/{number:06}.jpg", 6)] += 1
    assert max(sizes) < 1024


def test_growth_within_a_power_of_two_moves_no_item_between_shards() -> None:
    assert manifest.shard_bits(1025) == manifest.shard_bits(2048)
    assert manifest.shard_file(3, 4) == "labels/0003-of-0010.jsonl"


def test_schema_bytes_depend_on_names_and_ids_alone() -> None:
    one = manifest.schema_bytes("cells", "<View/>", [{"id": 2, "name": "b", "color": "red"}, {"id": 1, "name": "a"}])
    two = manifest.schema_bytes("cells", "<View/>", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
    assert one == two
    assert manifest.read_schema(one.data) == ("<View/>", {1: "a", 2: "b"})


@pytest.mark.parametrize(
    "raw", [b"not json\n", b"[1]\n", b'{"path":"a"}\n', b'{"path":"a","md5":"","sha256":"","size":"x"}']
)
def test_a_manifest_that_is_none_is_refused_by_line(raw: bytes) -> None:
    with pytest.raises(manifest.BadManifest, match="line 1"):
        manifest.read_manifest(raw)


def test_split_lines_come_back() -> None:
    raw = (manifest.split_line("a", "train") + manifest.split_line("b", manifest.POOL)).encode()
    assert [(line.path, line.split) for line in manifest.read_split_lines(raw)] == [("a", "train"), ("b", "pool")]
