"""Keypoints in a real browser, set and moved by hand and keys, kept by the server and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface

from motherlode.media import Image
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

SIZE = Image(640, 480)
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <KeyPointLabels name="spot" toName="image"><Label value="nucleus"/><Label value="edge"/></KeyPointLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes and for keypoints."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def places(result: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """The geometries of results that Label Studio's validator and ours take."""
    shape = SHAPES["keypoint"]
    interface: Any = LabelInterface(CONFIG)
    for region in result:
        assert interface.validate_region(region, return_errors=True) == []
        assert shape.check(region["value"], SIZE) is None
    return [shape.from_result(region["value"], SIZE) for region in result]


def saved(bob: Any) -> list[tuple[float, float]]:
    """The keypoints as the server has them in Bob's draft."""
    bob.saved("there")
    return places(bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"])


def test_a_press_sets_one_also_on_another_region_and_steps_are_undone(bob: Any) -> None:
    bob.press("b")
    bob.drag(50, 50, 300, 300)
    bob.press("m")
    for x, y in ((100, 120), (400, 200), (401, 200)):
        bob.click(x, y)
    assert len(bob.rows()) == 4 and bob.rows()[1].startswith("Region 2, nucleus, 100, 120")
    bob.page.wait_for_selector('[data-editor][data-tool="keypoint"]')
    bob.press("Control+z", "Control+z")
    assert len(bob.rows()) == 2
    bob.press("Control+Shift+z")
    assert len(bob.rows()) == 3
    bob.saved("there")
    result = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert [region["value"]["width"] for region in result[1:]] == [0.5, 0.5]
    assert places(result[1:]) == [pytest.approx((100, 120), abs=1), pytest.approx((400, 200), abs=1)]


def test_one_is_picked_beside_its_dot_dragged_nudged_and_set_by_keys(bob: Any) -> None:
    bob.press("m")
    bob.click(100, 100)
    bob.click(630, 200)
    bob.press("v", "Escape")
    bob.click(105, 100)
    bob.page.locator("[data-region-list] [aria-selected=true]", has_text="nucleus").wait_for()
    bob.page.get_by_role("button", name="edge").click()
    bob.drag(100, 100, 150, 160)
    bob.press("ArrowRight", "Shift+ArrowDown")
    bob.click(630, 200)
    bob.press("Shift+ArrowRight", "Shift+ArrowRight")
    bob.press("Escape", "Shift+M")
    assert [row.split(", ")[1] for row in bob.rows()] == ["edge", "nucleus", "edge"]
    moved, stopped, middle = saved(bob)
    assert moved == pytest.approx((151, 170), abs=1.5)
    assert stopped == pytest.approx((640, 200), abs=1) and stopped[0] == 640
    assert middle == pytest.approx((320, 240), abs=1)


def test_one_is_submitted_reviewed_and_mended(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    bob.press("m")
    bob.click(200, 150)
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    given = clinic.result(task)
    assert places(given) == [pytest.approx((200, 150), abs=1)]
    rita = seat("rita").review(queue)
    assert rita.rows() == ["Region 1, nucleus, 200, 150"]
    rita.press("e", "v")
    rita.drag(200, 150, 220, 160)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    [fixed] = places(clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"])
    assert fixed == pytest.approx((220, 160), abs=1.5)
