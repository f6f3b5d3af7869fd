"""Valid sources, changed at random: each label is taken as it is meant, or left out and named, and nothing breaks.

Every reader is given values, structures and bytes that it was not made for. What was left alone must come in right, and
an image that lost its labels must never read as one where nothing is.
"""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lode_annotation.models import LabelSet, Schema
from lode_platform.models import Item, Project, User
from motherlode import BadInput, Client
from motherlode.cli import main
from motherlode.importing import Source, read_source

IMAGES = 4
CLASSES = ("cat", "dog")
SETTINGS = settings(max_examples=60, database=None)

ODD_TEXTS = st.sampled_from(
    ["", " ", "x", "nan", "inf", "1e999", "\0", "\ud800", "0x1", "1_0", "[1]", "é" * 300, "1,5"]
)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), 10**400, -(10**20), [], {}, [[]], {"a": [1]}]),
    ODD_TEXTS,
    st.lists(st.integers(-3, 3), max_size=6),
)
Labels = dict[str, list[tuple[Any, ...]]]


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (9, 99, 200)).save(out, "JPEG")
    return out.getvalue()


JPEG = jpeg()


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def source_of(files: dict[str, bytes], format_: str) -> Source | None:
    """The source that the files are, None where it is refused in words."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return read_source(written(Path(folder), files), format_)
        except BadInput as error:
            assert str(error)
            return None


def found(source: Source) -> dict[str, list[tuple[Any, ...]] | None]:
    """(label, box) of each image, None where it is unlabelled."""
    return {
        record.path: [(draft.label, *(round(value, 6) for value in draft.box or ())) for draft in record.drafts]
        if record.labelled
        else None
        for record in source.records
    }


class Tally:
    """How many labels were meant, and how many of them came in as they were meant."""

    def __init__(self) -> None:
        self.meant = self.taken = 0

    def check(self, source: Source | None, meant: Labels, touched: set[str]) -> None:
        """Images left alone are right; a touched one has labels that were meant, or is unlabelled and named."""
        self.meant += sum(map(len, meant.values()))
        if source is None:
            assert touched
            return
        there = found(source)
        for path, right in meant.items():
            if path not in touched:
                assert there.get(path) == right, path
                self.taken += len(right)
                continue
            labels = there.get(path)
            if labels is None:
                assert any(path in (problem.item, problem.file) for problem in source.problems), path
                continue
            left = list(right)
            for label in labels:
                assert label in left, (path, label)
                left.remove(label)
            self.taken += len(labels)
            assert labels or not right, path
            assert not left or any(problem.kind != "note" for problem in source.problems), path
        assert all(problem.what and problem.remedy for problem in source.problems)


# COCO

EXTRAS = ("area", "iscrowd", "attributes", "segmentation")


def coco_document() -> tuple[dict[str, Any], Labels]:
    """A document of `IMAGES` images with two boxes each, and what it means."""
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 40, "height": 30} for n in range(1, IMAGES + 1)]
    annotations = []
    meant: Labels = {}
    for n in range(2 * IMAGES):
        image, category = n // 2 + 1, n % 2 + 1
        x, y, width, height = n, n + 1, 5, 6
        annotations.append(
            {"id": n + 1, "image_id": image, "category_id": category, "bbox": [x, y, width, height], "area": 30}
        )
        label = (CLASSES[category - 1], x, y, x + width, y + height)
        meant.setdefault(f"{image}.jpg", []).append(label)
    categories = [{"id": n, "name": name} for n, name in enumerate(CLASSES, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}, meant


def same(value: int) -> st.SearchStrategy[Any]:
    """The number as other programs write it."""
    return st.sampled_from([float(value), str(value), f"{value}.0", f" {value} "])


@st.composite
def coco_changes(draw: st.DrawFn) -> tuple[bytes, Labels, set[str]]:
    """A document with up to half of its annotations changed; the images whose labels may be lost by that."""
    document, meant = coco_document()
    touched: set[str] = set()
    for at in draw(st.sets(st.integers(0, 2 * IMAGES - 1), max_size=IMAGES)):
        row = document["annotations"][at]
        path = f"{row['image_id']}.jpg"
        kind = draw(st.sampled_from(["same ids", "same box", "extra", "no extra", "box", "number", "category", "gone"]))
        if kind == "same ids":
            row["image_id"] = draw(same(row["image_id"]))
            row["category_id"] = draw(same(row["category_id"]))
        elif kind == "same box":
            row["bbox"] = [draw(same(number)) for number in row["bbox"]]
        elif kind == "extra":
            row[draw(st.sampled_from(EXTRAS))] = draw(ODD)
        elif kind == "no extra":
            del row["area"]
        else:
            touched.add(path)
            if kind == "box":
                row["bbox"] = draw(ODD)
            elif kind == "number":
                row["bbox"][draw(st.integers(0, 3))] = draw(ODD)
            elif kind == "category":
                row["category_id"] = draw(ODD)
            else:
                del row[draw(st.sampled_from(["bbox", "category_id"]))]
    keys = draw(st.permutations(list(document)))
    text = json.dumps({key: document[key] for key in keys})
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return text.encode(encoding), meant, touched


def coco_files(document: bytes) -> dict[str, bytes]:
    return {"instances.json": document, **{f"{n}.jpg": JPEG for n in range(1, IMAGES + 1)}}


@pytest.mark.once
def test_coco_annotations_are_taken_as_meant_or_named() -> None:
    tally = Tally()

    @SETTINGS
    @given(coco_changes())
    def run(change: tuple[bytes, Labels, set[str]]) -> None:
        document, meant, touched = change
        tally.check(source_of(coco_files(document), "coco"), meant, touched)

    run()
    assert 2 * tally.taken >= tally.meant


@pytest.mark.once
@SETTINGS
@given(st.sampled_from(["images", "annotations", "categories"]), st.integers(0, 3), st.one_of(ODD, st.text(max_size=3)))
def test_any_row_of_a_coco_document_may_be_anything(key: str, at: int, value: Any) -> None:
    document, meant = coco_document()
    rows = document[key]
    row = rows[at % len(rows)]
    for change in (value, *({**row, name: value} for name in row)):
        changed = {**document, key: [change if other is row else other for other in rows]}
        source = source_of(coco_files(json.dumps(changed).encode()), "coco")
        for path, labels in {}.items() if source is None else found(source).items():
            assert labels != [] or not meant.get(path), (path, change)


# Pascal VOC


def voc_files() -> tuple[dict[str, str], Labels]:
    meant: Labels = {}
    files = {}
    for n in range(1, IMAGES + 1):
        objects = []
        for at, name in enumerate(CLASSES):
            x, y = n + at, n + 2 * at
            meant.setdefault(f"{n}.jpg", []).append((name, x, y, x + 5, y + 6))
            sides = {"xmin": x, "ymin": y, "xmax": x + 5, "ymax": y + 6}
            box = "".join(f"<{side}>{number}</{side}>" for side, number in sides.items())
            objects.append(f"<object><name>{name}</name><difficult>0</difficult><bndbox>{box}</bndbox></object>")
        files[f"{n}.xml"] = f"<annotation><filename>{n}.jpg</filename>{''.join(objects)}</annotation>"
    return files, meant


@st.composite
def voc_changes(draw: st.DrawFn) -> tuple[dict[str, bytes], Labels, set[str]]:
    files, meant = voc_files()
    touched: set[str] = set()
    for n in draw(st.sets(st.integers(1, IMAGES), max_size=2)):
        name = f"{n}.xml"
        kind = draw(st.sampled_from(["flag", "number", "name", "side", "cut", "same"]))
        text = draw(ODD_TEXTS).replace("\0", "").encode("utf-8", "ignore").decode()
        if kind == "same":
            files[name] = files[name].replace("<xmin>", "<xmin> ").replace("</ymin>", ".0</ymin>")
        elif kind == "flag":
            files[name] = files[name].replace("<difficult>0", f"<difficult>{text}")
        else:
            touched.add(f"{n}.jpg")
            if kind == "number":
                files[name] = files[name].replace(f"<xmax>{n + 5}", f"<xmax>{text}")
            elif kind == "name":
                files[name] = files[name].replace("<name>cat", f"<name>{text}")
                meant[f"{n}.jpg"][0] = (text.strip(), *meant[f"{n}.jpg"][0][1:])
            elif kind == "side":
                files[name] = files[name].replace("ymax", draw(st.sampled_from(["top", "xmin", "ymin2"])))
            else:
                files[name] = files[name][: draw(st.integers(0, len(files[name]) - 1))]
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    data = {name: text.encode(encoding) for name, text in files.items()}
    return {**data, **{f"{n}.jpg": JPEG for n in range(1, IMAGES + 1)}}, meant, touched


@pytest.mark.once
def test_voc_objects_are_taken_as_meant_or_named() -> None:
    tally = Tally()

    @SETTINGS
    @given(voc_changes())
    def run(change: tuple[dict[str, bytes], Labels, set[str]]) -> None:
        files, meant, touched = change
        tally.check(source_of(files, "voc"), meant, touched)

    run()
    assert 2 * tally.taken >= tally.meant


# YOLO


def yolo_files() -> tuple[dict[str, str], Labels]:
    meant: Labels = {}
    files = {"data.yaml": "names: [cat, dog]\n"}
    for n in range(1, IMAGES + 1):
        rows = []
        for at, name in enumerate(CLASSES):
            cx, size = 0.2 * n, 0.1 + 0.1 * at
            rows.append(f"{at} {cx} .5 {size} .2")
            box = (cx - size / 2, 0.4, cx + size / 2, 0.6)
            meant.setdefault(f"images/{n}.jpg", []).append((name, *(round(value, 6) for value in box)))
        files[f"labels/{n}.txt"] = "\n".join(rows)
    return files, meant


@st.composite
def yolo_changes(draw: st.DrawFn) -> tuple[dict[str, bytes], Labels, set[str]]:
    files, meant = yolo_files()
    touched: set[str] = set()
    for n in draw(st.sets(st.integers(1, IMAGES), max_size=2)):
        name = f"labels/{n}.txt"
        rows = [row.split() for row in files[name].split("\n")]
        kind = draw(st.sampled_from(["same", "word", "columns", "class"]))
        if kind == "same":
            rows = [[f"{row[0]}.0", *row[1:], *draw(st.sampled_from([[], ["0.9"]]))] for row in rows]
        else:
            touched.add(f"images/{n}.jpg")
            at = draw(st.integers(0, 1))
            word = draw(ODD_TEXTS).encode("utf-8", "ignore").decode().strip("\0 ") or "x"
            if kind == "word":
                rows[at][draw(st.integers(1, 4))] = word
            elif kind == "class":
                rows[at][0] = draw(st.sampled_from(["7", "-1", "0.5", "cat", word]))
            else:
                rows[at] = rows[at][: draw(st.integers(1, 4))] + draw(st.sampled_from([[], ["3"] * 2, ["3"] * 7]))
        files[name] = "\r\n".join(" ".join(row) for row in rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    data = {name: text.encode(encoding) for name, text in files.items()}
    return {**data, **{f"images/{n}.jpg": JPEG for n in range(1, IMAGES + 1)}}, meant, touched


@pytest.mark.once
def test_yolo_rows_are_taken_as_meant_or_named() -> None:
    tally = Tally()

    @SETTINGS
    @given(yolo_changes())
    def run(change: tuple[dict[str, bytes], Labels, set[str]]) -> None:
        files, meant, touched = change
        tally.check(source_of(files, "yolo"), meant, touched)

    run()
    assert 2 * tally.taken >= tally.meant


KEYS = ["names", "nc", "path", "train", "val", "test", "kpt_shape", "skip_if_label_file_missing"]
YAML: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 9), st.sampled_from(["cat", "images", "train.txt", "../x", ""])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["0", "1", "x", "path"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.once
@SETTINGS
@given(
    st.dictionaries(
        st.sampled_from(["names", "nc", "path", "train", "val", "test", "kpt_shape", "skip_if_label_file_missing"]),
        YAML,
    )
)
def test_any_key_of_a_data_yaml_may_be_anything(value: dict[str, Any]) -> None:
    files, meant = yolo_files()
    data = {name: text.encode() for name, text in files.items()} | {"data.yaml": json.dumps(value).encode()}
    source = source_of({**data, **{f"images/{n}.jpg": JPEG for n in range(1, IMAGES + 1)}}, "yolo")
    for path, labels in {}.items() if source is None else found(source).items():
        assert labels != [] or not meant.get(path), path


ROWS = st.lists(
    st.one_of(
        st.sampled_from(
            ["1.jpg", "2", "./3.jpg", "/a/b/4.jpg", "images/1.jpg", "1 1", "2 -1", "9", "\\x\\3.jpg", "%31"]
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=6),
    ),
    max_size=6,
)


@pytest.mark.once
@SETTINGS
@given(st.dictionaries(st.sampled_from(["train", "Val", "test", "trainval", "ImageSets/Main/valid"]), ROWS))
def test_any_line_of_a_list_may_be_anything(lists: dict[str, list[str]]) -> None:
    document, meant = coco_document()
    files = coco_files(json.dumps(document).encode())
    files |= {f"{name}.txt": "\n".join(rows).encode() for name, rows in lists.items()}
    source = source_of(files, "coco")
    assert source is not None and found(source) == meant
    named = {name.rpartition("/")[2].lower().replace("trainval", "train").replace("valid", "val") for name in lists}
    assert {record.split for record in source.records if record.split_from == "lists"} <= named


# bytes


def whole(format_: str) -> tuple[dict[str, bytes], Labels, str]:
    """A valid source of the format, what it means, and the file to change."""
    if format_ == "coco":
        document, meant = coco_document()
        return coco_files(json.dumps(document).encode()), meant, "instances.json"
    files, meant = voc_files() if format_ == "voc" else yolo_files()
    data = {name: text.encode() for name, text in files.items()}
    return {**data, **dict.fromkeys(meant, JPEG)}, meant, "2.xml" if format_ == "voc" else "labels/2.txt"


@pytest.mark.once
@pytest.mark.parametrize("format_", ["coco", "voc", "yolo"])
def test_files_that_break_off_or_are_noise_lose_their_labels_and_say_so(format_: str) -> None:
    files, meant, name = whole(format_)
    data = files[name]

    @SETTINGS
    @given(st.integers(0, len(data) - 1), st.binary(max_size=4), st.booleans())
    def run(at: int, noise: bytes, cut: bool) -> None:
        changed = data[:at] + noise + (b"" if cut else data[at + len(noise) :])
        source = source_of({**files, name: changed}, format_)
        if source is None:
            return
        there = found(source)
        for path, right in meant.items():
            if format_ != "coco" and path.rpartition("/")[2] != "2.jpg":
                assert there[path] == right
        if cut and format_ == "voc":
            labels = there["2.jpg"]
            assert labels is None or all(label in meant["2.jpg"] for label in labels)

    run()


# the application


@pytest.mark.once
@pytest.mark.django_db
def test_an_import_comes_in_as_read_or_leaves_nothing(
    sdk: Callable[..., Client], erin: User, project: Project, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def connect(url: str | None = None, token: str | None = None, *, project: str | None = None) -> Client:
        return sdk(erin, project="blood")

    runs = iter(range(1000))
    codes = set()

    @settings(SETTINGS, max_examples=12, suppress_health_check=list(HealthCheck))
    @given(coco_changes(), st.booleans())
    def run(change: tuple[bytes, Labels, set[str]], nameless: bool) -> None:
        document, meant, touched = change
        if nameless:
            document = document.decode(json.detect_encoding(document)).replace('"name": "cat"', '"name": null').encode()
        number = next(runs)
        folder = written(tmp_path / str(number), coco_files(document))
        before = [model.objects.count() for model in (Item, LabelSet, Schema)]
        words = ["import", str(folder), "--dataset", "cells", "--prefix", f"{number}/", "--json"]
        code = main(words, connect)
        codes.add(code)
        said = capsys.readouterr()
        if code:
            assert [model.objects.count() for model in (Item, LabelSet, Schema)] == before
            assert "nothing was brought in" in said.err
            return
        report = json.loads(said.out)
        for path, right in meant.items():
            sets = LabelSet.objects.current().filter(item__path=f"{number}/{path}")
            wanted = [label for label in right if not (nameless and label[0] == "cat")]
            if path not in touched:
                assert [tuple(row["geometry"]) for row in sets.get().regions] == [label[1:] for label in wanted]
            else:
                assert sets.exists() or path in report["unlabelled"]
                assert not sets.exists() or sets.get().said

    run()
    assert 0 in codes
