"""The query bar of the page Items in a real browser."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

SeatMaker = Callable[..., Any]


def test_a_query_is_completed_counted_and_asked(clinic: Any, seat: SeatMaker) -> None:
    from axe_playwright_python.sync_playwright import Axe

    folder, schema = uuid4().hex[:8], f"s{uuid4().hex[:8]}"
    config = '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
    config += f'<Label value="cell {folder}"/></RectangleLabels></View>'
    clinic.call("POST", "projects/cells/schemas", {"name": schema, "config": config})
    clinic.items(2)
    page = seat("alice").page
    page.goto(f"{clinic.url}/p/cells/items/")
    bar, said, offers = page.get_by_label("Query"), page.locator("#query-said"), page.locator(".query-offer")
    bar.focus()
    expect(offers.first).to_contain_text("added:")
    page.keyboard.type("wid")
    expect(offers).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(bar).to_have_value("width:")
    page.keyboard.type("640 and cl")
    expect(offers.first).to_contain_text("class:")
    offers.first.click()
    page.keyboard.type(folder)  # a part of the value is enough
    expect(bar).to_have_attribute("data-answered", f"width:640 and class:{folder}")
    expect(offers).to_have_text([f"cell {folder}"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bar).to_have_value(f'width:640 and class:"cell {folder}" ')
    expect(said).to_have_text("0 items match")
    assert not [row for row in Axe().run(page).response["violations"] if row["impact"] in ("serious", "critical")]
    bar.fill("page- and widht:640")
    expect(said).to_have_text("widht There is no field 'widht'. Did you mean width?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").locator("u")).to_have_text("widht")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean width?")
    bar.fill("page- and width:640")
    page.keyboard.press("Enter")
    page.wait_for_url("**query=page-+and+width%3A640")
    expect(page.locator(".tile").first).to_be_visible()
