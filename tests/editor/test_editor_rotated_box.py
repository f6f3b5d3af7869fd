"""Boxes turned in a real browser, by their handle and by keys, and kept by the server as rotated boxes."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.label_studio import accepts

from motherlode.media import Image
from motherlode.shapes import DEFAULT, shape_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def drawn_and_taken(bob: Any) -> None:
    """A box from (200, 200) to (300, 240), selected and with the select tool in hand."""
    bob.press("b")
    bob.drag(200, 200, 300, 240)
    bob.press("v")
    bob.page.locator("[data-handle=turn]").wait_for()


def turn(bob: Any, x: float, y: float) -> None:
    """Drag the handle that turns the box to a place of the picture."""
    grip = bob.page.locator("[data-handle=turn]").bounding_box()
    bob.page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    bob.page.mouse.down()
    bob.page.mouse.move(*bob.point((250 + x) / 2, (100 + y) / 2))
    bob.page.mouse.move(*bob.point(x, y))
    bob.page.mouse.up()


def test_a_box_is_turned_by_its_handle_and_by_keys_and_back(bob: Any) -> None:
    drawn_and_taken(bob)
    turn(bob, 350, 120)  # up and to the right of its middle, (250, 220)
    assert bob.rows() == ["Region 1, RBC, 100 × 40, 45°"]
    bob.press("r", "r", "Shift+R", "r")
    assert bob.rows() == ["Region 1, RBC, 100 × 40, 47°"]
    bob.press("Control+z", "Control+z")
    assert bob.rows() == ["Region 1, RBC, 100 × 40"]
    bob.press("Control+Shift+z")
    assert bob.rows() == ["Region 1, RBC, 100 × 40, 45°"]
    turn(bob, 400, 222)  # a hand that nearly meets the right angle
    assert bob.rows() == ["Region 1, RBC, 100 × 40, 90°"]


def test_a_rotated_box_is_submitted_reviewed_and_read_again_as_it_was(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    drawn_and_taken(bob)
    turn(bob, 350, 120)
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    (given,) = clinic.result(task)
    assert accepts(CONFIG, given)
    value, media = given["value"], Image(640, 480)
    shape = shape_in(value, DEFAULT)
    assert (shape.kind, shape.check(value, media)) == ("rotated_box", None)
    assert shape.near(shape.from_result(value, media), (250, 220, 100, 40, 45), 3)

    rita = seat("rita").review(queue)
    assert rita.rows() == ["Region 1, RBC, 100 × 40, 45°"]
    with rita.page.expect_response("**/review"):
        rita.press("Enter")
