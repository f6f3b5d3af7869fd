"""Somebody without an account opens an invitation, chooses a user name and a password, and labels a task."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]
SeatMaker = Callable[..., Any]
NOBODY: dict[str, list[Any]] = {"cookies": [], "origins": []}
PASSWORD = "tr0mbone-lagoon"


def test_an_invited_person_joins_and_labels(clinic: Any, seat: SeatMaker) -> None:
    queue = clinic.queue(2)
    alice = seat("alice").page
    alice.goto(f"{clinic.url}/p/cells/settings/")
    alice.get_by_role("button", name="Create link").click()
    link = str(alice.locator(".token-shown code").text_content())
    secret = link.rpartition("/")[2]

    clinic.cookies["nora"] = NOBODY
    nora = seat("nora")
    told: list[str] = []
    nora.page.on("request", lambda request: told.append(f"{request.headers.get('referer', '')} {request.url}"))
    nora.page.goto(link)
    nora.page.wait_for_url("**/join/")
    nora.page.get_by_label("User name").fill("nora")
    nora.page.get_by_label("Display name").fill("<img src=x onerror=document.title='x'>")
    nora.page.get_by_label("Password", exact=True).fill(PASSWORD)
    nora.page.get_by_label("Repeat the password").fill(PASSWORD)
    nora.page.get_by_role("button", name="Create account and join").click()
    nora.page.wait_for_url("**/p/cells/")
    nora.page.get_by_text("You are now Annotator").wait_for()
    assert sum(secret in one for one in told) == 1, "only the request that opens the link holds its secret"

    nora.label(queue)
    task = nora.task
    nora.press("1")
    nora.drag(50, 50, 150, 150)
    with nora.page.expect_response(lambda answer: answer.url.endswith("/submit") and answer.ok):
        nora.press("Enter")
    nora.at(2)
    alice.goto(f"{clinic.url}/p/cells/settings/")
    assert "<img src=x" in str(alice.locator("#members").text_content()) and alice.title() != "x"
    alice.goto(f"{clinic.url}/p/cells/tasks/{task}/")
    assert "nora" in str(alice.locator("main").inner_html())

    # the same browser, another tab: the link is spent
    page = nora.context.new_page()
    page.goto(link)
    page.get_by_text("has been used").wait_for()
    page.close()
