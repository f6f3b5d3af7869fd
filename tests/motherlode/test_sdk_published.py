"""The published form, format 1: canonical lines, their root, and how they are stored by change."""

import hashlib
import io
import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motherlode import layers, merkle, published
from motherlode.layers import Plan, Stack

pytestmark = pytest.mark.once

IMAGE = '{"height":480,"kind":"image","width":640}'
BOX = '{"class_id":1,"control":"label","geometry":[1.0,2.0,3.5,4.0],"id":"r1","kind":"box"}'
YES = '{"class_id":4,"control":"damaged","id":"a1","kind":"choice"}'
LINK = '{"from":"r1","id":"l1","to":"r2"}'
SCHEMA = [{"id": 2, "name": "white", "control": "label"}, {"id": 1, "name": "red", "control": "label"}]


# -- lines and digest --------------------------------------------------------------------------------------------------


def test_the_bytes_of_format_1_stay_what_they_are() -> None:
    other = BOX.replace('"r1"', '"r2"')
    line = published.label_line('a "q" ö.jpg', IMAGE, (f"[{YES}]", f"[{BOX},{other}]", f"[{LINK}]"))
    assert line.decode() == (
        '{"answers":[{"class_id":4,"control":"damaged","id":"a1","kind":"choice"}],'
        '"media":{"height":480,"kind":"image","width":640},"path":"a \\"q\\" ö.jpg",'
        '"regions":[{"class_id":1,"control":"label","geometry":[1.0,2.0,3.5,4.0],"id":"r1","kind":"box"},'
        '{"class_id":1,"control":"label","geometry":[1.0,2.0,3.5,4.0],"id":"r2","kind":"box"}],'
        '"relations":[{"from":"r1","id":"l1","to":"r2"}]}'
    )
    unlabelled = published.label_line("b.jpg", IMAGE, None)
    assert unlabelled == (
        b'{"answers":null,"media":{"height":480,"kind":"image","width":640},"path":"b.jpg",'
        b'"regions":null,"relations":null}'
    )
    items = published.manifest_line("b.jpg", "0" * 32, "1" * 64, 7)
    assert items.decode() == f'{{"md5":"{"0" * 32}","path":"b.jpg","sha256":"{"1" * 64}","size":7}}'
    split = published.split_line("b.jpg", "pool")
    assert split == b'{"path":"b.jpg","split":"pool"}'
    schema = published.schema_file("cells", "<View/>", SCHEMA)
    assert schema.decode() == (
        '{"classes":[{"control":"label","id":1,"name":"red"},{"control":"label","id":2,"name":"white"}],'
        '"config":"<View/>","format":1,"schema":"cells"}\n'
    )
    roots = published.Roots(
        manifest=published.root_of([("b.jpg", items)]),
        labels=published.root_of([('a "q" ö.jpg', line), ("b.jpg", unlabelled)]),
        splits=published.root_of([("b.jpg", split)]),
        schema=hashlib.sha256(schema).digest(),
    )
    assert published.content_digest(roots) == GOLDEN


GOLDEN = "sha256m1:a32374ad84d8c4422aea724f6c81f03143dd070bb2f3f49323b7194f8d7b060c"


@pytest.mark.parametrize(
    "line",
    [published.label_line("ä.jpg", IMAGE, (f"[{YES}]", f"[{BOX}]", "[]")), published.label_line("b", IMAGE, None)],
)
def test_a_line_read_and_written_again_is_the_same_bytes(line: bytes) -> None:
    read = published.read_label_line(line)
    assert read.line() == line
    assert read.labelled == (b"null" not in line)


def test_what_a_reader_does_not_know_is_carried_along() -> None:
    row = {
        "answers": [{"id": "a", "kind": "ranking", "control": "order", "value": [3, 1, 2]}],
        "media": {"kind": "volume", "spacing": [0.5, 0.5, 2.0]},
        "path": "scan.nii",
        "regions": [{"id": "r", "kind": "mesh", "control": "organ", "class_id": 9, "blob": "sha256:00"}],
        "relations": [],
        "sealed": {"salt": "s"},
    }
    line = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    read = published.read_label_line(line)
    assert read.more == {"sealed": {"salt": "s"}} and read.line() == line
    more = {"languages": ["en"]}
    assert json.loads(published.schema_file("s", "<View/>", SCHEMA, more))["languages"] == ["en"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not a label line"),
        (b"[]", "not a label line"),
        (b'{"path":"a"}', "not a label line"),
        (b'{"answers":[],"media":{},"path":"a","regions":[],"relations":[]}', "media block with its kind"),
        (b'{"answers":[],"media":{"kind":"image"},"path":"a","regions":null,"relations":[]}', "unlabelled in others"),
        (b'{"answers":[],"media":{"kind":"image"},"path":"a","regions":[1],"relations":[]}', "not a list of objects"),
    ],
)
def test_a_line_that_is_none_is_named(line: bytes, why: str) -> None:
    with pytest.raises(published.BadLine, match=f"labels/v000002.jsonl, line 3: .*{why}"):
        published.read_label_line(line, "labels/v000002.jsonl, line 3")


