"""Pictures of several pages: going through them, drawing on each, and what is kept, with real keys and a real wheel."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from tests.editor.conftest import CONFIG, SIZE
from tests.label_studio import accepts

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

PAGES = 4
SHADE = """() => {
  const canvas = document.querySelector('[data-image]');
  return canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0];
}"""


def stack(deep: bool = False) -> bytes:
    """Pages that are ever lighter; of twelve bits, where they are deep, around one window."""
    size, kind, step = (SIZE[1], SIZE[0]), "u2" if deep else "u1", 800 if deep else 50
    pages = [np.full(size, 100 + step * page, kind) for page in range(PAGES)]
    pages[0][0, :8] = np.frombuffer(uuid4().bytes, "u2").astype(kind)
    images = [Image.fromarray(page) for page in pages]
    out = io.BytesIO()
    images[0].save(out, "TIFF", save_all=True, append_images=images[1:], compression="tiff_lzw")
    return out.getvalue()


def queue(clinic: Any, *, deep: bool = False, count: int = 1, review: bool = False) -> str:
    items = clinic.send({f"{uuid4().hex}.tif": stack(deep) for _ in range(count)})
    return str(clinic.queue_of(items, CONFIG, review=review))


def on_page(bob: Any, page: int) -> None:
    """Waits until the page, counted from 1, is shown."""
    expect(bob.page.locator("[data-page-words]")).to_have_text(f"page {page} of {PAGES}")
    expect(bob.page.locator("[data-pages]")).to_have_attribute("aria-busy", "false")
    bob.settled()


def summary(bob: Any, words: str) -> None:
    expect(bob.page.locator("[data-region-summary]")).to_have_text(words)


def test_pages_go_by_keys_buttons_slider_and_wheel_and_each_shows_its_own_regions(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    bob = seat("bob").label(queue(clinic))
    on_page(bob, 1)
    task, shades = bob.task, [bob.page.evaluate(SHADE)]
    bob.drag(100, 100, 200, 180)
    bob.press("Shift+N")
    on_page(bob, 2)
    shades.append(bob.page.evaluate(SHADE))
    summary(bob, "0 regions, 1 on other pages")
    assert bob.rows() == []
    bob.drag(300, 200, 400, 300)
    bob.drag(30, 200, 90, 300)
    summary(bob, "2 regions, 1 on other pages")
    bob.press("End")
    on_page(bob, PAGES)
    shades.append(bob.page.evaluate(SHADE))
    assert shades == sorted(set(shades)), "each page has its own pixels"
    bob.press("Home")
    on_page(bob, 1)
    assert len(bob.rows()) == 1
    bob.page.get_by_role("button", name="Next page", exact=True).click()
    on_page(bob, 2)
    bob.page.get_by_label("Page", exact=True).fill("3")
    on_page(bob, 3)
    bob.page.mouse.move(*bob.point(320, 240))
    bob.page.keyboard.down("Alt")
    bob.page.mouse.wheel(0, -70)
    bob.page.keyboard.up("Alt")
    on_page(bob, 2)
    assert len(bob.rows()) == 2

    bob.page.locator("[data-stage]").focus()
    bob.press("Enter")
    bob.ready("finished")
    result = clinic.result(task)
    assert [entry["item_index"] for entry in result] == [0, 1, 1]
    assert all(accepts(CONFIG, entry) for entry in result)


def test_undo_goes_to_the_page_of_the_step_and_a_reload_returns_to_the_page(
    clinic: Any, seat: Callable[..., Any]
) -> None:
    bob = seat("bob").label(queue(clinic))
    bob.drag(100, 100, 200, 180)
    bob.press("Shift+N")
    on_page(bob, 2)
    bob.drag(300, 200, 400, 300)
    bob.press("Shift+N")
    on_page(bob, 3)
    bob.saved("there")
    bob.page.reload()
    bob.ready()
    on_page(bob, 3)
    summary(bob, "0 regions, 2 on other pages")
    bob.press("Control+z")
    on_page(bob, 2)
    summary(bob, "0 regions, 1 on other pages")
    bob.press("Control+z")
    on_page(bob, 1)
    summary(bob, "0 regions")
    bob.press("Control+Shift+Z", "Control+Shift+Z")
    on_page(bob, 2)
    summary(bob, "1 region, 1 on other pages")


def test_regions_are_copied_to_the_next_page_in_place(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(queue(clinic))
    task = bob.task
    bob.drag(100, 100, 200, 180)
    bob.drag(300, 200, 400, 300)
    bob.press("Escape", "Shift+S")
    on_page(bob, 2)
    summary(bob, "2 regions, 2 on other pages")
    bob.press("Escape", "Control+c", "Control+a", "Control+c", "Shift+N")
    on_page(bob, 3)
    bob.press("Control+v")
    summary(bob, "2 regions, 4 on other pages")
    bob.press("Enter")
    bob.ready("finished")
    result = clinic.result(task)
    assert [entry["item_index"] for entry in result] == [0, 0, 1, 1, 2, 2]
    first, *others = [[entry["value"][side] for side in ("x", "y", "width", "height")] for entry in result[::2]]
    assert all(other == pytest.approx(first) for other in others)


def test_level_and_window_hold_on_the_next_page(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(queue(clinic, deep=True))
    bob.page.get_by_label("Level", exact=True).evaluate(
        "(slider) => { slider.value = '900'; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    chosen = bob.page.locator("[data-window]")
    words = chosen.text_content()
    bob.press("Shift+N")
    on_page(bob, 2)
    expect(chosen).to_have_text(words)


def test_a_page_that_does_not_come_is_said_and_the_one_in_sight_stays(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(queue(clinic))
    on_page(bob, 1)
    bob.page.route("**/media/**page=3**", lambda route: route.abort())
    with bob.page.expect_event("requestfailed"):
        bob.press("End")
    expect(bob.page.locator("[data-notes]").get_by_text("Page 4 could not be loaded")).to_be_visible()
    on_page(bob, 1)
    bob.page.unroute("**/media/**page=3**")
    bob.press("End")
    on_page(bob, 4)


def test_a_reviewer_sees_each_page_and_fixes_one(clinic: Any, seat: Callable[..., Any]) -> None:
    asked = queue(clinic, review=True)
    bob = seat("bob").label(asked)
    bob.press("Shift+N")
    on_page(bob, 2)
    bob.drag(100, 100, 200, 180)
    task = bob.task
    bob.press("Enter")
    bob.ready("finished")
    rita = seat("rita").review(asked)
    on_page(rita, 1)
    summary(rita, "0 regions, 1 on other pages")
    rita.press("Shift+N")
    on_page(rita, 2)
    assert len(rita.rows()) == 1
    rita.press("e", "Shift+S")
    on_page(rita, 3)
    rita.press("Control+Enter")
    rita.ready("finished")
    assert [entry["item_index"] for entry in clinic.result(task)] == [1, 2]


def test_a_picture_of_one_page_has_no_pages(clinic: Any, seat: Callable[..., Any]) -> None:
    bob = seat("bob").label(clinic.queue(1))
    expect(bob.page.locator("[data-pages]")).to_be_hidden()
    task = bob.task
    bob.drag(100, 100, 200, 180)
    summary(bob, "1 region")
    bob.press("Enter")
    bob.ready("finished")
    assert "item_index" not in clinic.result(task)[0]
