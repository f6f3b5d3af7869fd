"""Polygons in a real browser, drawn and mended by hand and keys, kept by the server and reviewed."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="cell"/><Label value="clump"/></PolygonLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes and for polygons."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def outline(bob: Any, *points: tuple[float, float]) -> None:
    for point in points:
        bob.click(*point)


def saved(bob: Any) -> list[dict[str, Any]]:
    """The values of the regions as the server has them in Bob's draft."""
    bob.saved("there")
    draft = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]
    return [region["value"] for region in draft["result"]]


def test_an_outline_is_drawn_point_by_point_closed_and_sent(bob: Any) -> None:
    bob.press("o")
    outline(bob, (100, 100), (200, 100), (200, 200), (400, 400))
    bob.press("Backspace", "Enter")
    assert bob.rows() == ["Region 1, cell, 3 points"]
    outline(bob, (300, 300), (400, 300), (400, 400), (300, 300))
    assert len(bob.rows()) == 2
    outline(bob, (10, 10), (20, 10), (20, 20))
    bob.press("Escape")
    assert len(bob.rows()) == 2
    first, _ = saved(bob)
    assert (first["polygonlabels"], first["closed"]) == (["cell"], True)
    expected = [(100 / 6.4, 100 / 4.8), (200 / 6.4, 100 / 4.8), (200 / 6.4, 200 / 4.8)]
    assert all(
        abs(a - b) < 0.3
        for given, point in zip(first["points"], expected, strict=True)
        for a, b in zip(given, point, strict=True)
    )


def test_points_are_dragged_added_and_deleted_and_steps_undone(bob: Any) -> None:
    bob.press("o")
    outline(bob, (100, 100), (300, 100), (300, 300), (100, 300))
    bob.press("Enter", "v")
    bob.drag(300, 300, 350, 350)
    bob.page.mouse.dblclick(*bob.point(200, 100))
    assert bob.rows() == ["Region 1, cell, 5 points"]
    bob.page.keyboard.down("Alt")
    bob.click(100, 300)
    bob.page.keyboard.up("Alt")
    assert bob.rows() == ["Region 1, cell, 4 points"]
    points = saved(bob)[0]["points"]
    assert abs(points[3][0] * 6.4 - 350) < 2
    assert abs(points[1][0] * 6.4 - 200) < 2
    bob.press("Control+z", "Control+z", "Control+z")
    assert bob.rows() == ["Region 1, cell, 4 points"]
    bob.press("Control+z")
    assert bob.rows() == []
    bob.press("Control+Shift+z")
    assert bob.rows() == ["Region 1, cell, 4 points"]


def test_an_outline_is_selected_where_it_is_filled_moved_relabelled_and_copied(bob: Any) -> None:
    bob.press("o")
    outline(bob, (100, 100), (300, 100), (300, 300), (200, 150), (100, 300))
    bob.press("Enter", "v", "Escape")
    selected = bob.page.locator("[data-region-list] [aria-selected=true]")
    bob.click(200, 250)
    bob.settled()
    assert selected.count() == 0
    bob.click(120, 200)
    selected.wait_for()
    bob.page.get_by_role("button", name="clump").click()
    bob.press("ArrowRight", "Shift+ArrowDown", "Control+d")
    assert bob.rows() == ["Region 1, clump, 5 points", "Region 2, clump, 5 points"]
    first, second = saved(bob)
    assert abs(first["points"][0][0] * 6.4 - 101) < 2
    assert abs(first["points"][0][1] * 4.8 - 110) < 2
    assert second["points"][0][0] > first["points"][0][0]
    bob.press("Delete")
    assert len(bob.rows()) == 1


def test_a_label_of_the_other_kind_takes_the_other_tool_and_relabels_nothing(bob: Any) -> None:
    bob.press("Shift+O")
    assert bob.rows() == ["Region 1, cell, 4 points"]
    bob.press("1")
    assert bob.rows() == ["Region 1, cell, 4 points"]
    bob.page.wait_for_selector('[data-editor][data-tool="box"]')
    bob.drag(400, 50, 500, 150)
    assert bob.rows()[1].startswith("Region 2, RBC, 100 × 100")


def test_a_polygon_is_submitted_reviewed_and_read_again_as_it_was(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    bob.press("o")
    outline(bob, (100, 100), (300, 100), (300, 300))
    bob.press("Enter", "Enter")
    bob.ready("finished")
    bob.saved("clean")
    (given,) = clinic.result(task)
    assert (given["type"], given["value"]["polygonlabels"], len(given["value"]["points"])) == (
        "polygonlabels",
        ["cell"],
        3,
    )
    rita = seat("rita").review(queue)
    assert rita.rows() == ["Region 1, cell, 3 points"]
    rita.press("e", "v")
    rita.drag(200, 150, 220, 160)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    fixed = clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"]
    assert abs(fixed[0]["value"]["points"][0][0] - given["value"]["points"][0][0] - 20 / 6.4) < 0.5
