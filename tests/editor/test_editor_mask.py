"""Masks in a real browser: painted, erased, filled and picked by colour, kept by the server, reviewed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from label_studio_sdk.converter.brush import decode_rle
from numpy.typing import NDArray
from tests.label_studio import accepts

from motherlode.media import Image
from motherlode.shapes import SHAPES

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

SHAPE = SHAPES["mask"]
SIZE = Image(640, 480)
CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <BrushLabels name="area" toName="image"><Label value="cell"/><Label value="clump"/></BrushLabels>
</View>"""


@pytest.fixture
def bob(clinic: Any, seat: SeatMaker) -> Any:
    """Bob at a task whose schema asks for boxes and for masks."""
    return seat("bob").label(clinic.queue(1, config=CONFIG, review=True))


def kept(bob: Any) -> list[NDArray[np.bool_]]:
    """The pixels that the server has in Bob's draft, as Label Studio's SDK reads them."""
    bob.saved("there")
    draft = bob.clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]
    return [sound(region) for region in draft["result"]]


def sound(region: dict[str, Any]) -> NDArray[np.bool_]:
    """The pixels of a result that Label Studio's SDK and our own check take."""
    assert accepts(CONFIG, region)
    assert SHAPE.check(region["value"], SIZE) is None
    pixels = np.reshape(decode_rle(region["value"]["rle"]), (SIZE.height, SIZE.width, 4))[:, :, 3] > 0
    assert SHAPE.area(SHAPE.from_result(region["value"], SIZE)) == pixels.sum()
    return np.asarray(pixels)


def disc_of(bob: Any) -> tuple[float, float]:
    """The middle of the last disc of the picture, over which no other lies."""
    seed = bob.clinic.pictures
    return (seed * 97 + 8 * 71) % SIZE.width, (seed * 53 + 8 * 131) % SIZE.height


def pixels(bob: Any) -> list[int]:
    """How many pixels each mask of the list has."""
    return [int(row.rsplit(", ", 1)[1].removesuffix(" pixels")) for row in bob.rows()]


def test_a_mask_is_painted_added_to_erased_and_filled_and_each_stroke_is_a_step(bob: Any) -> None:
    bob.press("t")
    bob.drag(100, 100, 200, 100)
    assert [row.rsplit(",", 1)[0] for row in bob.rows()] == ["Region 1, cell"]
    [first] = kept(bob)
    assert first[100, 100:200].all() and not first[60, 150] and not first[100, 80]
    # a frame around what stays open, added to the selected mask
    for line in ((200, 100, 200, 180), (200, 180, 100, 180), (100, 180, 100, 100)):
        bob.drag(*line)
    assert len(bob.rows()) == 1
    [frame] = kept(bob)
    assert frame[180, 100:200].all() and not frame[140, 150]
    bob.press("Shift+D")
    bob.click(150, 140)
    [full] = kept(bob)
    assert full[140, 150] and full.sum() > frame.sum()
    bob.click(400, 400)
    bob.page.get_by_text("There is no hole of the selected mask here.").first.wait_for()
    bob.press("Shift+E")
    bob.drag(80, 140, 220, 140)
    [cut] = kept(bob)
    assert not cut[140, 100:200].any() and cut[100, 150]
    for expected in (full, frame):
        bob.press("Control+z")
        assert (kept(bob)[0] == expected).all()
    bob.press(*["Control+z"] * 4)
    assert bob.rows() == []
    bob.press(*["Control+Shift+z"] * 6)
    assert pixels(bob) == [cut.sum()]


def test_the_wand_takes_a_colour_and_dragging_changes_how_much(bob: Any) -> None:
    bob.press("Shift+W")
    x, y = disc_of(bob)
    bob.click(x, y)
    [disc] = kept(bob)
    assert 1000 < disc.sum() < 4000
    bob.press("Escape")
    bob.drag(x, y, x + 300, y)
    everything = pixels(bob)[1]
    assert everything > 100_000


def test_the_brush_has_a_size_and_a_label_of_its_own_begins_another_mask(bob: Any) -> None:
    bob.press("t")
    bob.click(300, 200)
    small = pixels(bob)[0]
    bob.press("Escape", *[">"] * 6)
    bob.click(400, 300)
    assert len(bob.rows()) == 2 and pixels(bob)[1] > 2 * small
    bob.press(*["<"] * 6, "Escape")
    bob.page.get_by_role("button", name="clump").click()
    bob.click(400, 300)
    assert [row.split(",")[1] for row in bob.rows()] == [" cell", " cell", " clump"]
    bob.press("v", "ArrowRight", "Shift+ArrowDown", "Control+d")
    *_, moved, copy = kept(bob)
    assert moved[310, 401] and moved.sum() == copy.sum() and not (moved == copy).all()
    bob.press("l", "Shift+E")
    bob.drag(390, 310, 420, 310)
    assert (kept(bob)[-1] == copy).all()


def test_one_is_kept_over_a_reload_submitted_and_reviewed(clinic: Any, bob: Any, seat: SeatMaker) -> None:
    task = bob.task
    queue = bob.page.url.rstrip("/").rsplit("/", 1)[-1]
    bob.press("t")
    bob.drag(100, 100, 300, 180)
    bob.drag(300, 180, 300, 300)
    [painted] = kept(bob)
    bob.page.reload()
    bob.ready("task")
    assert pixels(bob) == [painted.sum()]
    bob.press("v", "j")
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    (given,) = clinic.result(task)
    assert (given["type"], given["value"]["brushlabels"]) == ("brushlabels", ["cell"])
    assert (sound(given) == painted).all()
    rita = seat("rita").review(queue)
    assert pixels(rita) == [painted.sum()]
    rita.press("e", "v", "j", "Shift+E")
    rita.drag(300, 240, 300, 320)
    with rita.page.expect_response("**/review"):
        rita.press("Control+Enter")
    (fixed,) = clinic.call("POST", f"tasks/{task}/open", who="bob")["annotation"]["result"]
    assert not sound(fixed)[250:300, 300].any() and sound(fixed)[100, 110]
