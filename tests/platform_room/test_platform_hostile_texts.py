"""Markup in every text that a person can type: all pages are opened in a browser, and nothing of it runs.

The texts are found by the models' fields and the pages by the table of addresses, so new ones are tried by themselves.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import pytest
from django.apps import apps
from django.db import connections, models
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route
from tests.browsing import Chromium
from tests.platform_room.test_platform_openapi import PAGES

from lode_annotation.models import LabelClass, Queue, SchemaRevision, Task
from lode_hooks.models import Run
from lode_platform.models import Item

pytestmark = [pytest.mark.django_db, pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("hostile")]

SHORT = '"><img src=x onerror=alert(1)>'
LONG = f"{SHORT}</script></textarea><script>alert(2)</script>{{{{7*7}}}}<svg/onload=alert(3)>'onmouseover='alert(4)'"
LINK = 'https://example.org/"onmouseover="alert(5)'
"""An address as the doors take one: they refuse those that are none of the web."""
ADDRESS = "http://testserver"
# Names that addresses and programs speak, each of a closed alphabet, and what only the server writes.
PLAIN = {
    *("password", "path_fold", "kind", "media_type", "verb", "prefix", "action", "assistant", "arrays", "digest"),
    *("sha256", "file", "columns", "index", "labels_digest", "dir_oid", "commit", "server_url", "split", "purpose"),
    *("task", "format", "ordering", "role", "strategy", "settings_digest", "target_type", "region", "lines"),
    *("answers", "regions", "relations", "config", "control", "scope", "schema_name", "dataset", "tracker"),
}
SLUGS = {"Project.name", "Schema.name", "Dataset.name", "Alias.name", "MetadataField.name", "VersionFile.path"}
TRAP = """() => {
  globalThis.alert = (what) => console.error(`ran ${what}`);
}"""
# What stands in the page as markup although somebody typed it.
INJECTED = """() => [...document.querySelectorAll('*')].filter((one) =>
  [...one.attributes].some(({ name, value }) => /^on/.test(name) || /^\\s*javascript:/i.test(value))
  || one.matches('img[src="x"], svg[onload]')).map((one) => one.outerHTML.slice(0, 200))"""
WHOLE = "() => document.readyState === 'complete' && !document.querySelector('.htmx-request, [data-face=waiting]')"


def hostile() -> int:
    """Put markup into every text of every row; how many fields that were."""
    count = 0
    for model in apps.get_models():
        if not model.__module__.startswith("lode_"):
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, models.CharField | models.TextField) or field.choices or field.unique:
                continue
            if field.name in PLAIN or f"{model.__name__}.{field.name}" in SLUGS:
                continue
            for pk in model._base_manager.values_list("pk", flat=True):
                text = LINK if field.name.endswith("url") else f"{pk}{LONG}"
                if field.max_length and len(text) > field.max_length:
                    text = f"{pk}{SHORT}"
                model._base_manager.filter(pk=pk).update(**{field.name: text})
            count += 1
    Item.objects.update(metadata={"site": LONG, LONG: LONG})
    Queue.objects.update(skip_reasons=[SHORT], reason=LONG)
    Task.objects.update(reason={"text": LONG, "by": LONG}, flag=LONG)
    Run.objects.update(params={"lr": LONG, LONG: 1}, tags={LONG: LONG})
    for revision in SchemaRevision.objects.all():
        for name in ("controls", "classes", "guidelines"):
            said = json.dumps(getattr(revision, name)).replace('"RBC"', json.dumps(f"RBC{LONG}"))
            setattr(revision, name, json.loads(said))
        config = revision.config.replace('"RBC"', f'"{escape(f"RBC{LONG}", {chr(34): "&quot;"})}"')
        SchemaRevision.objects.filter(pk=revision.pk).update(
            controls=revision.controls, classes=revision.classes, guidelines=revision.guidelines, config=config
        )
    LabelClass.objects.filter(name__startswith="RBC").update(name=f"RBC{LONG}")
    return count


@pytest.fixture
def chrome(chromium: Chromium, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser in the process of the test, whose rows nobody else sees."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in this thread
    own = connections["default"]
    with chromium.driven() as browser:
        connections["default"] = own
        yield browser


def served(page: Page, client: Any, broken: list[str]) -> None:
    """Answer each request of the page by the application itself, with the test's own connection to its rows."""
    own = connections["default"]

    def answer(route: Route) -> None:
        connections["default"] = own
        asked = route.request
        parts = urlsplit(asked.url)
        kept = {name: value for name, value in asked.headers.items() if name in ("accept", "hx-request", "range")}
        said = client.generic(
            asked.method,
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            asked.post_data_buffer or b"",
            content_type=asked.headers.get("content-type", "application/json"),
            headers=kept,
        )
        if said.status_code >= 500:
            broken.append(f"{asked.method} {parts.path}: {said.status_code} {said.exc_info}")
        body = b"".join(said.streaming_content) if said.streaming else said.content
        route.fulfill(status=said.status_code, headers=dict(said.headers), body=body)

    page.route("**/*", answer)


def test_no_text_that_somebody_typed_runs_on_any_page(world: Any, chrome: Browser) -> None:
    assert hostile() > 25
    client = world.browsers["owner"]
    faults: list[str] = []
    client.raise_request_exception = False
    page = chrome.new_page(base_url=ADDRESS, viewport={"width": 1280, "height": 800})
    page.add_init_script(f"({TRAP})()")
    served(page, client, faults)
    where, shown = "", 0

    def asked(dialog: Dialog) -> None:
        faults.append(f"{where}: {dialog.message}")
        dialog.dismiss()

    def said(message: ConsoleMessage) -> None:
        if message.text.startswith(("ran ", "Refused to")):
            faults.append(f"{where}: {message.text}")

    page.on("dialog", asked)
    page.on("console", said)
    for pattern in PAGES:
        where = world.address(pattern)
        answer = client.get(where)
        if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
            if answer.status_code >= 500:
                faults.append(f"{where}: {answer.status_code} {answer.exc_info}")
            continue
        page.goto(where, wait_until="load")
        page.wait_for_function(WHOLE)
        faults += [f"{where}: {one}" for one in page.evaluate(INJECTED)]
        shown += page.evaluate("() => document.body.innerText.includes('<img src=x')")
    assert faults == []
    assert shown > 15, "pages that show such a text as it was typed"
