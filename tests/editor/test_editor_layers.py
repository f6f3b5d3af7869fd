"""Which regions are seen: pre-labels by score and model, and the filter of the list, which the picture follows."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clot"/></PolygonLabels>
</View>"""


def box(name: str, label: str, x: float, **more: Any) -> dict[str, Any]:
    value = {"x": x, "y": 20, "width": 8, "height": 10, "rotation": 0, "rectanglelabels": [label]}
    return {"id": name, "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": value, **more}


PRELABELS = [
    box("p1", "RBC", 10, score=0.9, model_version="yolo 3"),
    box("p2", "RBC", 30, score=0.6, model_version="yolo 3"),
    box("p3", "WBC", 50, score=0.4, model_version="detr 1"),
    box("p4", "WBC", 70, score=0.3, model_version="detr 1"),
]


@pytest.fixture
def queue(clinic: Any) -> str:
    return str(clinic.queue(2, config=CONFIG, prelabels=PRELABELS))


def test_prelabels_are_shown_from_a_score_on_taken_and_put_aside(
    clinic: Any, seat: Callable[..., Any], queue: str
) -> None:
    bob = seat("bob").label(queue)
    task, page = bob.task, bob.page
    slider, panel = page.get_by_label("Least score of a pre-label"), page.locator("[data-prelabels]")
    assert len(bob.rows()) == 4
    slider.fill("35")
    panel.get_by_text("3 of 4 pre-labels").wait_for()
    assert len(bob.rows()) == 3
    bob.click(460, 120)
    assert not page.locator("[aria-selected=true]").count(), "one that is not shown is not under the pointer"
    bob.press("PageUp", "PageUp")
    panel.get_by_text("2 of 4 pre-labels").wait_for()
    bob.press("d", "d")
    panel.get_by_text("1 of 3 pre-labels").wait_for()
    bob.press("Shift+A")
    panel.get_by_text("0 of 2 pre-labels").wait_for()
    bob.saved("there")
    (kept,) = clinic.call("POST", f"tasks/{task}/open", who="bob")["draft"]["result"]
    assert accepts(CONFIG, kept)
    assert kept["meta"]["prediction"] == {"id": "p2", "score": 0.6, "model_version": "yolo 3"}
    page.reload()
    bob.ready()
    panel.get_by_text("0 of 2 pre-labels").wait_for()
    assert slider.input_value() == "45"
    bob.press("PageDown", "PageDown", "PageDown")
    panel.get_by_text("2 of 2 pre-labels").wait_for()
    bob.press("Shift+Delete")
    panel.wait_for(state="hidden")
    assert len(bob.rows()) == 1
    bob.press("Control+z")
    panel.get_by_text("2 of 2 pre-labels").wait_for()
    assert len(bob.rows()) == 3


def test_prelabels_of_several_models_are_told_apart(seat: Callable[..., Any], queue: str) -> None:
    bob = seat("bob").label(queue)
    panel = bob.page.locator("[data-prelabels]")
    panel.get_by_label("detr 1").uncheck()
    panel.get_by_text("2 of 4 pre-labels").wait_for()
    assert [row.split(", ")[1] for row in bob.rows()] == ["RBC", "RBC"]


def test_the_list_is_filtered_by_keys_and_the_picture_follows(seat: Callable[..., Any], queue: str) -> None:
    bob = seat("bob").label(queue)
    page = bob.page
    bob.press("/")
    page.keyboard.type("wbc")
    assert [row.split(", ")[1] for row in bob.rows()] == ["WBC", "WBC"]
    page.get_by_text("2 of 4 shown").wait_for()
    bob.press("Enter", "j")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("data-key", "p:p4")
    bob.press("Escape")
    bob.click(80, 120)
    assert not page.locator("[aria-selected=true]").count(), "what is not listed is not under the pointer"
    bob.press("1")
    bob.drag(200, 300, 260, 360)
    assert [row.split(", ")[1] for row in bob.rows()] == ["WBC", "WBC", "RBC"], "what was just drawn stays in sight"
    bob.press("Escape", "Escape")
    assert len(bob.rows()) == 5
    page.locator("[data-filter]").wait_for(state="hidden")
    bob.press("/")
    page.get_by_label("Source of the regions shown").select_option("mine")
    assert len(bob.rows()) == 1
    page.get_by_label("Label of the regions shown").select_option("clot")
    assert not bob.rows()
    bob.press("Escape")
    assert len(bob.rows()) == 5
    assert page.evaluate("() => document.activeElement.matches('[data-stage]')")
