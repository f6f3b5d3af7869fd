"""The label and review pages with every kind of tool and of question, as axe-core finds them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="label" toName="image"><Label value="RBC"/><Label value="WBC"/></RectangleLabels>
  <BrushLabels name="area" toName="image"><Label value="stain"/></BrushLabels>
  <Choices name="quality" toName="image" required="true"><Choice value="sharp"/><Choice value="dark"/></Choices>
  <TextArea name="words" toName="image" placeholder="What is odd?"/>
  <Number name="count" toName="image" min="0" max="50"/>
  <Rating name="stars" toName="image" maxRating="4"/>
  <Taxonomy name="animal" toName="image">
    <Choice value="dog"><Choice value="small"/><Choice value="large"/></Choice>
    <Choice value="cat"/>
  </Taxonomy>
  <Choices name="occluded" toName="image" perRegion="true"><Choice value="no"/><Choice value="partly"/></Choices>
  <TextArea name="note" toName="image" perRegion="true"/>
</View>"""
PLACE = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
NAMES_TOO = {"rules": {"label-content-name-mismatch": {"enabled": True}}}
"""Axe's options: whether a name holds the words in sight is asked too."""


def said(control: str, kind: str, what: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of a Label Studio result."""
    size = {"original_width": 640, "original_height": 480, "image_rotation": 0}
    return {"id": uuid4().hex, "type": kind, "from_name": control, "to_name": "image", "value": what, **size, **more}


def box(**more: Any) -> dict[str, Any]:
    return said("label", "rectanglelabels", {**PLACE, "rectanglelabels": ["RBC"]}, **more)


def answers() -> list[dict[str, Any]]:
    """What an annotator handed in: a box with answers about it, and answers about the whole image."""
    return [
        box(id="r"),
        said("occluded", "choices", {**PLACE, "choices": ["partly"]}, id="r"),
        said("note", "textarea", {**PLACE, "text": ["edge worn"]}, id="r"),
        said("quality", "choices", {"choices": ["sharp"]}),
        said("words", "textarea", {"text": ["a scratch"]}),
        said("count", "number", {"number": 3}),
        said("stars", "rating", {"rating": 2}),
        said("animal", "taxonomy", {"taxonomy": [["dog", "large"]]}),
    ]


def hand_in(clinic: Any, queue: str, result: list[dict[str, Any]]) -> None:
    task = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")["task"]["id"]
    body = {"result": result, "operation_id": str(uuid4()), "next": False}
    clinic.call("POST", f"tasks/{task}/submit", body, who="bob")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_label_and_review_pages_have_no_serious_fault_of_accessibility(
    clinic: Any, seat: SeatMaker, theme: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    reason = {"text": "missed RBC", "failure_url": "/p/cells/failures/x/"}
    bob = seat("bob")
    bob.page.emulate_media(color_scheme=theme)
    bob.label(clinic.queue(1, config=CONFIG, prelabels=[box(score=0.9)], reason=reason))
    bob.press("t")
    bob.drag(200, 300, 300, 300)
    bob.press("b", "1")
    bob.drag(300, 100, 400, 200)
    bob.page.locator('[data-panel="note"]').wait_for()
    bob.page.locator("details summary").first.click()
    queue = clinic.queue(1, config=CONFIG, review=True, reason={"text": "check: cells"})
    hand_in(clinic, queue, answers())
    rita = seat("rita")
    rita.page.emulate_media(color_scheme=theme)
    rita.review(queue)
    rita.press("e", "j")
    rita.page.locator('[data-panel="note"]').wait_for()
    for page in (bob.page, rita.page):
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 800})
            found = Axe().run(page, options=NAMES_TOO).response["violations"]
            serious = [
                (one["id"], [node["html"] + node["failureSummary"] for node in one["nodes"]])
                for one in found
                if one["impact"] in ("serious", "critical")
            ]
            assert not serious, f"{page.url} at {width}: {serious}"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


SIX_KINDS = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="RBC"/></RectangleLabels>
  <PolygonLabels name="outline" toName="image"><Label value="clump"/></PolygonLabels>
  <VectorLabels name="line" toName="image"><Label value="edge"/></VectorLabels>
  <BrushLabels name="mask" toName="image"><Label value="stain"/></BrushLabels>
  <KeyPointLabels name="point" toName="image"><Label value="centre"/></KeyPointLabels>
  <EllipseLabels name="ellipse" toName="image"><Label value="drop"/></EllipseLabels>
</View>"""
# How far the last tool reaches below the toolbar, and how high the lowest button is.
TOOLS = """() => {
  const bar = document.querySelector(".ed-tools").getBoundingClientRect();
  const all = [...document.querySelectorAll(".ed-tools button")].filter((tool) => tool.checkVisibility());
  const tools = all.map((tool) => tool.getBoundingClientRect());
  return [tools.at(-1).bottom - bar.bottom, Math.min(...tools.map((tool) => tool.height))];
}"""


def test_the_tools_of_six_kinds_are_all_in_sight_in_a_low_window(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob")
    bob.page.set_viewport_size({"width": 1100, "height": 720})
    bob.label(clinic.queue(1, config=SIX_KINDS))
    over, height = bob.page.evaluate(TOOLS)
    assert over <= 0 and height >= 24


def test_the_picture_is_framed_while_the_keyboard_has_it(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    frame = "() => getComputedStyle(document.querySelector('[data-middle]'), '::after').boxShadow"
    bob.page.locator("[data-stage]").focus()
    bob.press("Escape")
    assert "inset" in bob.page.evaluate(frame)
    bob.page.locator('.ed-bottom [data-command="submit"]').focus()
    assert bob.page.evaluate(frame) == "none"
