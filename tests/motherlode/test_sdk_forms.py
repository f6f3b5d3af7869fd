"""Format 1 on a training machine: every link from the lock to a label is checked, and named where it fails.

The server here is a few lines of its own (`Door`), so that what is published is exactly what a test writes.
"""

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

import motherlode
from motherlode import Client, layers, manifest, published
from motherlode.cache import Cache
from motherlode.convert import convert_version
from motherlode.forms.layered import Layered
from motherlode.lock import LOCK_FILE, Pin, read_lock, write_lock
from motherlode.relations import Relation
from motherlode.snapshots import Snapshot

pytestmark = pytest.mark.once

IMAGE = '{"height":20,"kind":"image","width":10}'
CONFIG = (
    '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="RBC"/>'
    '<Label value="WBC"/></RectangleLabels><Choices name="blurred" toName="image"><Choice value="yes"/></Choices>'
    "</View>"
)
CLASSES: list[dict[str, Any]] = [
    {"id": 1, "name": "RBC", "control": "label"},
    {"id": 2, "name": "WBC", "control": "label"},
    {"id": 3, "name": "yes", "control": "blurred"},
]
BOX = {"class_id": 1, "control": "label", "geometry": [1.0, 2.0, 3.5, 4.0], "id": "r1", "kind": "box"}
ODD = {**BOX, "id": "r2", "attributes": {"kind": "box", "path": "x"}}
YES = {"class_id": 3, "control": "blurred", "id": "a1", "kind": "choice"}
CUBOID = {"class_id": 2, "control": "room", "geometry": {"path": "x", "size": [1, 2, 3]}, "id": "c1", "kind": "cuboid"}
WORD = {"control": "caption", "id": "t1", "kind": "words", "value": {"path": "not this one", "text": "two cells"}}


@dataclass
class Item:
    """One item as a test wants it; ``labels`` are (answers, regions, relations), None for unlabelled."""

    data: bytes
    split: str = "train"
    labels: tuple[list[Any], list[Any], list[Any]] | None = ([], [], [])


def start() -> dict[str, Item]:
    return {
        "a/one.png": Item(b"one", labels=([YES], [BOX], [])),
        'b "q" \u00f6.png': Item(b"two"),
        "c.png": Item(b"three", "val", ([], [BOX, ODD], [])),
        "d.png": Item(b"four", "pool", None),
    }


Sets = dict[str, dict[str, bytes]]


