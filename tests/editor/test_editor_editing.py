"""Copying to the next task, and snapping to what lies near."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
</View>"""


def pictures(*sizes: tuple[int, int]) -> dict[str, bytes]:
    """Pictures of these sizes, no two alike."""
    made = {}
    for width, height in sizes:
        out = io.BytesIO()
        Image.effect_noise((width, height), 50).save(out, "PNG")
        made[f"series-{uuid4().hex}.png"] = out.getvalue()
    return made


def drafted(clinic: Any, task: str) -> list[dict[str, Any]]:
    """What the server holds of bob's work on a task."""
    found: list[dict[str, Any]] = clinic.call("POST", f"tasks/{task}/open", who="bob")["draft"]["result"]
    return found


def in_pixels(result: dict[str, Any]) -> list[int]:
    """A box on a picture of 640 by 480: x, y, width, height."""
    value = result["value"]
    return [round(value[side] * over / 100) for side, over in (("x", 640), ("y", 480), ("width", 640), ("height", 480))]


def test_regions_are_copied_to_the_next_task_cut_at_its_edge_and_undone_there(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    queue = clinic.queue_of(clinic.send(pictures((640, 480), (320, 480), (640, 480))), CONFIG)
    bob = seat("bob").label(queue)
    said = bob.page.locator("[data-notes]")
    bob.press("1")
    bob.drag(40, 40, 100, 100)
    bob.drag(300, 200, 400, 300)
    bob.drag(500, 40, 560, 100)
    bob.press("Escape", "Shift+C")
    said.get_by_text("3 regions will be copied to the next task.").wait_for()
    bob.press("Enter")
    bob.at(2)
    said.get_by_text("1 region was clipped to the picture. 1 region lay outside and was left out.").wait_for()
    bob.saved("there")
    first, second = drafted(clinic, bob.task)
    assert accepts(CONFIG, first) and accepts(CONFIG, second)
    assert round(first["value"]["width"] * 3.2) == 60
    assert [round(second["value"][side] * 3.2) for side in ("x", "width")] == [300, 20]
    bob.press("Control+z")
    assert not bob.rows()
    bob.press("Enter")
    bob.at(3)
    assert not bob.rows(), "they are copied once"


def test_what_is_drawn_and_dragged_snaps_to_what_lies_near(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(clinic.queue(1, config=CONFIG))
    page, task = bob.page, bob.task
    mark = page.locator(".ed-snap")
    bob.press("1")
    bob.drag(100, 100, 200, 200)
    bob.drag(203, 203, 300, 280)
    bob.press("Shift+V")
    bob.drag(203, 97, 300, 3)
    page.mouse.move(*bob.point(97, 150))
    bob.settled()
    assert mark.get_attribute("d"), "what it snaps to is marked before the press"
    page.keyboard.down("Control")
    bob.drag(97, 150, 40, 180)
    page.keyboard.up("Control")
    bob.press("v")
    bob.drag(60, 165, 117, 212)
    assert mark.get_attribute("d") == ""
    bob.saved("there")
    plain, loose, caught, free = map(in_pixels, drafted(clinic, task))
    assert plain == [100, 100, 100, 100]
    assert loose == [203, 203, 97, 77], "nothing snaps before it is turned on"
    assert caught == [200, 0, 100, 100]
    assert free == [100, 200, 57, 30], "Ctrl held turns it off; a moved region goes on to what lies near"


def test_every_step_is_undone_and_done_again_after_a_reload(clinic: Any, seat: Callable[..., Any]) -> None:
    suggested = [
        {
            "id": name,
            "type": "rectanglelabels",
            "from_name": "label",
            "to_name": "image",
            "score": 0.8,
            "value": {"x": x, "y": 70, "width": 8, "height": 10, "rotation": 0, "rectanglelabels": ["WBC"]},
        }
        for name, x in (("p1", 10), ("p2", 40))
    ]
    bob = seat("bob").label(clinic.queue(1, config=CONFIG, prelabels=suggested))
    bob.press("1")
    bob.drag(100, 100, 200, 200)
    bob.press("ArrowRight", "Escape", "d", "d", "a", "a", "Escape")
    bob.drag(300, 100, 400, 200)
    bob.press("Control+d", "Delete", "Control+z")
    bob.saved("there")
    whole = drafted(clinic, bob.task)
    assert len(whole) == 4
    bob.page.reload()
    bob.ready()
    bob.press("Control+Shift+z")
    assert len(bob.rows()) == 3, "what was undone is done again"
    undo = bob.page.locator("[data-command=undo]")
    while undo.get_attribute("aria-disabled") == "false":
        bob.press("Control+z")
        bob.settled()
    assert [row.split(", ")[0] for row in bob.rows()] == ["Pre-label"] * 2
    bob.press(*["Control+Shift+z"] * 20, "Control+z")
    assert len(bob.rows()) == 4
    bob.saved("there")
    bob.page.wait_for_function("() => document.querySelector('[data-saved]').dataset.saved === 'there'")
    assert drafted(clinic, bob.task) == whole
