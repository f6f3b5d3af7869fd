"""The layers that an answer is compared with on the review page, each with its line, its count and its key."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

COLOURS = """() => {
  const canvas = document.querySelector('[data-regions]');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const seen = { truth: 0, prediction: 0, other: 0, any: 0 };
  const wanted = { truth: [43, 213, 103], prediction: [255, 140, 26], other: [78, 161, 255] };
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 255) continue;
    seen.any += 1;
    for (const [name, colour] of Object.entries(wanted)) {
      if (colour.every((part, n) => Math.abs(data[at + n] - part) < 3)) seen[name] += 1;
    }
  }
  return seen;
}"""


def box(name: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    value = {"x": x, "y": y, "width": 12, "height": 12, "rotation": 0, "rectanglelabels": ["RBC"]}
    return {"id": name, "type": "rectanglelabels", "from_name": "label", "to_name": "image", "value": value, **more}


def answered(clinic: Any, queue: str, result: list[dict[str, Any]], draft: list[dict[str, Any]] | None = None) -> str:
    """Bob's answer to the queue's next task, which carol may have begun before; the task."""
    if draft is not None:
        task = clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="carol")["task"]["id"]
        clinic.call("PUT", f"tasks/{task}/draft", {"result": draft}, who="carol")
        clinic.call("DELETE", f"tasks/{task}/lease", who="carol")
    task = str(clinic.call("POST", f"queues/{queue}/next", {"holding": []}, who="bob")["task"]["id"])
    clinic.call(
        "POST", f"tasks/{task}/submit", {"result": result, "operation_id": f"{queue}", "next": False}, who="bob"
    )
    return task


def test_layers_are_counted_and_shown_by_keys(clinic: Any, seat: Callable[..., Any]) -> None:
    first = clinic.queue(1)
    item = clinic.call("GET", f"tasks/{answered(clinic, first, [box('a', 5, 5), box('b', 30, 5)])}")["item"]
    schema = clinic.call("GET", f"queues/{first}")["schema"]
    body = {"name": f"compared {first}", "schema": schema, "items": [], "review": True}
    queue = clinic.call("POST", "projects/cells/queues", body)["uuid"]
    asked = {"item": item, "prelabels": [box("p", 5, 60, score=0.8)]}
    clinic.call("POST", f"queues/{queue}/tasks", {"tasks": [asked]})
    task = answered(clinic, queue, [box("a", 5, 5), box("b", 33, 5), box("c", 60, 5)], draft=[box("d", 60, 60)])
    rita = seat("rita").review(queue)
    page = rita.page
    rita.settled()
    legend = page.locator("[data-layers] button")
    assert legend.all_text_contents() == [
        "This answer3Shift+G",
        "Current labels2G",
        "Pre-labels1P",
        "carol, unfinished1Shift+K",
    ]
    pressed = "buttons => buttons.map(button => button.getAttribute('aria-pressed'))"
    assert legend.evaluate_all(pressed) == ["true", "true", "true", "false"]
    page.keyboard.press("n")
    rita.settled()
    seen = page.evaluate(COLOURS)
    assert seen["truth"] and seen["prediction"] and not seen["other"]
    rita.press("Shift+K", "p", "g")
    rita.settled()
    seen = page.evaluate(COLOURS)
    assert seen["other"] and not seen["truth"] and not seen["prediction"]
    assert legend.evaluate_all(pressed) == ["true", "false", "false", "true"]
    rita.press("Shift+K", "Shift+G", "g")
    rita.settled()
    alone = page.evaluate(COLOURS)
    assert alone["truth"], "without the answer all of the current labels are drawn"
    legend.nth(1).click()
    rita.settled()
    assert page.evaluate(COLOURS)["any"] == 0
    page.goto(f"{clinic.url}/p/cells/tasks/{task}/")
    lines, drawn = page.locator("button[data-layer]"), page.locator(".compared .region:visible")
    assert [" ".join(line.split()) for line in lines.all_inner_texts()] == ["Current labels 2 G", "Pre-labels 1 P"]
    page.locator(".compared .region-class").first.wait_for()
    assert drawn.count() == 3
    page.keyboard.press("g")
    assert drawn.count() == 5
    page.keyboard.press("p")
    assert drawn.count() == 6
    lines.first.click()
    assert drawn.count() == 4


def test_what_two_people_do_not_agree_on_is_decided_by_a_reviewer(clinic: Any, seat: Callable[..., Any]) -> None:
    queue = clinic.queue(1, overlap=2)
    for who, drawn in (("bob", (100, 100, 200, 200)), ("carol", (400, 300, 500, 400))):
        person = seat(who).label(queue)
        person.press("1")
        person.drag(*drawn)
        person.press("Enter")
        person.ready("finished")
    rita = seat("rita").review(queue)
    legend = rita.page.locator("[data-layers] button")
    expect(legend).to_have_text(["This answer1Shift+G", "carol’s answer1Shift+K"])
    rita.settled()
    assert not rita.page.evaluate(COLOURS)["other"]
    rita.press("Shift+K")
    rita.settled()
    assert rita.page.evaluate(COLOURS)["other"]
    rita.press("Alt+o")
    expect(legend).to_have_text(["This answer1Shift+G", "bob’s answer1Shift+K"])
    rita.press("Enter")
    rita.ready("finished")
    [task] = clinic.call("GET", f"queues/{queue}/tasks")["results"]
    assert task["state"] == "done"
    assert {row["user"]: row["state"] for row in task["annotations"]} == {"bob": "submitted", "carol": "accepted"}
