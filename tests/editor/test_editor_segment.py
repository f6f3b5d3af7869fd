"""Clicks and boxes that a segmentation model answers which the operator gives, in a real browser."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests import tiny_sam
from tests.editor.conftest import SIZE, Clinic

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]
CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cell"/></RectangleLabels>
<PolygonLabels name="outline" toName="image"><Label value="rim"/></PolygonLabels></View>"""
CELL = (160, 96, 320, 224)


def picture() -> bytes:
    image = Image.new("RGB", SIZE, (210, 210, 210))
    image.paste((40, 40, 40), CELL)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sam.write(tmp_path_factory.mktemp("models") / "tiny", side=SIZE[0])


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path, model: Path) -> Iterator[Clinic]:
    """A server of its own, to which a model is given."""
    with pytest.MonkeyPatch.context() as world:
        world.setenv("MOTHERLODE_ASSIST_MODEL", str(model))
        made = Clinic(tmp_path_factory.mktemp("given"), migrated_file)
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def queue(clinic: Clinic) -> str:
    return clinic.queue_of(clinic.send({"cell.png": picture()}), CONFIG)


def test_a_click_and_a_drawn_box_are_answered_and_a_model_that_fails_costs_no_stroke(
    clinic: Clinic, queue: str, model: Path, seat: SeatMaker
) -> None:
    bob = seat("bob").label(queue)
    bob.page.wait_for_selector('[data-assist="on"]')
    title = bob.page.locator('[data-command="tool.assist"]').get_attribute("title")
    assert "by a click or a drawn box: tiny " in title and "not measured on your labels yet" in title
    bob.press("1", "e")
    bob.page.wait_for_selector('[data-editor][data-tool="assist"]')
    bob.click(200, 150)
    bob.page.locator("[data-region-list] [role=option]").nth(0).wait_for()
    bob.press("Enter")
    bob.saved("there")
    bob.page.keyboard.press("Escape")
    bob.press("2", "e")
    bob.drag(130, 60, 350, 260)
    bob.page.locator("[data-region-list] [role=option]").nth(1).wait_for()
    assert [row.startswith("Pre-label, rim") for row in bob.rows()].count(True) == 1
    bob.press("Enter")
    bob.page.wait_for_function("() => !document.querySelector('[data-region-list]').textContent.includes('Pre-label')")
    bob.saved("there")
    box, outline = sorted(
        clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"],
        key=lambda one: one["type"],
        reverse=True,
    )
    assert [box["value"][name] for name in ("x", "y", "width", "height")] == pytest.approx(
        [100 * 160 / 640, 100 * 96 / 480, 100 * 160 / 640, 100 * 128 / 480]
    )
    assert box["meta"]["prediction"]["model_version"].startswith("segment tiny ")
    corners = {(round(x * 6.4), round(y * 4.8)) for x, y in outline["value"]["points"]}
    assert corners == {(160, 96), (320, 96), (320, 224), (160, 224)}

    tiny_sam.write(model, side=SIZE[0], answer="nan")
    bob.press("1", "e")
    bob.click(230, 180)
    bob.press("b")
    bob.drag(400, 300, 480, 380)  # one goes on drawing
    bob.page.get_by_text("tiny failed: decoder.onnx answered with numbers that are not finite").first.wait_for()
    assert len(bob.rows()) == 3
    bob.saved("there")
    assert len(clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]) == 3
