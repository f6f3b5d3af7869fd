"""COCO's outlines as polygons: read where they are asked for, settled, kept whole, and written back."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, writers
from motherlode.formats.coco_writing import write_json
from motherlode.formats.source import Draft, Files, Problem, Record, as_regions, settle
from motherlode.formats.writing import Labelled
from motherlode.importing import read_source
from motherlode.media import Image
from motherlode.regions import Control, Region, dump, load

pytestmark = pytest.mark.once

TRIANGLE = [10.0, 10.0, 50.5, 10.0, 10.0, 40.25]
SQUARE = [60.0, 10.0, 70.0, 10.0, 70.0, 20.0, 60.0, 20.0]


class Held:
    """A document in memory."""

    def __init__(self, *annotations: dict[str, Any]) -> None:
        rows = [{"id": at, "image_id": 1, "category_id": 7, **row} for at, row in enumerate(annotations, start=1)]
        images = [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}]
        document = {"images": images, "annotations": rows, "categories": [{"id": 7, "name": "cell"}]}
        self.data = json.dumps(document).encode()

    def names(self) -> list[str]:
        return ["instances.json"]

    def open(self, name: str) -> io.BytesIO:
        return io.BytesIO(self.data)


def read(files: Files, task: str | None) -> tuple[Record, list[Problem]]:
    found = list(FORMATS["coco"].records(files, task))
    [record] = [row for row in found if isinstance(row, Record)]
    return record, [row for row in found if isinstance(row, Problem)]


def points(numbers: list[float]) -> tuple[tuple[float, float], ...]:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def test_boxes_stay_what_annotations_come_in_as() -> None:
    files = Held({"bbox": [10, 10, 40.5, 30.25], "segmentation": [TRIANGLE]})
    for task in (None, "boxes", "classes"):
        record, problems = read(files, task)
        assert [(draft.type, draft.geometry) for draft in record.drafts] == [("box", (10, 10, 50.5, 40.25))]
        assert "outlines were left out" in problems[0].remedy


def test_outlines_come_in_as_polygons_with_what_is_said_of_them() -> None:
    several = {"segmentation": [TRIANGLE, SQUARE], "area": 700.5, "attributes": {"blurred": True}}
    record, problems = read(Held(several, {"segmentation": SQUARE}), "polygons")
    assert not problems
    first, second = record.drafts
    assert first.geometry == ((points(TRIANGLE),), (points(SQUARE),))
    assert (first.type, first.area, first.attributes, first.box) == (
        "polygon",
        700.5,
        {"blurred": True},
        (10, 10, 70, 40.25),
    )
    assert second.geometry == ((points(SQUARE),),)


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        ({"bbox": [1, 2, 3, 4]}, "has no outline"),
        ({"segmentation": {"counts": "abc", "size": [80, 100]}, "iscrowd": 1}, "is a mask"),
        ({"segmentation": [[1, 2, 3, 4]]}, "not a list of points"),
        ({"segmentation": [[1, 2, 3, 4, 5, "x"]]}, "not a number"),
    ],
)
def test_what_is_no_outline_is_named_and_counted_as_lost(annotation: dict[str, Any], why: str) -> None:
    record, problems = read(Held(annotation, {"segmentation": [TRIANGLE]}), "polygons")
    assert (len(record.drafts), record.lost) == (1, 1)
    assert problems[0].row == "annotations[0]" and why in problems[0].what


def test_outlines_are_cut_at_the_edge_and_scaled_with_the_image() -> None:
    outside = [90.0, 10.0, 120.0, 10.0, 120.0, 20.0, 90.0, 20.0]
    record, _ = read(Held({"segmentation": [outside]}, {"segmentation": [[300, 1, 310, 1, 300, 5]]}), "polygons")
    [kept], problems = settle(record, Image(100, 80))
    assert kept.box == (90, 10, 100, 20)
    assert [problem.kind for problem in problems] == ["clipped", "outside"]
    assert problems[0].what.startswith("the cell polygon (4 points within 90, 10, 120, 20) crosses")
    [kept], _ = settle(record, Image(200, 160))
    assert kept.box == (180, 20, 200, 40)


CELLS = [Control("label", "polygon", "image", {"cell": 7})]


def test_a_draft_crosses_the_wire_whole_and_makes_the_same_region_again() -> None:
    record, _ = read(Held({"segmentation": [TRIANGLE, SQUARE]}), "polygons")
    line = json.loads(json.dumps(record.as_json()))
    assert Record.from_json(line).drafts == record.drafts
    [region] = as_regions("a.png", record.drafts, CELLS)
    assert [region] == as_regions("a.png", [Draft.from_json(line["regions"][0])], CELLS)
    assert load(dump([region]), {7: "cell"}) == [region]


def test_what_is_written_is_read_back() -> None:
    record, _ = read(Held({"segmentation": [TRIANGLE, SQUARE], "iscrowd": 0}, {"segmentation": [SQUARE]}), "polygons")
    regions = as_regions("a.png", record.drafts, CELLS)
    out = io.StringIO()
    write_json([("a.png", 100, 80, regions)], {7: "cell"}, out)
    rows = json.loads(out.getvalue())["annotations"]
    assert [row["segmentation"] for row in rows] == [[TRIANGLE, SQUARE], [SQUARE]]
    assert [row["bbox"] for row in rows] == [[10, 10, 60, 30.25], [60, 10, 10, 10]]
    assert rows[1]["area"] == 100
    files = Held()
    files.data = out.getvalue().encode()
    again, _ = read(files, "polygons")
    assert [draft.geometry for draft in again.drafts] == [draft.geometry for draft in record.drafts]


def test_a_source_says_what_its_labels_are(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (100, 80)).save(tmp_path / "a.png")
    (tmp_path / "instances.json").write_bytes(Held({"segmentation": [TRIANGLE]}).data)
    assert read_source(tmp_path).task == "boxes"
    assert read_source(tmp_path, task=lambda: "polygons").task == "polygons"
    report = convert_folder(tmp_path, tmp_path / "out", "coco")
    assert (report.images, report.regions) == (1, 1)


def test_a_format_without_outlines_writes_their_bounds_and_says_so() -> None:
    ring = (points(TRIANGLE),)
    row = Labelled("a.png", None, Image(100, 80), "train", [Region("p", "polygon", 7, "cell", (ring,))])
    [(_, kept)], problems = writers()["voc"].choose([("a.png", row)])
    assert kept.regions == row.regions
    assert [problem.what for problem in problems] == ["1 outlines were not written: VOC files do not hold them"]
    assert writers()["coco"].choose([("a.png", row)])[1] == []
