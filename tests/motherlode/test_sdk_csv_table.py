"""Tables (CSV): which columns are known, what stays out by name, and that what is written is read back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.examples import examples

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, csv_table
from motherlode.formats.source import Folder, Problem, Record
from motherlode.formats.writing import ClassNames, Labelled, copy
from motherlode.importing import Source, read_source
from motherlode.media import Image as Picture
from motherlode.regions import Region

pytestmark = pytest.mark.once
TF = "filename,width,height,class,xmin,ymin,xmax,ymax"
WRITER = FORMATS["csv"].writer
assert WRITER is not None


def read(folder: Path, files: dict[str, str | bytes], *images: str) -> Source:
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 20)).save(folder / name)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(folder)


def told(source: Source) -> list[str]:
    return [f"{problem.file} {problem.row} {problem.what}".strip() for problem in source.problems]


def said(source: Source) -> dict[str, Any]:
    return {
        record.path: [(draft.label, draft.geometry) for draft in record.drafts] if record.labelled else None
        for record in source.records
    }


CAT, DOG = ("cat", (1.0, 2.0, 10.5, 12.0)), ("dog", (0.0, 0.0, 40.0, 20.0))


@pytest.mark.parametrize(
    "table",
    [
        f"{TF}\na.jpg,40,20,cat,1,2,10.5,12\na.jpg,40,20,dog,0,0,40,20\n",
        "Image Path;Label;X_Min;Y_Min;X_Max;Y_Max\r\na.jpg;cat;1;2;10.5;12\r\na.jpg;dog;0;0;40;20\r\n",
        "sep=;\nimage;x1;y1;x2;y2;class\na.jpg;1;2;10.5;12;cat\na.jpg;0;0;40;20;dog\n",
        "image_id\tleft\ttop\tright\tbottom\tclass_name\na\t1\t2\t10.5\t12\tcat\na\t0\t0\t40\t20\tdog\n",
        '\ufeff"filename","class","xmin","ymin","xmax","ymax"\n"C:\\data\\a.jpg","cat",1,2,10.5,12\n\n"a.jpg",dog,0,0,40,20',
        f"{TF}\na.jpg,40,20,cat,1,2,10.5,12\na.jpg,40,20,dog,0,0,40,20\n".encode("utf-16"),
    ],
)
def test_boxes_come_in_by_the_names_of_the_columns(table: str | bytes, tmp_path: Path) -> None:
    source = read(tmp_path, {"train.csv": table}, "images/a.jpg", "images/b.jpg")
    assert source.format.name == "csv"
    assert said(source) == {"images/a.jpg": [CAT, DOG], "images/b.jpg": None}
    assert told(source) == []


def test_tables_of_automl_have_no_header_and_boxes_in_parts_of_the_image(tmp_path: Path) -> None:
    rows = "TRAIN,gs://bucket/x/a.jpg,cat,0.25,0.5,,,0.5,1,,\nVALIDATION,gs://bucket/x/b.jpg,,,,,,,,,\n"
    source = read(tmp_path, {"import.csv": rows}, "x/a.jpg", "x/b.jpg")
    [a, b] = source.records
    assert [(d.label, d.geometry, d.relative) for d in a.drafts] == [("cat", (0.25, 0.5, 0.5, 1.0), True)]
    assert (a.split, b.split, b.labelled, len(b.drafts)) == ("train", "val", True, 0)
    single = read(tmp_path / "one", {"import.csv": "TEST,gs://x/a.jpg,cat\nTEST,gs://x/a.jpg,dog\n"}, "a.jpg")
    assert [draft.kind for draft in single.records[0].drafts] == ["choice", "choice"]


def test_numbers_between_0_and_1_are_parts_of_the_image_and_that_is_said(tmp_path: Path) -> None:
    source = read(tmp_path, {"a.csv": "image,label,xmin,ymin,xmax,ymax\na.jpg,cat,0,0.1,0.5,1\n"}, "a.jpg")
    assert source.records[0].drafts[0].relative
    assert "a.csv  all its numbers lie between 0 and 1, so boxes were taken as parts of the image's size" in told(
        source
    )


def test_classes_of_images_come_in_and_a_row_without_one_says_that_nothing_is_there(tmp_path: Path) -> None:
    table = "id,breed,label,split\na,x,cat,train\na,x,dog,train\na,x,dog,train\nb,x,,holdout\n"
    source = read(tmp_path, {"labels.csv": table}, "a.jpg", "b.jpg", "c.jpg")
    assert said(source) == {"a.jpg": [("cat", None), ("dog", None)], "b.jpg": [], "c.jpg": None}
    assert [record.split for record in source.records] == ["train", "holdout", None]
    assert told(source) == [
        "labels.csv  the image has the class 'dog' in several rows",
        "labels.csv  its columns 'breed' were left out",
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a.jpg,40,20,cat,1,2,x,12", "'x' is not a number"),
        ("a.jpg,40,20,cat,1,2,,12", "'' is not a number"),
        ('a.jpg,40,20,cat,"1,5",2,3,12', "'1,5' is not a number"),
        ("a.jpg,40,20,,1,2,3,12", "the name is empty"),
        ("a.jpg,40,20,$x", "begins with $"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_image_is_never_empty(row: str, why: str, tmp_path: Path) -> None:
    source = read(tmp_path, {"a.csv": f"{TF}\n{row}\nb.jpg,40,20,cat,1,2,10.5,12\n"}, "a.jpg", "b.jpg")
    assert said(source) == {"a.jpg": None, "b.jpg": [CAT]}
    assert any(text.startswith("a.csv line 2") and why in text for text in told(source)), told(source)


def test_images_that_are_not_here_are_counted_by_the_first(tmp_path: Path) -> None:
    rows = "".join(f"{name}.jpg,40,20,cat,1,2,10.5,12\n" for name in ("a", "x", "y", "x"))
    source = read(tmp_path, {"a.csv": f"{TF}\n{rows}"}, "a.jpg")
    assert told(source) == ["a.csv line 3 the image 'x.jpg' is not here, nor are 1 others that it names"]


def test_a_table_that_breaks_off_is_named(tmp_path: Path) -> None:
    table = f'{TF}\na.jpg,40,20,cat,1,2,10.5,12\nb.jpg,40,20,"cat'
    source = read(tmp_path, {"a.csv": table}, "a.jpg", "b.jpg")
    assert said(source) == {"a.jpg": [CAT], "b.jpg": None}
    assert "a.csv  cannot be read on as a table (unexpected end of data)" in told(source)


def test_two_tables_that_say_different_things_of_one_image_are_a_problem(tmp_path: Path) -> None:
    row, other = (f"{TF}\na.jpg,40,20,cat,1,2,10.5,{bottom}\n" for bottom in (12, 13))
    again = f"{TF}\nb.jpg,40,20,cat,1,2,10.5,12\n"
    source = read(tmp_path, {"1.csv": row, "2.csv": other, "3.csv": again, "4.csv": again}, "a.jpg", "b.jpg")
    assert said(source) == {"a.jpg": None, "b.jpg": [CAT]}
    assert "2.csv  a.jpg is labelled by 1.csv too, and otherwise" in told(source)
    assert "4.csv  says of b.jpg what 3.csv says" in told(source)


@pytest.mark.parametrize(
    "table",
    [
        "image,label,x,y,w,h\na.jpg,cat,1,2,3,4\n",
        "image,label,xmin,ymin\na.jpg,cat,1,2\n",
        "path,age\na.jpg,3\n",
        "a,b\n",
    ],
)
def test_a_table_of_other_columns_is_not_guessed(table: str, tmp_path: Path) -> None:
    source = read(tmp_path, {"a.csv": table}, "a.jpg")
    assert (source.format.name, said(source)) == ("images", {"a.jpg": None})


# what is written is read back

PLACES = st.floats(0, 15, allow_nan=False).map(lambda value: value + 0.0)
BOXES = st.tuples(PLACES, PLACES).map(lambda at: (at[0], at[1], at[0] + 3.5, at[1] + 2.25))


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(BOXES, st.sampled_from(['a, "b"', "é;x", "-1"])), max_size=4), st.sets(st.sampled_from("xy")))
def test_every_label_goes_out_and_comes_in_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, str]], classes: set[str]
) -> None:
    assert WRITER is not None
    folder = tmp_path_factory.mktemp("out")
    regions = [Region(name, "choice", 1, name, None) for name in sorted(classes)]
    regions += [Region(str(at), "box", 1, label, box) for at, (box, label) in enumerate(rows)]
    chosen, problems = WRITER.choose([("s/ä, 1.png", Labelled("s/a.png", None, Picture(40, 20), "val", regions))])
    assert problems == []
    WRITER.write(folder, chosen, ClassNames({1: "x"}), copy)
    found = list(csv_table.read(Folder(folder)))
    [record] = [one for one in found if isinstance(one, Record)]
    assert [one for one in found if isinstance(one, Problem)] == []
    assert (record.path, record.split, record.width, record.height) == ("s/ä, 1.png", "val", 40, 20)
    assert [(d.label, d.kind, d.geometry) for d in record.drafts] == [(r.label, r.kind, r.geometry) for r in regions]


def test_bccd_out_and_in_is_the_same(test_data: Path, tmp_path: Path) -> None:
    convert_folder(test_data / "bccd", tmp_path / "one", "csv")
    convert_folder(tmp_path / "one", tmp_path / "two", "csv")
    given, first, again = (read_source(path) for path in (test_data / "bccd", tmp_path / "one", tmp_path / "two"))
    assert (first.format.name, again.format.name) == ("csv", "csv")
    assert [record.as_json() for record in again.records] == [record.as_json() for record in first.records]
    names = {Path(record.path).name: record.split for record in given.records if record.labelled}
    assert {Path(record.path).name: record.split for record in first.records} == names and len(names) > 100
