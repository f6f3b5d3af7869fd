"""Every page in a real browser: no serious fault of accessibility, light and dark, wide and narrow; none overflows."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page
from tests.serving import ROOT, Server

pytestmark = [pytest.mark.once, pytest.mark.browser, pytest.mark.xdist_group("demo")]
WORLD = """
import json, sys
from urllib.parse import urlsplit
sys.path.insert(0, "scripts")
from screenshots import pages, session_of
from lode_platform import accounts, invitations
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from lode_platform.projects import create_project
olga, ann = (User.objects.get(username=name) for name in ("olga", "ann"))
Project.objects.filter(name="blank").exists() or create_project(olga, name="blank")
digits = Project.objects.get(name="digits")
text = invitations.invite(digits, Caller(olga), role="annotator")[1]
print(json.dumps({
    "pages": {
        **pages(digits),
        "join": ("nobody", f"/join/{text}"),
        "a link that is over": ("nobody", "/join/over"),
        "new password": ("nobody", urlsplit(accounts.password_link(ann)).path),
    },
    "sessions": {"owner": session_of(olga), "annotator": session_of(ann)},
}))
"""
# Beside the pages that have something to show: those of an empty project, an annotator's Home, and what is not there.
ROOMS = ("", "items/", "schemas/", "queues/", "review/", "datasets/", "runs/", "failures/", "mining/", "jobs/")
MORE = {
    **{f"blank {room}": ("owner", f"/p/blank/{room}") for room in ROOMS},
    "trash": ("owner", "/p/digits/items/?trash=1"),
    "an annotator's home": ("annotator", "/p/digits/"),
    "nothing": ("owner", "/p/digits/nothing/"),
}
STILL = "*, ::before, ::after { transition: none !important; animation: none !important }"
# A table that has become too wide is told so in the first, and says so in the second.
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# All that a page fetches by itself has come: its parts, its charts, the task or the failure it is about.
WHOLE = """() => document.readyState === "complete" && !document.querySelector(
    `.htmx-request, .htmx-settling, .skeleton, [data-chart]:not([data-drawn]), [data-face=waiting],
    [data-history-block]:not([hidden]) [data-history]:empty`)"""
# What another theme or width can change; all other rules look at the page once.
LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]


@pytest.fixture
def address(demo: Any) -> Iterator[str]:
    """The demo, served."""
    server = Server(demo.environment, demo.home / "pages.log", "--no-worker")
    yield server.url
    server.stop()


def serious(page: Page, **options: Any) -> set[str]:
    """The critical and serious faults that axe-core, which is in the page, finds: each with its first element."""
    found = page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **options})["violations"]
    return {
        f"{row['id']}: {row['nodes'][0]['html'][:200]}" for row in found if row["impact"] in ("critical", "serious")
    }


def faults(page: Page) -> dict[str, set[str]]:
    """What is wrong with the page that is open: light and wide, dark and narrow, and whether it overflows."""
    found: dict[str, set[str]] = {}
    page.add_style_tag(content=STILL)
    page.evaluate(AXE_SCRIPT)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    found["light"] = serious(page)
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.evaluate(TWO_FRAMES)
    found["dark, narrow"] = serious(page, runOnly=LOOKS)
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[f"{width} pixels"] = {"scrolls sideways"}
    return found


def opened(context: BrowserContext, addresses: list[str]) -> Iterator[Page]:
    """The pages at these addresses, each once it is whole; the next one loads while one is looked at."""
    shown, coming = context.new_page(), context.new_page()
    for number, following in enumerate([*addresses, ""]):
        if following:
            coming.goto(following, wait_until="commit")
        if number:
            shown.bring_to_front()
            shown.wait_for_function(WHOLE)
            yield shown
        shown, coming = coming, shown


def test_no_page_has_a_serious_fault_of_accessibility_and_none_overflows(
    demo: Any, address: str, browser: Browser
) -> None:
    shell = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", WORLD]
    done = subprocess.run(shell, env=demo.environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    world = json.loads(done.stdout)
    pages = {**world["pages"], **MORE}
    assert len(pages) > 40
    found: dict[str, set[str]] = {}
    for who in ("nobody", "owner", "annotator"):
        context = browser.new_context(bypass_csp=True)
        if who in world["sessions"]:
            context.add_cookies([{"name": "lode_session", "value": world["sessions"][who], "url": address}])
        theirs = {name: address + path for name, (reader, path) in pages.items() if reader == who}
        for name, page in zip(theirs, opened(context, list(theirs.values())), strict=True):
            found |= {f"{name} {where}": said for where, said in faults(page).items() if said}
        context.close()
    assert found == {}