def test_sets_made_apart_are_compared_without_their_ids() -> None:
    one = published.label_line("a", IMAGE, (f"[{YES}]", f"[{BOX},{BOX.replace('r1', 'r2')}]", f"[{LINK}]"))
    other = one.replace(b'"r1"', b'"x"').replace(b'"r2"', b'"y"').replace(b'"a1"', b'"z"').replace(b'"l1"', b'"q"')
    assert one != other and published.without_ids(one) == published.without_ids(other)
    turned = one.replace(b'"from":"r1"', b'"from":"r2"')
    assert published.without_ids(turned) != published.without_ids(one)
    unlabelled = published.label_line("a", IMAGE, None)
    assert published.without_ids(unlabelled) == unlabelled


def test_a_form_of_the_future_is_not_written() -> None:
    published.refuse_newer(published.schema_file("s", "<View/>", SCHEMA), "cells@v3")
    published.refuse_newer(b'{"classes":[],"config":"<View/>","schema":"s"}', "cells@v1")
    with pytest.raises(published.TooNew, match="cells@v3 was published in format 2.*upgrade"):
        published.refuse_newer(b'{"format":2}', "cells@v3")


# -- the root ----------------------------------------------------------------------------------------------------------


def by_the_book(leaves: dict[bytes, bytes], bits: str = "") -> bytes:
    """The tree as its docstring says it, by strings of bits and without any cleverness."""
    mine = {place: leaf for place, leaf in leaves.items() if f"{int.from_bytes(place):0256b}".startswith(bits)}
    if len(mine) <= 16:
        return hashlib.sha256(b"\x00" + b"".join(mine[place] for place in sorted(mine))).digest()
    children = b"\x01"
    for number in range(16):
        below = bits + f"{number:04b}"
        there = any(f"{int.from_bytes(place):0256b}".startswith(below) for place in mine)
        children += by_the_book(mine, below) if there else bytes(32)
    return hashlib.sha256(children).digest()


@pytest.mark.parametrize("count", [0, 1, 16, 17, 200, 3000])
def test_the_root_is_what_its_definition_says_in_whatever_order(count: int) -> None:
    lines = [(f"images/{number:05}.jpg", b'{"path":%d}' % number) for number in range(count)]
    leaves = {merkle.place_of(path): merkle.leaf_of(line) for path, line in lines}
    random.Random(count).shuffle(lines)
    assert published.root_of(lines) == by_the_book(leaves)


@settings(max_examples=50)
@given(st.dictionaries(st.text(min_size=1, max_size=6), st.binary(max_size=4), min_size=1, max_size=60), st.data())
def test_any_other_line_gives_another_root(rows: dict[str, bytes], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(rows)))
    root = published.root_of(rows.items())
    assert published.root_of({**rows, path: rows[path] + b"!"}.items()) != root
    assert published.root_of({key: line for key, line in rows.items() if key != path}.items()) != root
    assert published.root_of({**rows, path + "?": b"new"}.items()) != root


def test_places_that_share_their_first_bytes_are_told_apart() -> None:
    head = bytes(20)
    leaves = {head + bytes([number]) + bytes(11): merkle.leaf_of(b"%d" % number) for number in range(40)}
    assert merkle.root(leaves.items()) == by_the_book(leaves)


def test_a_path_that_stands_twice_has_no_root() -> None:
    with pytest.raises(ValueError, match="twice"):
        published.root_of([("a", b"1"), ("a", b"2")])


@pytest.mark.parametrize("leaves", [0, 1, 3])
def test_a_set_with_another_number_of_leaves_than_places_has_no_root(leaves: int) -> None:
    places = [merkle.place_of(name) for name in ("a", "b")]
    with pytest.raises(ValueError, match=f"{leaves} leaves of 2 places"):
        merkle.roots(places, [[merkle.leaf_of(b"1")] * leaves])


# -- trees that are kept -----------------------------------------------------------------------------------------------

LEAVES = st.one_of(st.none(), st.tuples(st.integers(0, 2), st.integers(0, 2)))
CHANGES = st.lists(st.dictionaries(st.integers(0, 60), LEAVES, max_size=40), max_size=4)


def leaves_of(values: tuple[int, int]) -> merkle.Leaves:
    return tuple(merkle.leaf_of(b"%d" % value) for value in values)


