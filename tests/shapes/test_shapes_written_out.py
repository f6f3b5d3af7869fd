"""A kind of region is one file and one line: that of docs/extending.md is asked for, read, kept and converted."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.written_out import with_points

from motherlode import formats
from motherlode.convert import ConvertReport, convert_folder
from motherlode.formats import Format
from motherlode.formats.source import Draft, Files, Record, is_image, read_text
from motherlode.formats.writing import Writer
from motherlode.labeling_config import build
from motherlode.media import Image
from motherlode.naming import Naming
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import BadRegion, Control, Region, as_result, dump, from_result, load
from motherlode.shapes import Shape

pytestmark = pytest.mark.once

SIZE = Image(200, 100)


@pytest.fixture
def shape(monkeypatch: pytest.MonkeyPatch) -> Shape:
    return with_points(monkeypatch)


def test_configs_label_studio_and_versions_take_it(shape: Shape) -> None:
    assert "<KeyPointLabels" in build(["eye"], "points")
    entry = {"id": "a", "type": "keypointlabels", "from_name": "label", "to_name": "image"}
    result = [{**entry, "value": {"x": 10.0, "y": 20.0, "keypointlabels": ["eye"]}}]
    control = [Control("label", "point", "image", {"eye": 1})]
    regions = from_result(result, SIZE, control)
    assert [(region.kind, region.geometry) for region in regions] == [("point", (20.0, 20.0))]
    assert as_result(regions, SIZE, control)[0]["value"] == result[0]["value"]
    assert load(dump(regions), {1: "eye"}) == regions


def test_what_is_no_point_is_refused(shape: Shape) -> None:
    for value, rule in (({"x": 1}, "number"), ({"x": 1, "y": float("nan")}, "number"), ({"x": 1, "y": 101}, "outside")):
        broken = shape.check(value, SIZE)
        assert broken is not None and broken.rule == rule
    assert shape.check({"x": 100, "y": 0}, SIZE) is None
    with pytest.raises(BadRegion, match="not finite"):
        shape.from_json([1, float("inf")])


def test_it_is_cut_turned_and_compared_as_a_place(shape: Shape) -> None:
    assert shape.clip((200.0, 5.0), SIZE) == ((200.0, 5.0), "ok")
    assert shape.clip((201.0, 5.0), SIZE) == (None, "outside")
    assert shape.mapped((20.0, 5.0), lambda x, y: (100 - y, x)) == (95.0, 20.0)
    assert (shape.similarity((0, 0), (0, 0)), shape.similarity((0, 0), (30, 40))) == (1.0, 0.0)


def read(files: Files) -> Iterator[Record]:
    found = json.loads(read_text(files, "points.json"))
    for name in filter(is_image, files.names()):
        drafts = [Draft("eye", tuple(value), "point" if len(value) == 2 else "box") for value in found[name]]
        yield Record(name, present=True, labelled=True, source="points.json", drafts=tuple(drafts))


def detect(files: Files) -> bool:
    return "points.json" in files.names()


def converted(folder: Path, found: dict[str, list[list[int]]], to: str) -> ConvertReport:
    (folder / "in").mkdir()
    (folder / "in" / "points.json").write_text(json.dumps(found))
    for name in found:
        Pillow.new("RGB", (200, 100)).save(folder / "in" / name)
    return convert_folder(folder / "in", folder / "out", to, "points")


def test_no_format_that_does_not_know_it_writes_it_as_a_box_without_area(
    shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(formats.FORMATS, "points", Format("points", "Points", detect, read))
    report = converted(tmp_path, {"a.png": [[1, 2], [3, 4], [5, 6, 7, 8]], "b.png": [[9, 9]], "c.png": []}, "yolo")
    assert (report.images, report.regions) == (2, 1)
    said = [(problem["file"], problem["what"]) for problem in report.problems]
    assert ("b.png", "it has no label that YOLO files hold") in said
    assert ("", "3 points were not written: YOLO files do not hold them") in said


def test_a_format_that_keeps_it_by_its_name_writes_it(
    shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Region] = []
    writer = Writer(
        "point files",
        frozenset({"point"}),
        lambda target, rows, names, put: written.extend(region for _, row in rows for region in row.regions),
        lambda path, row: path,
    )
    monkeypatch.setitem(formats.FORMATS, "points", Format("points", "Points", detect, read, writer=writer))
    report = converted(tmp_path, {"a.png": [[1, 2], [5, 6, 7, 8]]}, "points")
    assert [region.geometry for region in written] == [(1.0, 2.0)]
    assert "1 boxes were not written: point files do not hold them" in [problem["what"] for problem in report.problems]


def test_it_is_predicted_under_its_task(shape: Shape) -> None:
    made = Prediction("a.png", points=np.array([[1, 2]], dtype=np.float32), labels=["eye"], scores=[0.5])
    assert (made.task, made.boxes, made.places) == ("points", None, ([1.0, 2.0],))
    line = {"path": "a.png", "points": [[1.0, 2.0]], "labels": ["eye"], "scores": [0.5]}
    assert Naming("faces@v1", {1: "eye"}).line(made) == line
    assert Prediction("a.png", points=[], labels=[], scores=[]).task == "points"
    for points, why in (
        ([[1, 2, 3]], "point 1: "),
        ([[1, float("nan")]], "not finite"),
        ([[1, 2]] * 2, "2 points, 1 l"),
    ):
        with pytest.raises(BadPrediction, match=why):
            Prediction("a.png", points=points, labels=["eye"], scores=[0.5])
    with pytest.raises(BadPrediction, match="boxes= or points=, not both"):
        Prediction("a.png", boxes=[[1, 2, 3, 4]], points=[[1, 2]], labels=["eye"], scores=[0.5])


def test_what_is_of_no_kind_is_named_with_those_that_are(shape: Shape) -> None:
    for unknown in ("box", "classes"):
        with pytest.raises(
            TypeError, match=f"{unknown}= is not known; objects are given as boxes=, polygons=, .*points="
        ):
            Prediction("a.png", labels=[], scores=[], **{unknown: []})  # type: ignore[arg-type]
