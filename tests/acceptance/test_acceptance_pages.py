"""Every page in a real browser: no serious fault of accessibility, light and dark, wide and narrow; none overflows.

A page is each address of docs/permissions.md that answers a GET with a whole page; one that is not opened here fails.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page
from tests.serving import ROOT, Server

pytestmark = [pytest.mark.once, pytest.mark.browser, pytest.mark.xdist_group("demo")]
WORLD = """
import json, sys
from urllib.parse import urlsplit
from uuid import uuid4
sys.path.insert(0, "scripts")
from screenshots import pages, session_of
from lode_annotation import comparisons, queues
from lode_annotation.micro import asking, filling
from lode_annotation.models import Queue, Schema
from lode_annotation.submit import SubmitRequest, submit
from lode_platform import accounts, invitations, jobs
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from lode_platform.notifications.mailing import signed
from lode_platform.projects import create_project
from lode_platform.webhooks import managing
olga, ann, rita = (User.objects.get(username=name) for name in ("olga", "ann", "rita"))
owner = Caller(olga)
Project.objects.filter(name="blank").exists() or create_project(olga, name="blank")
digits = Project.objects.get(name="digits")
shots = pages(digits)
schema = Schema.objects.get(project=digits, name="digits")
labelled = digits.items.filter(label_sets__current=True)
both = queues.create_queue(digits, owner, name="both", schema=schema, overlap=2)
queues.add_tasks(both, owner, [queues.TaskSpec(item=item) for item in labelled[:2]])
for who in (ann, rita):
    for task in both.tasks.all():
        value = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["5"]}
        size = {"original_width": 480, "original_height": 320, "image_rotation": 0}
        said = {"id": str(uuid4()), "from_name": "label", "to_name": "image", "type": "rectanglelabels", "value": value}
        submit(Caller(who), task.uuid, SubmitRequest(operation_id=uuid4(), result=[{**said, **size}]))