def roots_of(held: dict[int, tuple[int, int]]) -> tuple[bytes, ...]:
    rows = [(merkle.place_of(str(key)), leaves_of(values)) for key, values in held.items()]
    return tuple(merkle.root((place, leaves[of]) for place, leaves in rows) for of in range(2))


@settings(max_examples=60)
@given(st.dictionaries(st.integers(0, 60), LEAVES.filter(bool), max_size=60), CHANGES, st.sampled_from([0, 300, 5000]))
def test_trees_that_are_kept_have_the_roots_of_their_leaves(
    first: dict[int, tuple[int, int]], rounds: list[dict[int, tuple[int, int] | None]], expected: int
) -> None:
    held = dict(first)
    rows = [(merkle.place_of(str(key)), leaves_of(values)) for key, values in held.items()]
    trees = merkle.Trees.build(2, rows, expected)
    whole, changes = b"".join(trees.dump()), []
    assert trees.roots == roots_of(held)
    for round_ in rounds:
        trees.update({merkle.place_of(str(key)): values and leaves_of(values) for key, values in round_.items()})
        held = {key: values for key, values in {**held, **round_}.items() if values}
        assert (trees.roots, len(trees)) == (roots_of(held), len(held))
        changes.append(trees.dump_changes())
    again = merkle.Trees.load(io.BytesIO(whole), changes)
    assert (again.roots, len(again), again.stale) == (trees.roots, len(trees), trees.stale)
    for key in range(61):
        assert again.get(merkle.place_of(str(key))) == (leaves_of(held[key]) if key in held else None)
    assert b"".join(again.dump()) == b"".join(trees.dump())


def test_many_leaves_in_kept_trees_have_the_root_of_the_definition() -> None:
    lines = {f"images/{number:05}.jpg": b"%d" % number for number in range(5000)}
    rows = [(merkle.place_of(path), (merkle.leaf_of(line),)) for path, line in lines.items()]
    trees = merkle.Trees.build(1, rows, len(rows))
    assert trees.depth == 2 and trees.roots == (published.root_of(lines.items()),)
    trees.update({merkle.place_of(path): None for path in list(lines)[20:]})
    assert trees.roots == (published.root_of(list(lines.items())[:20]),)


def test_bytes_that_are_not_trees_are_refused() -> None:
    trees = merkle.Trees.build(1, [(merkle.place_of("a"), (merkle.leaf_of(b"1"),))], 1)
    whole = b"".join(trees.dump())
    trees.update({merkle.place_of("b"): (merkle.leaf_of(b"2"),)})
    change = trees.dump_changes()
    for at in range(len(whole)):
        with pytest.raises(merkle.BadTrees):
            merkle.Trees.load(io.BytesIO(whole[:at]))
    for at in range(0, len(whole), 7):
        with pytest.raises(merkle.BadTrees):
            merkle.Trees.load(io.BytesIO(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]))
    for at in range(len(change)):
        with pytest.raises(merkle.BadTrees):
            merkle.Trees.load(io.BytesIO(whole), [change[:at]])
    with pytest.raises(ValueError, match="twice"):
        merkle.Trees.build(1, [(merkle.place_of("a"), (merkle.leaf_of(b"1"),))] * 2, 1)


def test_lines_taken_at_once_make_the_trees_of_their_leaves() -> None:
    lines = {f"{n}.jpg": (b"%d" % n, b"other %d" % n, b"same") for n in range(700)}
    gathered = merkle.Gathered(3, len(lines))
    for part in (list(lines)[:300], list(lines)[300:]):
        gathered.add_lines(part, zip(*(lines[path] for path in part), strict=True))
    leaves = [(merkle.place_of(path), tuple(map(merkle.leaf_of, row))) for path, row in lines.items()]
    roots = gathered.trees().roots
    assert roots == merkle.Trees.build(3, leaves, len(lines)).roots
    assert roots[1] == published.root_of((path, row[1]) for path, row in lines.items())


def test_labels_without_ids_have_a_digest_of_their_own() -> None:
    assert published.labels_digest(bytes(range(32))) == "sha256m1:" + bytes(range(32)).hex()


# -- stored by change --------------------------------------------------------------------------------------------------


