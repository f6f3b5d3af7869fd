"""Comments pinned to regions and places: a reviewer says them, the annotator answers and resolves them, by keys."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]
SeatMaker = Callable[..., Any]

SPANS = """<View><Text name="text" value="$text"/>
  <Labels name="label" toName="text"><Label value="Part"/><Label value="Fault"/></Labels></View>"""
ROWS = "[data-comment-rows] [data-comment]"
AT = "pin => { const r = pin.getBoundingClientRect(); return [r.left, r.bottom]; }"


def box(name: str, x: float, y: float) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["RBC"]}
    return {"id": name, "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": value}


def answered(clinic: Any, queue: str, result: list[dict[str, Any]]) -> str:
    """Bob's answer to the queue's next task; the task."""
    task = str(clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")["task"]["id"])
    body = {"result": result, "operation_id": str(uuid4()), "next": False}
    clinic.call("POST", f"tasks/{task}/submit", body, who="bob")
    return task


def annotation(clinic: Any, task: str) -> str:
    return str(clinic.call("GET", f"tasks/{task}")["annotations"][0]["uuid"])


def said(clinic: Any, task: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = clinic.call("GET", f"annotations/{annotation(clinic, task)}/comments", who="rita")
    return found


def test_pins_of_a_reviewer_go_back_with_the_task_and_are_answered(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1, review=True)
    task = answered(clinic, queue, [box("a", 10, 10), box("b", 60, 60)])
    rita = seat("rita").review(queue)
    page, rows, pins = rita.page, rita.page.locator(ROWS), rita.page.locator(".ed-pins [data-pin]")
    rita.settled()
    rita.press("j", "Alt+c")
    expect(page.locator("[data-comment-about]")).to_have_text("On RBC")
    page.keyboard.type("too wide")
    rita.press("Control+Enter")
    expect(rows).to_have_count(1)
    expect(pins).to_have_text(["1"])
    left, bottom = pins.first.evaluate(AT)
    assert (left, bottom) == pytest.approx(rita.point(0.3 * 640, 0.1 * 480), abs=2)
    page.keyboard.press("Escape")
    page.mouse.move(*rita.point(320, 240))
    rita.press("Alt+c")
    expect(page.locator("[data-comment-about]")).to_have_text("On this place")
    page.keyboard.type("a cell is missing")
    page.get_by_role("button", name="Send").click()
    expect(pins).to_have_text(["1", "2"])
    assert pins.nth(1).evaluate(AT) == pytest.approx(rita.point(320, 240), abs=2)
    one, two = said(clinic, task)
    assert (one["region"], two["region"]) == ("a", None)
    assert two["place"] == pytest.approx({"x": 320, "y": 240}, abs=2)
    rita.press("r")
    rita.ready("finished")
    rita.saved("clean")

    bob = seat("bob").label(queue)
    page, rows, pins = bob.page, bob.page.locator(ROWS), bob.page.locator(".ed-pins [data-pin]")
    expect(page.locator("[data-reason]")).to_contain_text("1. too wide 2. a cell is missing")
    expect(page.locator(".ed-note", has_text="2 open comments")).to_be_visible()
    expect(rows).to_have_count(2)
    bob.settled()
    bob.press("Alt+v")
    expect(rows.nth(0)).to_have_attribute("aria-current", "true")
    expect(page.locator('[data-region-list] [aria-selected="true"]')).to_have_count(1)
    bob.press("Alt+a")
    page.keyboard.type("made closer")
    bob.press("Control+Enter")
    expect(rows.nth(0)).to_contain_text("made closer")
    bob.press("Alt+z")
    expect(rows.nth(0)).to_contain_text("resolved by bob")
    expect(page.locator("[data-comment-summary]")).to_have_text("1 open")
    bob.press("Alt+v")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    bob.press("Alt+z")
    expect(rows.nth(1)).to_contain_text("resolved by bob")
    bob.press("Alt+Shift+v")
    expect(rows.nth(0)).to_have_attribute("aria-current", "true")
    bob.press("Delete")
    expect(rows.nth(0)).to_contain_text("a region that is gone")
    expect(pins).to_have_text(["1", "2"])
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    one, two = said(clinic, task)
    assert one["resolved"] and two["resolved"] and one["gone"]
    assert one["replies"][0]["text"] == "made closer"
    page.goto(f"{clinic.url}/p/cells/tasks/{task}/")
    expect(page.locator(".picture-pin text")).to_have_text(["1", "2"])
    expect(page.get_by_text("made closer")).to_be_visible()


def test_a_pin_of_a_text_stands_beside_its_words(clinic: Any, seat: SeatMaker) -> None:
    [item] = clinic.send({f"report-{uuid4().hex[:6]}.txt": b"The left valve leaks.\nIt was mended in May.\n"})
    queue = clinic.queue_of([item], SPANS, review=True)
    value = {"start": 9, "end": 14, "text": "valve", "labels": ["Part"]}
    span = {"id": "v", "type": "labels", "from_name": "label", "to_name": "text", "value": value}
    task = answered(clinic, queue, [span])
    rita = seat("rita").review(queue)
    page, pins = rita.page, rita.page.locator(".ed-pins [data-pin]")
    rita.press("j", "Alt+c")
    page.keyboard.type("which valve?")
    rita.press("Control+Enter")
    expect(pins).to_have_text(["1"])
    words = page.locator("[data-document] [data-key]").first.bounding_box()
    left, bottom = pins.first.evaluate(AT)
    assert left == pytest.approx(words["x"] + words["width"], abs=3)
    assert abs(bottom - words["y"]) < words["height"]
    assert said(clinic, task)[0]["place"] == {"start": 9, "end": 14}


def test_a_comment_that_was_not_saved_stays_in_its_field(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(1, review=True)
    task = answered(clinic, queue, [box("a", 10, 10)])
    rita = seat("rita").review(queue)
    field = rita.page.locator("[data-comment-text]")
    rita.page.route("**/comments", lambda route: route.abort())
    rita.press("Alt+c")
    rita.page.keyboard.type("kept")
    rita.press("Control+Enter")
    rita.page.locator(".ed-note", has_text="The comment was not saved").wait_for()
    expect(field).to_have_value("kept")
    rita.page.unroute("**/comments")
    field.press("Control+Enter")
    expect(rita.page.locator(ROWS)).to_have_count(1)
    expect(field).to_be_hidden()
    assert [row["text"] for row in said(clinic, task)] == ["kept"]
    rita.press("?")
    for words in ("Next comment", "Previous comment", "Reply to the comment", "Resolve the comment, or open it again"):
        expect(rita.page.locator("dialog[open]")).to_contain_text(words)
