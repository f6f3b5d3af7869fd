"""The bell and the pages of notifications and webhooks in a real browser."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.serving import ROOT, Server, environment_of, furnish

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web_browser")]
expect.set_options(timeout=60_000)

PASSWORD = "correct horse battery"
ROWS = f"""
from django.utils import timezone
from lode_platform.models import User
from lode_platform.notifications.notify import notify
from lode_platform.projects import create_project
user = User.objects.create_user("alice", password={PASSWORD!r})
project = create_project(user, name="blood", title="Blood cells")
for key in "ab":
    data = {{"webhook": "0b0c9f3e-0000-4000-8000-000000000000", "url": f"https://{{key}}.example.org/", "why": "Gone."}}
    notify([user], "webhook_off", project=project, key=key, data={{**data, "project": "blood"}})
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[str]:
    """A server with one person, one project and two notifications; its address."""
    home = tmp_path_factory.mktemp("told")
    environment = environment_of(home)
    furnish(home, migrated_file)
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", ROWS]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    made = Server(environment, home / "server.log")
    yield made.url
    made.stop()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """Alice, logged in; whatever the browser's console complains of fails the test."""
    context = browser.new_context(base_url=server, viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/login/?next=/p/blood/settings/")
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url("**/p/blood/settings/")
    yield page
    context.close()
    assert complaints == []


def test_the_bell_leads_to_what_was_not_read_and_what_is_opened_is_read(page: Page) -> None:
    bell = page.locator(".bell")
    expect(bell.locator(".bell-count")).to_contain_text("2")
    page.clock.set_fixed_time("2026-01-01")  # the second key has to come soon
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url("**/notifications/")
    expect(page.locator("tr.is-unread")).to_have_count(2)
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/read")) as marked:
        page.evaluate("document.querySelector('a[data-read]').addEventListener('click', (e) => e.preventDefault())")
        page.locator("a[data-read]").first.click()
    answered = marked.value.response()
    assert answered is not None and answered.status == 302
    page.goto("/notifications/")
    expect(page.locator("tr.is-unread")).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("tr.is-unread")).to_have_count(0)
    expect(page.locator(".bell-count")).to_have_count(0)


def test_a_webhook_is_added_and_its_log_says_what_came_of_a_test(page: Page) -> None:
    page.locator("#webhooks a").click()
    page.get_by_label("Address").fill("https://nowhere.invalid/hook")
    page.get_by_label("A run finished").check()
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text("Copy the secret now")).to_be_visible()
    expect(page.locator(".token-shown")).to_contain_text("whsec_")
    page.get_by_role("link", name="https://nowhere.invalid/hook").click()
    page.get_by_role("button", name="Send a test").click()
    row = page.locator("#webhook-log tbody tr")
    expect(row).to_contain_text("nowhere.invalid")  # it comes by itself, once the worker has tried
    row.locator("summary").click()
    expect(row.locator("pre")).to_contain_text('"kind":"webhook.test"')
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("This webhook is off")).to_be_visible()
    page.get_by_role("button", name="Remove the webhook").click()
    page.locator("dialog").get_by_role("button", name="Remove").click()
    page.wait_for_url("**/settings/webhooks/")
    expect(page.locator("main")).not_to_contain_text("nowhere.invalid")