comparisons.begin(digits, olga)
jobs.run_pending()
votes = asking.create_queue(digits, owner, name="votes", schema=schema)
filling.ask_matching(votes, owner, {"query": "page-000"})
webhook = managing.add(digits, owner, url="https://hooks.invalid/", kinds=["run.started"])
managing.send_test(webhook, owner)
text = invitations.invite(digits, owner, role="annotator")[1]
print(json.dumps({
    "pages": {
        **shots,
        "a vote": ("annotator", f"/vote/{votes.uuid}/"),
        "micro-tasks": ("owner", f"/p/digits/queues/{votes.uuid}/"),
        "several answers": ("owner", f"/p/digits/queues/{both.uuid}/"),
        "agreement of two": ("owner", f"/p/digits/agreement/?queue={both.uuid}"),
        "compared tasks": ("owner", f"/p/digits/agreement/tasks/?queue={both.uuid}"),
        "webhook": ("owner", f"/p/digits/settings/webhooks/{webhook.uuid}/"),
        "unsubscribe": ("nobody", f"/unsubscribe/{signed(ann, '')}"),
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
    "items as a table": ("owner", "/p/digits/items/?layout=table"),
    "a query that is wrong": ("owner", "/p/digits/items/?query=colour:red"),
    "bulk actions": ("owner", "/p/digits/items/actions/"),
    "a bulk action": ("owner", "/p/digits/items/actions/tag/?query=page-000"),
    "an annotator's home": ("annotator", "/p/digits/"),
    "not allowed": ("annotator", "/p/digits/settings/webhooks/"),
    "nothing": ("owner", "/p/digits/nothing/"),
}
# What a GET answers otherwise: parts of pages, files, and ways to another address.
NO_PAGES = {
    "/",
    "/account/activity",
    "/join/<str:text>",
    "/media/<uuid:item>",
    "/p/<slug:project>/datasets/<slug:name>/pending/",
    "/p/<slug:project>/failures/cards/",
    "/p/<slug:project>/failures/facets/",
    "/p/<slug:project>/failures/matches/",
    "/p/<slug:project>/failures/scene/",
    "/p/<slug:project>/items/actions/count",
    "/p/<slug:project>/items/query",
    "/p/<slug:project>/jobs/<uuid:job>/progress",
    "/p/<slug:project>/jobs/bar",
    "/p/<slug:project>/mining/preview/",
    "/p/<slug:project>/people/<str:username>/activity",
    "/p/<slug:project>/queues/<uuid:queue>/held/",
    "/p/<slug:project>/schemas/<slug:name>/examples/",
    "/p/<slug:project>/schemas/<slug:name>/examples/items/",
    "/p/<slug:project>/schemas/<slug:name>/examples/items/<uuid:item>/",
    "/p/<slug:project>/schemas/<slug:name>/guidance/",
    "/p/<slug:project>/settings/webhooks/<uuid:webhook>/log",
    "/password/new/<str:text>",
    "/shared/<str:signed>",
    "/thumbs/<uuid:item>",
    "/words/<slug:language>/<slug:wanted>.js",
}
PROGRAMS = ("/api/", "/ls/", "/git/", "/dvc/")
STILL = "*, ::before, ::after { transition: none !important; animation: none !important }"
# A table that has become too wide is told so in the first, and says so in the second.
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# All that a page fetches by itself has come: its parts, its charts, the task or the failure it is about.
WHOLE = """() => document.readyState === "complete" && !document.querySelector(
    `.htmx-request, .htmx-settling, .skeleton, [data-chart]:not([data-drawn]), [data-face=waiting],
    [data-history-block]:not([hidden]) [data-history]:empty`)"""
SIDEWAYS = """() => [document.documentElement, document.querySelector("main")]
    .some(part => part && part.scrollWidth > part.clientWidth)"""
# What another theme or width can change; all other rules look at the page once.
LOOKS = ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
SHELL = ["#side", "header.top"]


@pytest.fixture
def address(demo: Any) -> Iterator[str]:
    """The demo, served."""
    server = Server(demo.environment, demo.home / "pages.log", "--no-worker")
    yield server.url
    server.stop()


def found_by_axe(page: Page, without: list[str], **options: Any) -> set[str]:
    """The faults, however small, that axe-core, which is in the page, finds: each with its first element."""
    asked = [{"include": ["html"], "exclude": without}, {"resultTypes": ["violations"], **options}]
    found = page.evaluate("([where, options]) => axe.run(where, options)", asked)["violations"]
    return {f"{row['id']}: {row['nodes'][0]['html'][:200]}" for row in found}


def faults(page: Page, known: list[str]) -> dict[str, set[str]]:
    """What is wrong with the page that is open: light and wide, dark and narrow, and whether it overflows.

    ``known`` is what was looked at dark and narrow on another page.
    """
    found: dict[str, set[str]] = {}
    page.add_style_tag(content=STILL)
    page.evaluate(AXE_SCRIPT)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    found["light"] = found_by_axe(page, [])
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.evaluate(TWO_FRAMES)
    found["dark, narrow"] = found_by_axe(page, known, runOnly=LOOKS)
    for width in (390, 900, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(SIDEWAYS):
            found[f"{width} pixels"] = {"scrolls sideways"}
    return found


def readable() -> set[str]:
    """The addresses that answer a GET of a browser, as docs/permissions.md lists them."""
    rows = re.findall(r"^\| `(/[^`]*)` \| `?GET\b", (ROOT / "docs" / "permissions.md").read_text(), re.MULTILINE)
    return {address for address in rows if not address.startswith(PROGRAMS)}


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


def test_no_page_has_a_fault_of_accessibility_and_none_overflows(demo: Any, address: str, browser: Browser) -> None:
    shell = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", WORLD]
    done = subprocess.run(shell, env=demo.environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    world = json.loads(done.stdout)
    pages = {**world["pages"], **MORE}
    found: dict[str, set[str]] = {}
    visited: set[str] = set()
    for who in ("nobody", "owner", "annotator"):
        context = browser.new_context(bypass_csp=True)
        if who in world["sessions"]:
            context.add_cookies([{"name": "lode_session", "value": world["sessions"][who], "url": address}])
        known: list[str] = []
        theirs = {name: address + path for name, (reader, path) in pages.items() if reader == who}
        for name, page in zip(theirs, opened(context, list(theirs.values())), strict=True):
            found |= {f"{name} {where}": said for where, said in faults(page, known).items() if said}
            known = SHELL if name == "home" else known
            with suppress(Resolver404):  # what is not there
                visited.add(f"/{resolve(urlsplit(page.url).path).route}")
        context.close()
    assert found == {}
    assert readable() - visited == NO_PAGES