@dataclass
class Door:
    """A server that publishes in format 1 and answers as the real one does; counts what it was asked for."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    indices: dict[int, bytes] = field(default_factory=dict)
    stacks: dict[str, layers.Stack] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    before: Sets = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def publish(self, version: int, items: dict[str, Item], number: int = 1, more: dict[str, Any] | None = None) -> Pin:
        sets: Sets = {"manifest": {}, "labels": {}, "splits": {}}
        for path, item in sorted(items.items()):
            texts = item.labels and tuple(map(manifest.canonical, item.labels))
            sets["manifest"][path] = published.manifest_line(path, self.keep(item.data), sha(item.data), len(item.data))
            sets["labels"][path] = published.label_line(path, IMAGE, texts)  # type: ignore[arg-type]
            sets["splits"][path] = published.split_line(path, item.split)
        schema = published.schema_file("cells", CONFIG, CLASSES, more)
        if number != published.FORMAT:
            schema = (manifest.canonical({**json.loads(schema), "format": number}) + "\n").encode()
        for name, lines in sets.items():
            self._write(version, name, lines)
        self.before = sets
        self.files["schema.json"] = schema
        rows, labels, splits = (published.root_of(sets[name].items()) for name in ("manifest", "labels", "splits"))
        roots = published.Roots(rows, labels, splits, sha256(schema).digest())
        return self.pin(version, published.content_digest(roots, number), {item.split for item in items.values()})

    def _write(self, version: int, name: str, lines: dict[str, bytes]) -> None:
        """The set's new files, as the rules of ``layers`` say."""
        before = self.before.get(name, {})
        changed = {path: line for path, line in lines.items() if before.get(path) != line}
        changed |= {path: layers.removal(path) for path in before.keys() - lines.keys()}
        plan = layers.plan(self.stacks.get(name), version, len(changed), len(lines))
        assert plan.base or plan.is_empty or plan.first == version  # no test here merges layers
        written = lines if plan.base else changed
        stack = self.stacks[name] = plan.after(self.stacks.get(name), len(written))
        if plan.base:
            self.files[f"{name}/{layers.base_file(version, 0)}"] = b"".join(layers.base_pieces(lines.values()))
        elif not plan.is_empty:
            rows = b"".join(changed[path] + b"\n" for path in sorted(changed))
            self.files[f"{name}/{layers.file_of(stack.layers[-1])}"] = rows

    def keep(self, data: bytes) -> str:
        name = md5(data, usedforsecurity=False).hexdigest()
        self.blobs[name] = data
        return name

    def pin(self, version: int, digest: str, splits: set[str]) -> Pin:
        """The pin of what ``files`` hold now."""
        rows = [published.manifest_line(path, self.keep(data), sha(data), len(data)) + b"\n"
                for path, data in sorted(self.files.items())]  # fmt: skip
        self.indices[version] = b"".join(rows)
        index = f"sha256:{sha(self.indices[version])}"
        return Pin("https://host", "blood", "cells", version, digest, "", "c" * 40, 1, dict.fromkeys(splits, 1), index)

    def client(self) -> Client:
        transport = httpx.MockTransport(self.answer)
        return Client("https://host", "t", project="blood", transport=transport, workers=1)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path.endswith("/manifest"):
            return httpx.Response(200, content=self.indices[int(request.url.path.split("/")[-2])])
        assert request.url.path == "/dvc/blood/cells/pack"
        oids = json.loads(request.content)["oids"]
        self.sent += oids
        pieces = [f"{oid} {len(self.blobs[oid])}\n".encode() + self.blobs[oid] for oid in oids]
        return httpx.Response(200, content=self.packed(pieces))

    @staticmethod
    def packed(pieces: list[bytes]) -> bytes:
        """A pack of what was asked for, as the server sends it."""
        return b"".join(pieces)


def sha(data: bytes) -> str:
    return sha256(data).hexdigest()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def open_(door: Door, cache: Cache) -> Callable[[Pin], Snapshot]:
    """The snapshot of a pin, as a new process sees it."""
    return lambda pin: Snapshot(pin, Cache(cache.root), door.client)


Open = Callable[[Pin], Snapshot]


def samples(snapshot: Snapshot, split: str | None = None) -> motherlode.Samples:
    return motherlode.Samples(snapshot, split)


def said(snapshot: Snapshot) -> dict[str, list[str]]:
    return {sample.path: [region.id for region in sample.labels] for sample in samples(snapshot)}


# reading


def test_a_version_of_format_1_is_read_as_others_are(door: Door, open_: Open) -> None:
    pin = door.publish(1, start())
    one, two = train = samples(open_(pin), "train")
    assert (one.path, one.width, one.height, one.labelled, one.split) == ("a/one.png", 10, 20, True, "train")
    assert (one.file.read_bytes(), two.path, two.file.read_bytes()) == (b"one", 'b "q" \u00f6.png', b"two")
    assert (one.labels.names, one.labels.class_ids, len(one.labels)) == (["RBC", "yes"], [1, 3], 2)
    assert one.labels.boxes == [[1.0, 2.0, 3.5, 4.0]]
    assert [(region.kind, region.control) for region in one.labels] == [("box", "label"), ("choice", "blurred")]
    assert (len(two.labels), two.labelled) == (0, True)
    [value] = samples(open_(pin), "val")
    assert (len(value.labels), value.labels[1].attributes) == (2, {"kind": "box", "path": "x"})
    [pool] = samples(open_(pin), "pool")
    assert (pool.labelled, len(pool.labels), pool.split) == (False, 0, "pool")
    assert train.by_path("a/one.png") == one and train.names_of("blurred") == ["yes"]
    assert [sample.path for sample in samples(open_(pin))] == sorted(start())
    assert pickle.loads(pickle.dumps(train))[0] == one == pickle.loads(pickle.dumps(one))


