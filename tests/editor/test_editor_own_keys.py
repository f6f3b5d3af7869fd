"""A person's own keys in a real browser: changed in the list, kept, in force on both pages, and taken back."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]


def key_of(seat: Any, command: str) -> Any:
    """The button of a command in the list of keys."""
    return seat.page.locator(f'dialog [data-key-of="{command}"]')


def change(seat: Any, command: str, key: str) -> None:
    key_of(seat, command).click()
    key_of(seat, command).get_by_text("Press a key").wait_for()
    seat.press(key)


def shown(seat: Any, command: str) -> str:
    return str(key_of(seat, command).inner_text())


def tip(seat: Any, command: str) -> str:
    seat.settled()
    return str(seat.page.locator(f'[data-editor] [data-command="{command}"]').get_attribute("title"))


def test_a_key_is_changed_and_holds_after_a_reload_and_on_the_review_page(clinic: Any, seat: SeatMaker) -> None:
    rita = seat("rita").label(clinic.queue(1))
    rita.press("?")
    change(rita, "tool.pan", "g")
    assert shown(rita, "tool.pan") == "G"
    assert rita.page.evaluate("() => document.activeElement.dataset.keyOf") == "tool.pan"
    change(rita, "names", "Escape")
    assert shown(rita, "names") == "N"
    change(rita, "names", "Enter")
    rita.page.get_by_role("status").get_by_text("Enter cannot be given to a command").wait_for()
    rita.press("Escape", "Escape")
    rita.page.wait_for_selector("dialog[open]", state="detached")
    assert tip(rita, "tool.pan") == "Pan  (G)"
    rita.page.reload()
    rita.ready()
    rita.press("h")
    assert rita.page.locator("[data-editor]").get_attribute("data-tool") != "pan"
    rita.press("g")
    rita.page.wait_for_selector('[data-editor][data-tool="pan"]')
    queue = clinic.queue(1, review=True)
    bob = seat("bob").label(queue)
    bob.press("1")
    bob.drag(50, 50, 150, 150)
    assert tip(bob, "tool.pan") == "Pan  (H)"
    bob.press("Enter")
    bob.ready("finished")
    bob.saved("clean")
    rita.review(queue)
    assert tip(rita, "tool.pan") == "Pan  (G)"
    rita.press("g")
    rita.page.wait_for_selector('[data-editor][data-tool="pan"]')


def test_a_key_that_another_command_has_is_taken_when_asked_and_given_back(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(1))
    bob.press("?")
    change(bob, "region.lock", "i")
    asked = bob.page.get_by_role("alert")
    assert "I is the key of Hide or show." in asked.inner_text()
    bob.press("Escape")
    asked.wait_for(state="detached")
    assert (shown(bob, "region.lock"), shown(bob, "region.hide")) == ("L", "I")
    change(bob, "region.lock", "i")
    bob.press("Enter")
    bob.page.get_by_role("status").get_by_text("Taken from Hide or show").wait_for()
    assert (shown(bob, "region.lock"), shown(bob, "region.hide")) == ("I", "none")
    key_of(bob, "region.lock").press("Delete")
    assert (shown(bob, "region.lock"), shown(bob, "region.hide")) == ("L", "none")
    bob.page.get_by_role("button", name="Take the default key of Hide or show back").click()
    assert shown(bob, "region.hide") == "I"
    assert bob.page.locator(".ed-key-reset").count() == 0


def test_a_preset_is_chosen_changed_and_undone(clinic: Any, seat: SeatMaker) -> None:
    bob = seat("bob").label(clinic.queue(2))
    bob.press("?")
    bob.page.get_by_role("button", name="CVAT").click()
    assert (shown(bob, "region.hide"), shown(bob, "submit"), shown(bob, "tool.draw")) == ("H", "F", "N")
    change(bob, "region.hide", "j")
    bob.page.get_by_role("button", name="Take J").click()
    bob.page.get_by_role("button", name="Label Studio").click()
    bob.page.get_by_role("dialog").get_by_role("button", name="Undo", exact=True).click()
    assert shown(bob, "region.hide") == "J"
    bob.press("Escape")
    bob.press("v", "n")
    bob.drag(100, 100, 200, 200)
    bob.press("j")
    assert "hidden" in bob.rows()[0]
    bob.seen()
    bob.press("f")
    bob.at(2)
    bob.saved("clean")
    bob.press("?")
    bob.page.get_by_role("button", name="Motherlode").click()
    assert (shown(bob, "region.hide"), shown(bob, "zoom.fit")) == ("I", "F")
    assert key_of(bob, "submit").count() == 0
