"""Ellipses in a real browser, drawn and turned by hand and keys, kept by the server and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from motherlode.media import Image
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

SHAPE = SHAPES["ellipse"]
SIZE = Image(640, 480)
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <EllipseLabels name="round" toName="image"><Label value="cell"/><Label value="clump"/></EllipseLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes and for ellipses."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def kept(bob: Any) -> list[Any]:
    """The geometries that the server has in Bob's draft, each value as Label Studio's SDK and our own check take it."""
    bob.saved("there")
    draft = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]
    return [sound(region) for region in draft["result"]]


def sound(region: dict[str, Any]) -> Any:
    interface: Any = LabelInterface  # untyped
    assert interface(CONFIG).validate_region(region)
    assert SHAPE.check(region["value"], SIZE) is None
    return SHAPE.from_result(region["value"], SIZE)


def test_an_ellipse_is_drawn_resized_turned_and_steps_undone(bob: Any) -> None:
    bob.press("q")
    bob.drag(200, 100, 400, 200)
    bob.drag(260, 120, 300, 160)  # over the first: an armed tool draws
    assert bob.rows() == ["Region 1, cell, 200 × 100", "Region 2, cell, 40 × 40"]
    bob.press("Delete", "v")
    bob.click(300, 150)
    bob.drag(400, 150, 460, 150)
    assert bob.rows() == ["Region 1, cell, 260 × 100"]
    bob.page.locator("[data-handle=turn]").wait_for()
    bob.drag(460, 100, 380, 280)  # a quarter turn about the centre
    assert bob.rows() == ["Region 1, cell, 260 × 100, 90°"]
    assert kept(bob)[0] == pytest.approx((330, 150, 130, 50, 90), abs=2)
    bob.press("Control+z")
    assert bob.rows() == ["Region 1, cell, 260 × 100"]
    bob.press("Control+z", "Control+z", "Control+z")
    assert bob.rows() == ["Region 1, cell, 200 × 100"]
    bob.press(*["Control+Shift+z"] * 4)
    assert bob.rows() == ["Region 1, cell, 260 × 100, 90°"]


def test_one_is_placed_moved_grown_relabelled_and_copied_by_keys(bob: Any) -> None:
    bob.press("Shift+Q")
    (middle,) = kept(bob)
    assert middle[:2] == pytest.approx((320, 240), abs=1)
    bob.press("v", "ArrowRight", "Shift+ArrowDown", "Control+ArrowRight")
    bob.page.get_by_role("button", name="clump").click()
    bob.press("Control+d")
    assert [row.split(",")[1] for row in bob.rows()] == [" clump", " clump"]
    first, second = kept(bob)
    expected = (middle[0] + 1.5, middle[1] + 10, middle[2] + 0.5, middle[3], 0)
    assert first == pytest.approx(expected, abs=0.01) and second[0] > first[0]
    bob.press("1")
    bob.page.wait_for_selector('[data-editor][data-tool="box"]')


def test_one_is_submitted_reviewed_and_read_again_as_it_was(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    bob.press("q")
    bob.drag(100, 100, 300, 180)
    bob.press("v")
    bob.drag(300, 100, 200, 280)
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    (given,) = clinic.result(task)
    turned = sound(given)
    assert (given["type"], given["value"]["ellipselabels"]) == ("ellipselabels", ["cell"])
    assert turned[:4] == pytest.approx((200, 140, 100, 40), abs=2) and turned[4] > 90
    rita = seat("rita").review(queue)
    assert rita.rows() == [f"Region 1, cell, 200 × 80, {turned[4]:.0f}°"]
    rita.press("e", "v")
    rita.drag(200, 140, 220, 150)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    (fixed,) = clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"]
    assert sound(fixed)[:2] == pytest.approx((turned[0] + 20, turned[1] + 10), abs=2)
    assert sound(fixed)[2:] == pytest.approx(turned[2:], abs=1e-6)