def test_files_that_a_pack_leaves_out_or_cuts_short_are_asked_for_again(door: Door, open_: Open) -> None:
    pin = door.publish(1, start())
    door.packed = lambda pieces: pieces[0] + b"".join(pieces[1:2])[:-1]  # type: ignore[method-assign]
    assert [sample.file.read_bytes() for sample in samples(open_(pin), "train")] == [b"one", b"two"]
    assert len(set(door.sent)) == len(door.blobs) - 2 < len(door.sent)


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        (b"", "is empty; asked for were 4 files"),
        (b"f" * 32 + b" 3\none", "holds b'ffff"),
        (b"<html>\n", "holds b'<html>"),
    ],
)
def test_a_pack_of_other_things_than_were_asked_for_is_refused(
    door: Door, open_: Open, pack: bytes, words: str
) -> None:
    pin = door.publish(1, start())
    door.packed = lambda pieces: pack  # type: ignore[method-assign]
    with pytest.raises(motherlode.ServerFault, match=words):
        samples(open_(pin), "train")


@pytest.mark.parametrize(
    ("answers", "regions", "relations"),
    [
        ([], [BOX, {**BOX, "id": "r2", "geometry": [1e-7, 2.5e20, 3.0, 4.0]}], []),
        ([YES], [BOX], []),
        ([], [BOX, {**BOX, "id": "r2", "kind": "rotated_box", "geometry": [30.0, 20.0, 10.0, 4.0, 30.0]}], []),
        ([YES], [], []),
        ([], [BOX, ODD], []),
        ([], [BOX, CUBOID, {**CUBOID, "geometry": [1.0, 2.0, 3.0, 4.0]}], []),
        ([WORD], [{**BOX, "kind": "polygon", "geometry": [[[[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]]]}, BOX], []),
        ([], [BOX], [{"class_id": 2, "from": "r1", "id": "l1", "kind": "box", "to": "r1"}]),
        ([], [BOX], [{"from": "r1", "geometry": [1.0, 2.0], "id": "l1", "to": "r1"}]),
    ],
)
def test_columns_of_labels_are_those_of_the_regions(
    door: Door, open_: Open, answers: list[Any], regions: list[Any], relations: list[Any]
) -> None:
    [sample] = samples(open_(door.publish(1, {"x.png": Item(b"x", labels=(answers, regions, relations))})))
    labels = sample.labels
    found = (len(labels), labels.boxes, labels.class_ids, labels.names)
    parsed = list(labels)
    assert found == (
        len(parsed),
        [list(region.box) for region in parsed if region.box],
        [region.class_id for region in parsed],
        [region.label for region in parsed],
    )
    assert found == (len(labels), labels.boxes, labels.class_ids, labels.names)


def test_a_second_look_asks_no_server_and_parses_nothing(
    door: Door, open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = door.publish(1, start())
    first = list(samples(open_(pin)))
    asked = len(door.asked)
    monkeypatch.setattr(Snapshot, "sets", property(lambda self: pytest.fail("the files were parsed again")))
    assert list(samples(open_(pin))) == first
    assert len(door.asked) == asked


def test_kinds_and_fields_that_nobody_knows_here_are_kept_and_passed_on(
    door: Door, open_: Open, tmp_path: Path
) -> None:
    known = {**BOX, "confidence": 0.5}
    link = {"from": "r1", "id": "l1", "to": "c1"}
    pin = door.publish(1, {"x.png": Item(b"x", labels=([WORD], [CUBOID, known], [link])), "y.png": Item(b"y")})
    [sample, other] = samples(open_(pin))
    assert len(sample.labels) == 1 and sample.labels.boxes == [[1.0, 2.0, 3.5, 4.0]]
    assert sample.labels.unknown == [CUBOID, WORD]
    assert sample.relations == sample.labels.relations == [Relation("l1", "r1", "c1")]
    assert (other.labels.unknown, sample.width, sample.labels[0].more) == ([], 10, {"confidence": 0.5})
    assert pickle.loads(pickle.dumps(sample.labels)) == sample.labels
    copied = dict(open_(pin).other_files())
    assert b'"cuboid"' in copied["labels/v000001-base-00000.jsonl"]
    notes = [row["what"] for row in convert_version(samples(open_(pin)), tmp_path / "out", "coco").problems]
    assert any("1 labels of kind 'cuboid'" in what for what in notes)
    assert any("1 labels of kind 'words'" in what for what in notes)
    assert any("1 relation between regions was not written: COCO files cannot hold" in what for what in notes)


def test_what_is_said_of_a_text_is_counted_without_its_own_kind() -> None:
    medium = '{"characters":5,"encoding":"utf-8","kind":"text"}'
    caption = {"control": "caption", "id": "t2", "kind": "text", "value": "two cells"}
    said: list[list[Any]] = [[], [WORD], [caption], [WORD, caption]]
    for answers, count in zip(said, (0, 0, 1, 1), strict=True):
        line = published.label_line("x.txt", medium, (manifest.canonical(answers), "[]", "[]"))
        assert (Layered().count(line, "x"), len(Layered().said(line, "x").rows or ())) == (count, count)


def test_a_version_of_a_later_format_is_read_for_what_is_known(
    door: Door, open_: Open, caplog: pytest.LogCaptureFixture
) -> None:
    pin = door.publish(1, start(), number=2, more={"lenses": ["wide"]})
    one = samples(open_(pin), "train")[0]
    assert (one.labels.names, one.width) == (["RBC", "yes"], 10)
    assert "cells@v1 was published in format 2" in caplog.text
    with pytest.raises(published.TooNew, match="cells@v1 was published in format 2"):
        published.refuse_newer(open_(pin).read("schema.json"), pin.name)


# by change


def test_the_next_version_brings_only_what_is_new(door: Door, open_: Open) -> None:
    items = start()
    first = open_(door.publish(1, items))
    first.fetch()
    items["a/one.png"] = replace(items["a/one.png"], labels=([], [{**BOX, "id": "r9"}], []))
    items["e.png"] = Item(b"five", "val")
    del items["c.png"]
    pin = door.publish(2, items)
    door.sent.clear()
    second = open_(pin)
    second.fetch()
    layer = "v000002.jsonl"
    new = [door.files[f"{name}/{layer}"] for name in ("labels", "manifest", "splits")] + [b"five"]
    assert sorted(door.sent) == sorted(md5(data, usedforsecurity=False).hexdigest() for data in new)
    assert said(second) == {"a/one.png": ["r9"], 'b "q" \u00f6.png': [], "d.png": [], "e.png": []}
    assert said(first)["a/one.png"] == ["r1", "a1"] and "c.png" in said(first)


# each link of the chain


def tampered(door: Door, version: int, path: str, change: Callable[[bytes], bytes], pin: Pin) -> Pin:
    """The same digest over other files, with an index that fits them: what a forger of the server would make."""
    door.files[path] = change(door.files[path])
    return replace(door.pin(version, pin.digest, set(pin.splits)), splits=pin.splits)


def spoil(path: Path) -> None:
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])


