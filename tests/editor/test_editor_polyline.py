"""Polylines in a real browser, drawn and mended by hand and keys, kept by the server and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from motherlode.media import Image
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <VectorLabels name="fibre" toName="image"><Label value="axon"/><Label value="vessel"/></VectorLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes and for polylines."""
    return seat("bob").label(clinic.queue(1, config=CONFIG))


def line(bob: Any, *points: tuple[float, float]) -> None:
    for point in points:
        bob.click(*point)


def places(entry: dict[str, Any]) -> list[tuple[float, float]]:
    """The points of a result in pixels."""
    return [(vertex["x"] * 6.4, vertex["y"] * 4.8) for vertex in entry["value"]["vertices"]]


def lies(entry: dict[str, Any], *points: tuple[float, float]) -> bool:
    """Whether a result has these points, but for what a pointer loses between screen and picture."""
    found = places(entry)
    return len(found) == len(points) and all(
        abs(a - b) < 2 for one, two in zip(found, points, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_a_line_is_drawn_point_by_point_and_what_the_server_has_is_sound(clinic: Any, bob: Any) -> None:
    task = bob.task
    bob.press("y")
    line(bob, (100, 100), (200, 100), (200, 200), (400, 400))
    assert bob.page.locator(".ed-draft").evaluate("path => getComputedStyle(path).fill") == "none"
    bob.press("Backspace", "Enter")
    line(bob, (300, 300), (150, 150))  # over the first one: the tool draws
    bob.page.mouse.dblclick(*bob.point(420, 60))
    line(bob, (10, 10), (20, 10))
    bob.press("Escape")
    bob.page.get_by_role("button", name="vessel").click()  # for the selected line and the next
    line(bob, (500, 400), (600, 400), (600, 400))
    bob.press("Shift+Y")
    assert [row.split(", ", 1)[1] for row in bob.rows()] == [
        *("axon, 3 points", "vessel, 3 points", "vessel, 2 points", "vessel, 2 points")
    ]
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    given = clinic.result(task)
    assert lies(given[0], (100, 100), (200, 100), (200, 200))
    assert lies(given[1], (300, 300), (150, 150), (420, 60))
    interface: Any = LabelInterface(CONFIG)
    for entry in given:
        assert interface.validate_region(entry, return_errors=True) == []
        shape = SHAPES["polyline"]
        assert shape.check(entry["value"], Image(640, 480)) is None
        assert (entry["type"], entry["value"]["closed"]) == (shape.result_type, False)


def test_points_are_dragged_added_and_deleted_and_steps_undone(clinic: Any, bob: Any) -> None:
    bob.press("y")
    line(bob, (100, 100), (300, 100), (300, 300))
    bob.press("Enter", "v", "Escape")
    selected = bob.page.locator("[data-region-list] [aria-selected=true]")
    bob.click(200, 200)  # between its ends, where no edge is
    bob.settled()
    assert selected.count() == 0
    bob.click(200, 100)
    selected.wait_for()
    bob.drag(300, 300, 350, 350)
    bob.page.mouse.dblclick(*bob.point(150, 100))
    assert bob.rows() == ["Region 1, axon, 4 points"]
    bob.page.keyboard.down("Alt")
    bob.click(300, 100)
    bob.click(150, 100)
    bob.click(350, 350)
    bob.page.keyboard.up("Alt")
    assert bob.rows() == ["Region 1, axon, 2 points"], "two points stay"
    bob.press("Shift+ArrowDown", "ArrowRight", "Control+ArrowLeft")
    bob.saved("there")
    [entry] = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert lies(entry, (101, 110), (350, 360))
    bob.press(*["Control+z"] * 4)
    assert bob.rows() == ["Region 1, axon, 4 points"]
    bob.press("Control+z", "Control+z", "Control+z")
    assert bob.rows() == []
    bob.press("Control+Shift+z", "Control+Shift+z")
    assert bob.rows() == ["Region 1, axon, 3 points"]
    bob.saved("there")
    [entry] = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert lies(entry, (100, 100), (300, 100), (350, 350))


def test_a_line_of_a_model_goes_back_as_it_came_and_is_mended_in_review(clinic: Any, seat: SeatMaker) -> None:
    vertices = [
        {"id": "a7", "x": 10.0, "y": 20.0, "prevPointId": None, "isBezier": False},
        {"id": "b2", "x": 60.0, "y": 20.5, "prevPointId": "a7", "isBezier": False},
    ]
    value = {"vertices": vertices, "closed": False, "vectorlabels": ["axon"]}
    made = {"id": "m", "type": SHAPES["polyline"].result_type, "from_name": "fibre", "to_name": "image", "value": value}
    queue = clinic.queue(1, config=CONFIG, review=True, prelabels=[{**made, "score": 0.9}])
    bob = seat("bob").label(queue)
    task = bob.task
    bob.press("a", "a", "Enter")
    bob.ready("finished")
    bob.saved("clean")
    [given] = clinic.result(task)
    assert given["value"] == value
    rita = seat("rita").review(queue)
    assert rita.rows() == ["Region 1, axon, 2 points"]
    rita.press("e", "v")
    rita.drag(224, 97.2, 224, 150)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    [fixed] = clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"]
    assert lies(fixed, (64, 148.8), (384, 151.2))
    assert SHAPES["polyline"].check(fixed["value"], Image(640, 480)) is None
