"""How the picture is seen: its light, a grid over it, and the whole screen."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

LIGHT = "() => document.querySelector('[data-image]').style.filter"
LINES = """() => {
  const canvas = document.querySelector('[data-regions]');
  const row = canvas.getContext('2d').getImageData(0, Math.round(canvas.height / 2), canvas.width, 1).data;
  return Array.from({ length: canvas.width }, (_, at) => row[at * 4 + 3]).filter(Boolean).length;
}"""


@pytest.fixture
def bob(clinic: Any, seat: Callable[..., Any]) -> Any:
    return seat("bob").label(clinic.queue(1))


def test_brightness_and_contrast_go_by_keys_and_sliders_and_are_reset(bob: Any) -> None:
    bob.press("]", "}", "}")
    assert bob.page.evaluate(LIGHT) == "brightness(1.1) contrast(1.2)"
    contrast = bob.page.get_by_label("Contrast", exact=True)
    assert contrast.input_value() == "1.2"
    contrast.fill("2")
    bob.press("\\")
    assert bob.page.evaluate(LIGHT) == "contrast(2)"
    bob.press("|")
    assert bob.page.evaluate(LIGHT) == ""
    assert contrast.input_value() == "1"


def test_a_grid_lies_over_the_picture_and_goes_again(bob: Any) -> None:
    assert bob.page.evaluate(LINES) == 0
    bob.press("Shift+X")
    bob.settled()
    many = bob.page.evaluate(LINES)
    assert many > 5
    bob.press("+", "+", "+")
    bob.settled()
    assert bob.page.evaluate(LINES) > 0
    bob.press("Shift+X")
    bob.settled()
    assert bob.page.evaluate(LINES) == 0


def test_the_page_fills_the_screen_and_leaves_it(bob: Any) -> None:
    bob.press("Shift+F")
    bob.page.wait_for_function("() => document.fullscreenElement !== null")
    bob.press("Shift+F")
    bob.page.wait_for_function("() => document.fullscreenElement === null")


def test_a_page_on_which_nothing_moves_animates_nothing(bob: Any) -> None:
    """An animation of what is not seen would make the browser draw the page at every frame, all day."""
    bob.page.wait_for_function("() => !document.getAnimations().length")


def test_the_buttons_of_a_row_are_made_when_they_are_seen(bob: Any) -> None:
    bob.press("1")
    for at in (100, 300):
        bob.drag(at, 100, at + 50, 150)
    bob.press("Escape", "Escape")
    rows = bob.page.locator(".ed-row")
    bob.settled()
    assert rows.count() == 2
    assert rows.nth(0).locator(".ed-row-button").count() == 0
    rows.nth(0).hover()
    assert rows.nth(0).get_by_title("Delete").is_visible()
    rows.nth(1).hover()
    rows.nth(1).get_by_title("Hide").click()
    bob.settled()
    bob.press("Escape")
    assert rows.nth(1).get_by_title("Show").is_visible()  # a hidden region says so without a pointer, too
    bob.press("j")
    assert rows.nth(0).get_by_title("Lock").is_visible()
