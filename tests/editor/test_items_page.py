"""The page Items in a real browser: picking, bulk actions, going on by scrolling, views."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]


def test_items_are_picked_tagged_and_taken_back_by_query(clinic: Any, seat: SeatMaker) -> None:
    from axe_playwright_python.sync_playwright import Axe

    clinic.items(3)
    page, tag = seat("alice").page, f"t{uuid4().hex[:6]}"
    page.goto(f"{clinic.url}/p/cells/items/?query=page-&sort=newest")
    checks = page.locator(".tile-check")
    page.locator(".tile").first.hover()
    checks.nth(0).click()
    checks.nth(2).click(modifiers=["Shift"])
    menu = page.locator("summary", has_text="Selected 3")
    menu.click()
    page.get_by_role("button", name="Add a tag").click()
    expect(page.get_by_text("3 selected items")).to_be_visible()
    page.get_by_label("Tag").fill(tag)
    assert not [row for row in Axe().run(page).response["violations"] if row["impact"] in ("serious", "critical")]
    page.get_by_role("button", name="Add a tag").click()
    expect(page.get_by_text("Add a tag: 3 items")).to_be_visible()
    page.goto(f"{clinic.url}/p/cells/items/?query=tag:{tag}&layout=table")
    expect(page.locator(".item-row")).to_have_count(3)
    expect(page.locator(".item-row").first).to_contain_text(tag)
    assert not [row for row in Axe().run(page).response["violations"] if row["impact"] in ("serious", "critical")]
    page.get_by_role("button", name="Save as a view").click()
    page.locator("#view-name").fill(tag)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(f"a[aria-current=page]:text-is('{tag}')")).to_be_visible()
    page.locator("summary", has_text="All that match").click()
    page.get_by_role("button", name="Remove a tag").click()
    expect(page.get_by_role("status").filter(has_text="3 items")).to_be_visible()
    page.get_by_role("combobox", name="Tag").select_option(tag)
    page.get_by_role("button", name="Remove a tag").click()
    expect(page.get_by_text("Remove a tag: 3 items")).to_be_visible()
    expect(page.locator(".item-row")).to_have_count(0)
    page.goto(f"{clinic.url}/p/cells/items/actions/")
    page.get_by_role("button", name="Undo").first.click()
    expect(page.locator(".chip", has_text="undone").first).to_be_visible()
    page.goto(f"{clinic.url}/p/cells/items/?query=tag:{tag}")
    expect(page.locator(".tile")).to_have_count(3)


def test_a_long_list_goes_on_as_one_scrolls(clinic: Any, seat: SeatMaker) -> None:
    clinic.items(130)
    page = seat("alice").page
    page.goto(f"{clinic.url}/p/cells/items/?query=page-&sort=newest")
    expect(page.locator(".tile").first).to_be_visible()
    pages = page.locator("[data-list]")
    for wanted in ("2", "3"):
        page.mouse.move(600, 500)
        page.mouse.wheel(0, 20000)
        expect(pages).to_have_attribute("data-pages", wanted)
    names = page.locator(".tile > a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert len(names) == len(set(names)) > 120, "each item once"
