"""Rotated boxes: exact in pixels whatever the image's shape, and drawn with the control that boxes have."""

import io
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.label_studio import accepts

from motherlode.formats.coco_writing import write_json
from motherlode.formats.yolo_writing import write_label
from motherlode.media import Image
from motherlode.regions import Control, Region, as_result, dump, from_result, load
from motherlode.shapes import SHAPES, BadRegion
from motherlode.shapes.rotated_box import RotatedBox, corners

pytestmark = pytest.mark.once

SHAPE = SHAPES["rotated_box"]
WIDE = Image(2000, 500)
CONTROLS = [Control("label", "box", "image", {"cell": 1})]
CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="label" toName="image"><Label value="cell"/></RectangleLabels></View>"""

places = st.floats(-300, 2300)
sides = st.floats(0.5, 900)
boxes = st.tuples(places, places, sides, sides, st.floats(0.001, 359.999))


def entry(**value: Any) -> dict[str, Any]:
    place = {"x": 10, "y": 20, "width": 5, "height": 10, "rotation": 30, "rectanglelabels": ["cell"], **value}
    size = {"original_width": 2000, "original_height": 500, "image_rotation": 0}
    return {"id": "a", "type": "rectanglelabels", "from_name": "label", "to_name": "image", **size, "value": place}


def test_a_quarter_turn_on_a_wide_image_is_a_box_on_its_end() -> None:
    [region] = from_result([entry(x=50, y=20, width=10, height=10, rotation=90)], WIDE, CONTROLS)
    # 200 x 50 pixels from (1000, 100), turned about that corner
    assert (region.kind, region.geometry) == ("rotated_box", (975.0, 200.0, 200.0, 50.0, 90.0))
    assert region.box == (950.0, 100.0, 1000.0, 300.0)


@given(boxes)
def test_label_studios_percent_come_back_to_the_pixel(box: RotatedBox) -> None:
    value = SHAPE.to_result(box, WIDE)
    assert SHAPE.claims(value)
    assert SHAPE.near(SHAPE.from_result(value, WIDE), box, 1e-6)
    assert SHAPE.from_json(SHAPE.canonical(box)) == box
    # its corner, turned about itself in pixels
    x, y = value["x"] * 20, value["y"] * 5
    angle = math.radians(box[4])
    across = (x + box[2] * math.cos(angle), y + box[2] * math.sin(angle))
    assert math.dist(across, corners(box)[1]) < 1e-6


@given(boxes.map(lambda box: (box[0] % 200, box[1] % 200, box[2] % 90 + 5, box[3] % 90 + 5, box[4])), boxes)
def test_what_two_share_is_what_their_pixels_share(one: RotatedBox, other: RotatedBox) -> None:
    two = (one[0] + other[0] % 40 - 20, one[1] + other[1] % 40 - 20, other[2] % 90 + 5, other[3] % 90 + 5, other[4])
    ys, xs = np.mgrid[-100:320, -100:320]

    def inside(box: RotatedBox) -> Any:
        angle = math.radians(box[4])
        u = (xs - box[0]) * math.cos(angle) + (ys - box[1]) * math.sin(angle)
        v = (ys - box[1]) * math.cos(angle) - (xs - box[0]) * math.sin(angle)
        return (np.abs(u) <= box[2] / 2) & (np.abs(v) <= box[3] / 2)

    a, b = inside(one), inside(two)
    share = (a & b).sum() / (a | b).sum()
    assert SHAPE.similarity(one, two) == pytest.approx(share, abs=0.08)
    assert SHAPE.similarity(one, two) == pytest.approx(SHAPE.similarity(two, one), abs=1e-9)
    assert SHAPE.similarity(one, one) == 1


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ({"rotation": "30"}, "number"),
        ({"rotation": True}, "number"),
        ({"rotation": float("nan")}, "number"),
        ({"x": None}, "number"),
        ({"width": 0}, "area"),
        ({"height": -3}, "area"),
        ({"width": 1e308, "height": 1e308}, "number"),
        ({"x": 130}, "outside"),
        ({"x": 99.9, "rotation": 300}, ""),
        ({"x": -1, "y": -1}, ""),
    ],
)
def test_what_is_no_rotated_box_is_refused_by_its_rule(value: dict[str, Any], rule: str) -> None:
    given = entry(**value)["value"]
    broken = SHAPE.check(given, WIDE)
    assert SHAPE.claims(given) and (broken.rule if broken else "") == rule


@pytest.mark.parametrize("rotation", [0, 0.0, -360, 720, None])
def test_a_box_that_was_turned_all_the_way_round_is_upright(rotation: float | None) -> None:
    [region] = from_result([entry(rotation=rotation)], WIDE, CONTROLS)
    assert (region.kind, region.geometry) == ("box", (200.0, 100.0, 300.0, 150.0))


def test_geometries_that_cannot_be_are_refused() -> None:
    for wrong in ([1, 2, 3, 4], [1, 2, 3, 4, float("nan")], [1, 2, -3, 4, 5], "12345x", None):
        with pytest.raises((BadRegion, TypeError, ValueError)):
            SHAPE.from_json(wrong)
    assert SHAPE.from_json([1, 2, 3, 4, -90]) == (1, 2, 3, 4, 270)
    assert str(SHAPE.canonical((-0.0, 1, 2, 3, -0.0))) == "[0.0, 1.0, 2.0, 3.0, 0.0]"


def test_turned_and_scaled_images_take_it_along() -> None:
    box = (100.0, 40.0, 60.0, 20.0, 30.0)
    turned = SHAPE.mapped(box, lambda x, y: (500 - y, x))  # by a quarter, clockwise
    assert SHAPE.near(turned, (460.0, 100.0, 60.0, 20.0, 120.0), 1e-9)
    assert SHAPE.near(SHAPE.mapped(box, lambda x, y: (2 * x, 2 * y)), (200, 80, 120, 40, 30), 1e-9)
    wider = SHAPE.mapped(box, lambda x, y: (3 * x, y))
    assert SHAPE.area(wider) == pytest.approx(3 * SHAPE.area(box)) and wider[:2] == (300, 40)


def test_over_the_edge_it_stays_whole_and_outside_it_goes() -> None:
    crossing, outside = (0.0, 0.0, 60.0, 20.0, 30.0), (-40.0, -40.0, 60.0, 20.0, 30.0)
    assert SHAPE.clip(crossing, WIDE) == (crossing, "ok")
    assert SHAPE.clip(outside, WIDE) == (None, "outside")
    assert SHAPE.clip((9.0, 9.0, 0.0, 20.0, 30.0), WIDE) == (None, "degenerate")


def test_a_box_that_is_turned_keeps_its_id_and_what_is_known_of_it() -> None:
    before = Region("a", "box", 1, "cell", (200, 100, 300, 150), area=7.0, iscrowd=True, attributes={"n": 1})
    [after] = from_result([entry(id="a")], WIDE, CONTROLS, {"a": before})
    assert (after.kind, after.area, after.iscrowd, after.attributes) == ("rotated_box", None, True, {"n": 1})
    [same] = from_result(as_result([after], WIDE, CONTROLS), WIDE, CONTROLS, {"a": after})
    assert same == after and load(dump([after]), {1: "cell"}) == [after]


def test_coco_and_yolo_are_given_its_corners() -> None:
    region = Region("a", "rotated_box", 1, "cell", (100.0, 50.0, 40.0, 20.0, 90.0))
    ring = [110, 30, 110, 70, 90, 70, 90, 30]
    out = io.StringIO()
    write_json([("a.png", 200, 100, [region])], {1: "cell"}, out)
    [row] = json.loads(out.getvalue())["annotations"]
    assert (row["bbox"], row["area"], row["segmentation"]) == ([90, 30, 20, 40], 800, [ring])
    name, *numbers = write_label(200, 100, [region]).split()
    assert name == "0"
    assert [*map(float, numbers)] == pytest.approx([at / (100 if n % 2 else 200) for n, at in enumerate(ring)])


@given(boxes)
def test_label_studio_takes_what_we_write(box: RotatedBox) -> None:
    [said] = as_result([Region("a", "rotated_box", 1, "cell", box, control="label")], WIDE, CONTROLS)
    # it knows no percent above 100, which its own editor writes
    assume(max(said["value"][name] for name in ("x", "y", "width", "height")) <= 100)
    assert accepts(CONFIG, said)