class Dataset:
    """Versions of a set of lines, written as `layers` plans them: each version's files by name, and its lines."""

    def __init__(self) -> None:
        self.history: list[dict[str, bytes]] = [{}]
        self.stack: Stack | None = None
        self.files: dict[str, bytes] = {}
        self.written: list[int] = []

    def publish(self, lines: dict[str, bytes]) -> Plan:
        version = len(self.history)
        self.history.append(dict(lines))
        before = self.history[-2]
        changed = {path for path in before | lines if before.get(path) != lines.get(path)}
        plan = layers.plan(self.stack, version, len(changed), len(lines))
        rows: list[bytes] = []
        if plan.base:
            rows = [lines[path] for path in sorted(lines)]
            pieces = list(layers.base_pieces(rows))
            self.files |= {layers.base_file(version, at): piece for at, piece in enumerate(pieces)}
        elif not plan.is_empty:
            old = self.history[plan.first - 1]
            touched: set[str] = set()
            for number in range(plan.first, version + 1):
                was, now = self.history[number - 1], self.history[number]
                touched |= {path for path in was | now if was.get(path) != now.get(path)}
            rows = [lines.get(path, layers.removal(path)) for path in sorted(touched) if path in old | lines]
        self.stack = plan.after(self.stack, len(rows))
        if rows and not plan.base:
            self.files[layers.files_of(self.stack)[-1]] = b"".join(row + b"\n" for row in rows)
        self.written.append(len(rows))
        return plan

    def stored(self) -> dict[str, bytes]:
        assert self.stack is not None
        return {name: self.files[name] for name in layers.files_of(self.stack)}


def by_the_standard_library(folder: Path) -> dict[str, dict[str, object]]:
    """The reader that the README in git gives: nothing but a JSON reader."""
    rows = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line)
            rows[row["path"]] = row
    return {path: row for path, row in rows.items() if not row.get("removed")}


def line_of(path: str, value: int) -> bytes:
    return published.split_line(path, f"s{value}")


def check(dataset: Dataset, folder: Path) -> None:
    files = dataset.stored()
    assert list(files) == sorted(files)
    held = dataset.history[-1]
    lines = [[(json.loads(row)["path"], row) for row in data.splitlines()] for data in files.values()]
    assert layers.read(lines) == held
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert by_the_standard_library(folder) == {path: json.loads(line) for path, line in held.items()}
    for file in folder.glob("*.jsonl"):
        file.unlink()
    assert dataset.stack is not None
    assert Stack.from_json(json.loads(json.dumps(dataset.stack.as_json()))) == dataset.stack
    superseded = dataset.stack.lines - len(held)
    assert superseded <= max(layers.SLACK, dataset.stack.lines // 4)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), versions=st.integers(1, 30), share=st.sampled_from([0.01, 0.1, 0.5]))
def test_whatever_changed_the_files_read_as_the_version(
    seed: int, versions: int, share: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    dataset, lines = Dataset(), {f"ä{n}": line_of(f"ä{n}", 0) for n in range(rng.randint(0, 300))}
    folder = tmp_path_factory.mktemp("set")
    for version in range(versions):
        for path in [path for path in lines if rng.random() < share]:
            if rng.random() < 0.3:
                del lines[path]
            else:
                lines[path] = line_of(path, version)
        for number in range(rng.randint(0, 4)):
            lines[f"n{version}.{number}"] = line_of(f"n{version}.{number}", version)
        dataset.publish(lines)
    check(dataset, folder)


def test_small_changes_cost_little_and_leave_few_files(tmp_path: Path) -> None:
    lines = {f"{n:05}": line_of(f"{n:05}", 0) for n in range(1_000)}
    dataset, rng = Dataset(), random.Random(1)
    dataset.publish(lines)
    for version in range(2, 202):
        for path in rng.sample(sorted(lines), 4):
            lines[path] = line_of(path, version)
        dataset.publish(lines)
        assert dataset.stack is not None and len(dataset.stack.layers) <= 3 * (layers.FAN - 1)
    check(dataset, tmp_path)
    # 800 changed lines: each is written once for each of three ranks at most, and the base stays
    assert dataset.stack is not None and dataset.stack.base == 1
    assert sum(dataset.written[1:]) <= 3 * 800


def test_where_much_is_superseded_a_new_base_is_written(tmp_path: Path) -> None:
    lines = {f"{n:05}": line_of(f"{n:05}", 0) for n in range(5_000)}
    dataset = Dataset()
    dataset.publish(lines)
    assert [len(data.splitlines()) for data in dataset.stored().values()] == [4096, 904]
    plans = []
    for version in range(2, 8):
        for number in range(1_000 * (version - 2), 1_000 * (version - 1)):
            lines[f"{number % 5_000:05}"] = line_of(f"{number % 5_000:05}", version)
        plans.append(dataset.publish(lines).base)
    assert plans == [False, True, False, True, False, True]
    check(dataset, tmp_path)


def test_a_version_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    dataset = Dataset()
    dataset.publish({"a": line_of("a", 1)})
    before = dataset.stored()
    assert dataset.publish({"a": line_of("a", 1)}).is_empty
    assert dataset.stored() == before
    check(dataset, tmp_path)


def test_a_set_without_lines_is_one_empty_file(tmp_path: Path) -> None:
    dataset = Dataset()
    dataset.publish({})
    assert dataset.stored() == {"v000001-base-00000.jsonl": b""}
    check(dataset, tmp_path)
