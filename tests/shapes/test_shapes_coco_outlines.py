"""COCO's outlines as polygons: read where they are asked for, settled, kept whole, and written back."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask

from motherlode.convert import convert_folder
from motherlode.formats import FORMATS, writers
from motherlode.formats.coco_writing import write_json
from motherlode.formats.settling import as_regions, settle
from motherlode.formats.source import Draft, Files, Problem, Record
from motherlode.formats.writing import Labelled
from motherlode.importing import read_source
from motherlode.media import Image
from motherlode.regions import Control, Region, dump, load
from motherlode.shapes import SHAPES

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
        assert [(draft.kind, draft.geometry) for draft in record.drafts] == [("box", (10, 10, 50.5, 40.25))]
        assert "outlines were left out" in problems[0].remedy


def test_outlines_come_in_as_polygons_with_what_is_said_of_them() -> None:
    several = {"segmentation": [TRIANGLE, SQUARE], "area": 700.5, "attributes": {"blurred": True}}
    record, problems = read(Held(several, {"segmentation": SQUARE}), "polygons")
    assert not problems
    first, second = record.drafts
    assert first.geometry == ((points(TRIANGLE),), (points(SQUARE),))
    assert (first.kind, first.area, first.attributes, first.box) == (
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
        (
            {"segmentation": {"counts": [5, 5], "size": [80, 100]}, "iscrowd": 1},
            "its mask: a mask's counts sum up to",
        ),
        ({"segmentation": {"counts": [8000], "size": [80, 100]}}, "the mask has no pixels"),
        ({"segmentation": {"counts": [5, 5, 7990], "size": [100, 80]}}, "is of 80 x 100 pixels, its image of 100 x 80"),
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


def picture(seed: int) -> Any:
    """Blobs of pixels with holes, islands, corners that touch and pixels at every edge, as numpy (80, 100)."""
    rough = np.random.default_rng(seed).random((20, 25)) < 0.55
    return np.asfortranarray(np.kron(rough, np.ones((4, 4))), dtype=np.uint8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("compressed", [True, False])
def test_masks_come_in_as_outlines_and_go_out_as_the_same_pixels(seed: int, compressed: bool) -> None:
    drawn = picture(seed)
    code: Any = mask.encode(drawn)
    flat = drawn.ravel(order="F")
    turns = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([*([0] if flat[0] else []), 0, *turns, flat.size]).tolist()
    said = code["counts"].decode() if compressed else counts
    row = {"segmentation": {"size": [80, 100], "counts": said}, "iscrowd": 1 - seed % 2, "area": 77.5}
    record, problems = read(Held(row), "polygons")
    [draft] = record.drafts
    assert (problems, draft.iscrowd, draft.area) == ([], seed % 2 == 0, 77.5)
    x, y, width, height = mask.toBbox(code)
    assert draft.box == (x, y, x + width, y + height)
    assert SHAPES["polygon"].area(draft.geometry) == mask.area(code)
    region, out = as_regions("a.png", [draft], CELLS), io.StringIO()
    assert writers()["coco"].choose([("a.png", Labelled("a.png", None, Image(100, 80), "train", region))])[1] == []
    write_json([("a.png", 100, 80, load(dump(region), {7: "cell"}))], {7: "cell"}, out)
    [again] = json.loads(out.getvalue())["annotations"]
    assert again["segmentation"] == {"size": [80, 100], "counts": code["counts"].decode()}
    assert (again["bbox"], again["area"], again["iscrowd"]) == ([x, y, width, height], 77.5, int(draft.iscrowd))


def test_a_mask_without_holes_goes_out_as_rings_that_are_the_same_pixels() -> None:
    drawn = np.zeros((80, 100), dtype=np.uint8, order="F")
    drawn[3:9, 4:30], drawn[9:20, 10:13], drawn[50:, 90:] = 1, 1, 1
    code = mask.encode(drawn)
    record, _ = read(Held({"segmentation": {**code, "counts": code["counts"].decode()}}), "polygons")
    out = io.StringIO()
    write_json([("a.png", 100, 80, as_regions("a.png", record.drafts, CELLS))], {7: "cell"}, out)
    rings = json.loads(out.getvalue())["annotations"][0]["segmentation"]
    assert len(rings) == 2
    assert (mask.decode(mask.merge(mask.frPyObjects(rings, 80, 100))) == drawn).all()


def test_a_mask_gives_the_box_and_the_size_that_nothing_else_states() -> None:
    code: Any = {"size": [80, 100], "counts": [81, 2, 7917]}
    held = Held({"segmentation": code})
    held.data = held.data.replace(b', "width": 100, "height": 80', b"")
    record, _ = read(held, None)
    assert [draft.geometry for draft in record.drafts] == [(1, 1, 2, 3)]
    record, _ = read(held, "polygons")
    assert (record.width, record.height) == (100, 80)


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
