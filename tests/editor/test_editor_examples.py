"""Guidelines and examples in a real browser: read beside the picture, chosen in the schema's form and from a region."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from motherlode.labeling_config import build

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

PROJECT = "cells"  # the clinic's
SeatMaker = Callable[..., Any]
CONFIG = build(["RBC", "WBC", "Platelets"], "boxes")


def explained(clinic: Any, **queue: Any) -> tuple[str, str, str]:
    """A queue whose label RBC has a guideline and two examples: its uuid, its schema's uuid and name."""
    item, *tasks = clinic.items(3)
    name = f"guided-{uuid4().hex[:8]}"
    guide = {"RBC": "- **whole** cells\n- touching ones, each"}
    body = {"name": name, "config": CONFIG, "guidelines": guide}
    found = clinic.call("POST", f"projects/{PROJECT}/schemas", body)
    asked = {"name": name, "schema": name, "items": tasks, **queue}
    uuid = clinic.call("POST", f"projects/{PROJECT}/queues", asked)["uuid"]
    for good, caption in ((True, "count as RBC"), (False, "not an RBC: out of focus")):
        example = {"class_id": 1, "item": item, "box": [100, 80, 180, 150], "good": good, "caption": caption}
        clinic.call("POST", f"schemas/{found['uuid']}/examples", example)
    return uuid, found["uuid"], name


def is_beside(page: Any) -> bool:
    """Whether the panel covers nothing of the picture."""
    stage, panel = (page.locator(one).bounding_box() for one in ("[data-stage]", "[data-guidance]"))
    apart = stage["x"] + stage["width"] <= panel["x"] + 1 or stage["y"] + stage["height"] <= panel["y"] + 1
    return bool(apart and stage["width"] > 200)


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_a_guideline_is_read_beside_the_picture_and_left_by_escape(clinic: Any, seat: SeatMaker, width: int) -> None:
    uuid, *_ = explained(clinic)
    bob = seat("bob")
    bob.page.set_viewport_size({"width": width, "height": 800})
    page = bob.label(uuid).page
    panel = page.locator("[data-guidance]")
    page.locator("[data-stage]").focus()
    page.keyboard.press("Alt+i")
    panel.locator(".is-at .example").first.wait_for()
    assert panel.locator(".example figcaption").all_inner_texts() == [
        "Counts:\ncount as RBC",
        "Does not count:\nnot an RBC: out of focus",
    ]
    assert page.evaluate("document.activeElement.matches('[data-guidance-body]')")
    assert is_beside(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.example img')].every((one) => one.complete && one.naturalWidth)"
    )
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('[data-stage]')")


def test_the_mark_of_a_label_opens_its_guideline(clinic: Any, seat: SeatMaker) -> None:
    uuid, *_ = explained(clinic)
    page = seat("bob").label(uuid).page
    assert page.locator("[data-explain]").count() == 1  # the others have none
    page.click("[data-explain=RBC]")
    page.locator("[data-guidance] strong", has_text="whole").wait_for()
    page.click("[data-guidance-close]")
    page.locator("[data-guidance]").wait_for(state="hidden")


def test_a_reviewer_reads_the_guideline_too(clinic: Any, seat: SeatMaker) -> None:
    uuid, *_ = explained(clinic, review=True)
    task = clinic.call("POST", f"queues/{uuid}/next", {"holding": []}, who="bob")["task"]["id"]
    body = {"result": [], "operation_id": "0b8f9a3e-9f0e-4f6e-8a71-0f6a5d1c2b3a", "lead_time": 1.0}
    clinic.call("POST", f"tasks/{task}/submit", body, who="bob")
    page = seat("rita").review(uuid).page
    page.click("[data-explain=RBC]")
    page.locator("[data-guidance] .example").first.wait_for()
    assert page.locator('[data-command="example"]').count() == 0  # a reviewer may not edit the schema


def test_a_region_at_hand_becomes_an_example(clinic: Any, seat: SeatMaker) -> None:
    uuid, schema, _name = explained(clinic)
    page = seat("alice").label(uuid).page
    page.locator("[data-stage]").focus()
    page.keyboard.press("Shift+B")
    page.wait_for_selector("[data-region-list] [role=option]")
    page.keyboard.press("Alt+e")
    page.fill("dialog input[type=text]", "seen from above")
    page.keyboard.press("Enter")
    page.locator(".ed-notes", has_text="Added as an example").wait_for()
    *_, made = clinic.call("GET", f"schemas/{schema}/examples?class_id=1")
    assert made["caption"] == "seen from above" and made["good"] and made["box"][2] > made["box"][0]
    page.keyboard.press("Alt+i")
    page.locator("[data-guidance] .example", has_text="seen from above").wait_for()


def test_examples_are_chosen_in_the_form_of_a_schema(clinic: Any, seat: SeatMaker) -> None:
    _uuid, schema, name = explained(clinic)
    [item] = clinic.items(1)
    path = clinic.call("GET", f"items/{item}")["path"]
    page = seat("alice").page
    page.goto(f"{clinic.url}/p/{PROJECT}/schemas/{name}/edit/")
    place = page.locator("[data-example-class='2']")
    place.get_by_role("button", name="Add an example").click()
    page.fill("dialog input[type=search]", f"path={path}")
    page.keyboard.press("Enter")
    page.click(f"[data-choose='{item}']")
    whole = page.locator("[data-whole].is-picture")
    box = whole.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.75, steps=4)
    page.mouse.up()
    assert page.locator("input[value=drawn]").is_checked()
    page.get_by_role("radio", name="Does not count").check()
    page.get_by_label("Caption").fill("a platelet")
    page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
    place.locator(".example.is-bad", has_text="a platelet").wait_for()
    [made] = clinic.call("GET", f"schemas/{schema}/examples?class_id=2")
    assert made["item"] == item and made["box"] == pytest.approx([160, 120, 320, 360], abs=3)

    first = page.locator("[data-example-class='1']")
    first.get_by_role("button", name="Example 2: earlier").click()
    first.locator("li").first.filter(has_text="out of focus").wait_for()
    first.get_by_role("button", name="Example 1: edit").click()
    page.get_by_role("dialog").get_by_label("Caption").fill("blurred")
    page.get_by_role("button", name="Save").click()
    first.locator("li", has_text="blurred").wait_for()
    first.get_by_role("button", name="Example 1: remove").click()
    first.locator("li", has_text="blurred").wait_for(state="detached")
    assert [row["caption"] for row in clinic.call("GET", f"schemas/{schema}/examples?class_id=1")] == ["count as RBC"]


def test_the_page_that_tries_a_schema_shows_guidelines_as_they_are_typed(clinic: Any, seat: SeatMaker) -> None:
    *_, name = explained(clinic)
    alice = seat("alice")
    alice.page.goto(f"{clinic.url}/p/{PROJECT}/schemas/{name}/edit/")
    alice.page.fill("#guideline-1", "only *round* ones")
    with alice.context.expect_page() as opened:
        alice.page.get_by_role("button", name="Try it").click()
    page = opened.value
    page.wait_for_selector('[data-face="task"]')
    page.click("[data-explain=RBC]")
    page.locator("[data-guidance] em", has_text="round").wait_for()
    assert page.locator("[data-guidance] .example").count() == 2