BASES = [f"{name}/v000001-base-00000.jsonl" for name in ("labels", "manifest", "splits")]


def test_an_index_that_is_not_the_locks_is_refused(door: Door, open_: Open) -> None:
    pin = door.publish(1, start())
    door.indices[1] += b'{"md5":"%b","path":"z","sha256":"%b","size":0}\n' % (b"0" * 32, b"0" * 64)
    with pytest.raises(motherlode.NotVerified, match="not what was pinned.*\n.*index"):
        samples(open_(pin))


@pytest.mark.parametrize("path", [*BASES, "schema.json"])
def test_a_file_that_is_not_the_indexs_is_refused(door: Door, open_: Open, path: str) -> None:
    pin = door.publish(1, start())
    name = md5(door.files[path], usedforsecurity=False).hexdigest()
    door.blobs[name] = door.files[path].replace(b"c", b"d", 1)
    with pytest.raises(motherlode.NotVerified, match=path):
        samples(open_(pin))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (BASES[0], b"3.5", b"3.6"),
        (BASES[0], b'"id":"r1"', b'"id":"rx"'),
        (BASES[1], sha(b"one").encode(), sha(b"0ne").encode()),
        (BASES[2], b'"split":"val"', b'"split":"train"'),
        ("schema.json", b'"RBC"', b'"RCB"'),
    ],
)
def test_a_forged_line_whose_index_fits_is_not_the_digests(
    door: Door, open_: Open, path: str, old: bytes, new: bytes
) -> None:
    pin = door.publish(1, start())
    forged = tampered(door, 1, path, lambda data: data.replace(old, new, 1), pin)
    assert forged.index != pin.index
    with pytest.raises(motherlode.NotVerified, match="other content than its digest"):
        samples(open_(forged))


