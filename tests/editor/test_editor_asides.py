"""Skipping for a reason and flagging, by keys."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]
SeatMaker = Callable[..., Any]


def test_a_task_is_skipped_for_a_reason_and_the_next_ones_for_the_same(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(5)
    clinic.call("PATCH", f"queues/{queue}", {"skip_reasons": ["too dark", "no cells"]})
    bob = seat("bob").label(queue)
    form = bob.page.get_by_role("dialog", name="Skip: why?")
    bob.press("s")
    bob.page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    bob.at(1)
    bob.press("s")
    form.get_by_role("button", name="too dark").wait_for()
    bob.page.keyboard.press("2")
    bob.at(2)
    bob.page.locator(".ed-note", has_text="Skipped: no cells").wait_for()
    bob.seen()
    bob.press("Alt+s")
    bob.at(3)
    bob.press("s")
    form.get_by_role("textbox").fill("2 and 1 cells, <i>blurred</i>")
    bob.page.keyboard.press("Enter")
    bob.at(4)
    bob.seen()
    bob.press("Alt+g")
    bob.page.get_by_role("dialog", name="Flag this task").get_by_role("textbox").fill("look here")
    bob.page.keyboard.press("Enter")
    bob.page.locator(".ed-note", has_text="Flagged: look here").wait_for()
    bob.press("s")
    form.wait_for()
    form.get_by_role("button", name="Skip").click()
    bob.at(5)
    bob.saved("clean")
    tasks = clinic.call("GET", f"queues/{queue}/tasks")["results"]
    assert [task["state"] for task in tasks] == ["skipped"] * 4 + ["open"]
    assert [(task["flag"] or {}).get("note") for task in tasks] == [None, None, None, "look here", None]
    page = bob.page
    for task, said in zip(tasks[:3], ["no cells", "no cells", "2 and 1 cells, <i>blurred</i>"], strict=True):
        page.goto(f"{clinic.url}/p/{task_page(task, clinic)}/")
        expect(page.get_by_text(said, exact=True)).to_be_visible()


def task_page(task: dict[str, Any], clinic: Any) -> str:
    """The address of a task's page, below that of projects."""
    project = clinic.call("GET", f"queues/{task['queue']}")["project"]
    return f"{project}/tasks/{task['uuid']}"
