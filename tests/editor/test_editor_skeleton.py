"""Skeletons in a real browser: placed point by point, changed by hand and keys, kept by the server and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest
from label_studio_sdk.label_interface.interface import LabelInterface
from playwright.sync_api import expect

from motherlode.labeling_config import build
from motherlode.media import Image
from motherlode.shapes.skeleton import Skeleton, SkeletonShape, Template

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

FACE = Template(("nose", "left_eye", "right_eye", "chin"), ((0, 1), (0, 2), (1, 2), (0, 3)))
CONFIG = build(["face", "eyes"], "skeletons", parts={"face": FACE.attributes, "eyes": {"points": "left_eye,right_eye"}})
SHAPE = SkeletonShape(FACE)
NONE = (0.0, 0.0, 0)


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for skeletons."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def places(result: list[dict[str, Any]]) -> list[Skeleton]:
    """The geometries of results that Label Studio's validator and ours take."""
    interface: Any = LabelInterface(CONFIG)
    for region in result:
        assert interface.validate_region(region, return_errors=True) == []
        assert SHAPE.check(region["value"], Image(640, 480)) is None
    return [SHAPE.from_result(region["value"], Image(640, 480)) for region in result]


def saved(bob: Any) -> list[Skeleton]:
    """The skeletons as the server has them in Bob's draft."""
    bob.saved("there")
    return places(bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"])


def near(*joints: tuple[float, float, int]) -> Any:
    return [pytest.approx(joint, abs=1.5) for joint in joints]


def beside(bob: Any, words: str) -> None:
    """These words stand beside the pointer."""
    expect(bob.page.locator(".ed-words")).to_have_text(words)


def face(bob: Any) -> None:
    """A face of nose, a hidden left eye and a chin; the right eye is skipped."""
    bob.press("Alt+p")
    bob.page.wait_for_selector('[data-editor][data-tool="skeleton"]')
    bob.click(200, 200)
    beside(bob, "left_eye (2 of 4)")
    bob.page.mouse.move(*bob.point(170, 150))
    bob.press("Shift+H")
    beside(bob, "right_eye (3 of 4)")
    bob.press("Alt+x")
    beside(bob, "chin (4 of 4)")
    bob.click(210, 300)


def test_points_are_placed_hidden_skipped_and_taken_back_and_missing_ones_come_later(bob: Any) -> None:
    face(bob)
    assert bob.rows() == ["Region 1, face, 3 of 4 points"]
    assert [*map(list, saved(bob))] == [near((200, 200, 2), (170, 150, 1), NONE, (210, 300, 2))]
    bob.click(400, 200)
    bob.press("Backspace")
    beside(bob, "nose (1 of 4)")
    bob.click(410, 210)
    bob.page.keyboard.down("Shift")
    bob.click(380, 150)
    bob.page.keyboard.up("Shift")
    bob.press("Enter")
    assert bob.rows()[1] == "Region 2, face, 2 of 4 points"
    bob.press("v", "Alt+m")
    bob.page.mouse.move(*bob.point(440, 150))
    beside(bob, "right_eye (3 of 4)")
    bob.click(440, 150)
    bob.press("Enter")
    assert bob.rows()[1] == "Region 2, face, 3 of 4 points"
    assert [*saved(bob)[1]] == near((410, 210, 2), (380, 150, 1), (440, 150, 2), NONE)
    bob.press("Control+z")
    assert bob.rows()[1] == "Region 2, face, 2 of 4 points"
    bob.press("Escape", "v", "Control+z")
    assert len(bob.rows()) == 1
    bob.page.reload()
    bob.ready()
    assert bob.rows() == ["Region 1, face, 3 of 4 points"]


def test_single_points_are_dragged_hidden_taken_away_and_moved_by_keys_and_the_whole_is_copied(bob: Any) -> None:
    face(bob)
    bob.press("v")
    bob.drag(210, 300, 230, 320)
    bob.page.mouse.move(*bob.point(170, 150))
    beside(bob, "left_eye, hidden")
    assert bob.page.locator(".ed-handle.is-hollow").count() == 1
    bob.press("Shift+H")
    beside(bob, "left_eye, hidden")
    expect(bob.page.locator(".ed-handle.is-hollow")).to_have_count(0)
    assert [*saved(bob)[0]] == near((200, 200, 2), (170, 150, 2), NONE, (230, 320, 2))
    bob.press("Alt+n")
    beside(bob, "chin")
    bob.press("Control+ArrowRight", "Shift+H")
    assert [*saved(bob)[0]] == near((200, 200, 2), (170, 150, 2), NONE, (231, 320, 1))
    bob.press("ArrowDown", "Shift+ArrowRight")
    assert [*saved(bob)[0]] == near((210, 201, 2), (180, 151, 2), NONE, (241, 321, 1))
    bob.page.keyboard.down("Alt")
    bob.click(180, 151)
    bob.page.keyboard.up("Alt")
    assert bob.rows() == ["Region 1, face, 2 of 4 points"]
    bob.press("Control+d")
    assert len(bob.rows()) == 2
    bob.page.get_by_role("button", name="eyes").click()
    assert bob.rows() == ["Region 1, face, 2 of 4 points", "Region 2, face, 2 of 4 points"]
    bob.press("Delete", "Escape", "Alt+Shift+P")
    assert bob.rows()[1] == "Region 2, eyes, 2 of 2 points"


def test_one_is_submitted_reviewed_and_mended(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    face(bob)
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    [given] = places(clinic.result(task))
    assert [*given] == near((200, 200, 2), (170, 150, 1), NONE, (210, 300, 2))
    rita = seat("rita").review(queue)
    assert rita.rows() == ["Region 1, face, 3 of 4 points"]
    rita.press("e", "v")
    rita.click(203, 230)
    rita.drag(210, 300, 250, 310)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    [fixed] = places(clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"])
    assert [*fixed] == near((200, 200, 2), (170, 150, 1), NONE, (250, 310, 2))