def test_a_line_that_is_lacking_or_leads_out_of_the_folder_is_named(door: Door, open_: Open) -> None:
    pin = door.publish(1, start())
    lacking = tampered(door, 1, BASES[2], lambda data: data.replace(b'{"path":"c.png","split":"val"}\n', b""), pin)
    with pytest.raises(motherlode.BadInput, match=r"'c.png' has a line in manifest/ and none in splits/"):
        samples(open_(lacking))
    pin = Door.publish(door := Door(), 1, {"../../x.png": Item(b"x")})
    with pytest.raises(motherlode.BadInput, match=r"'\.\./\.\./x\.png': has a part '\.\.'"):
        samples(Snapshot(pin, Cache(Path("other")), door.client))


def test_an_item_that_is_not_its_lines_is_refused(door: Door, open_: Open) -> None:
    pin = door.publish(1, start())
    door.blobs[md5(b"one", usedforsecurity=False).hexdigest()] = b"0ne"
    with pytest.raises(motherlode.NotVerified, match=r"a/one\.png"):
        samples(open_(pin))


@pytest.mark.parametrize("path", [*BASES, "schema.json"])
def test_a_file_changed_in_the_cache_is_named_and_repaired(door: Door, open_: Open, cache: Cache, path: str) -> None:
    pin = door.publish(1, start())
    samples(open_(pin))
    spoil(cache.blob(md5(door.files[path], usedforsecurity=False).hexdigest()))
    with pytest.raises(motherlode.NotVerified, match=path):
        samples(open_(pin))
    assert [mismatch.path for mismatch in open_(pin).verify()] == [path]
    open_(pin).fetch(repair=True)
    assert open_(pin).verify() == [] and len(samples(open_(pin))) == 4


def test_columns_that_were_changed_are_made_again(door: Door, open_: Open, cache: Cache) -> None:
    pin = door.publish(1, start())
    first = said(open_(pin))
    [kept] = (cache.root / "manifests").glob("*.columns")
    kept.write_bytes(kept.read_bytes().replace(b"a/one.png", b"a/two.png"))
    assert said(open_(pin)) == first


# the lock and what trackers get


def test_the_lock_holds_both_digests_and_no_dir(door: Door) -> None:
    pin = door.publish(1, start())
    write_lock(Path(LOCK_FILE), {"cells": pin})
    text = Path(LOCK_FILE).read_text()
    assert f'digest = "{pin.digest}"\n' in text and f'index = "{pin.index}"\n' in text and "dir =" not in text
    assert read_lock(Path(LOCK_FILE)) == {"cells": pin}
    assert pin.short_digest == pin.digest.removeprefix("sha256m1:")[:32]
