"""A reviewer at work in a real browser: from a confusion cell to its pairs to a mined queue."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.models import Max
from django.test import Client
from playwright.sync_api import expect

from lode_hooks.models import MiningRound, Verdict
from lode_platform.models import User

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django answers this thread beside Playwright's loop."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def signed_in(browser: Any, live_server: Any, user: User) -> Any:
    """A browser's page in which the person is logged in; an error in the page fails the test."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    name = django_settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    return page


def comes(page: Any, held: Callable[[], bool]) -> None:
    """Waits until the server holds what the page has on its way to it."""
    until = time.monotonic() + 30
    while not held():
        assert time.monotonic() < until, "it never came"
        page.wait_for_timeout(20)


def test_a_reviewer_goes_from_a_confusion_cell_to_its_pairs_to_a_mined_queue(
    cells: Any, rita: User, browser: Any, live_server: Any
) -> None:
    page = signed_in(browser, live_server, rita)
    page.goto(f"{live_server.url}/p/blood/runs/{cells.first.uuid}/?threshold=0")
    cell = page.locator(".matrix a.heat-wrong").first
    count = int(cell.inner_text())
    cell.click()

    page.wait_for_selector("body[data-ready]")
    expect(page.locator("[data-count]")).to_have_text(str(count))
    assert page.locator(".card-tile").count() == count
    page.locator(".card-tile .region-truth").nth(count - 1).wait_for(state="attached")
    assert page.locator(".card-tile .region-prediction").count() == count
    page.wait_for_selector(".history-dot")
    page.wait_for_selector("[data-stage][data-drawn^='truth 4']")

    page.keyboard.press("2")
    page.wait_for_function("() => document.querySelector('[data-judged]').textContent === '1'")
    page.wait_for_function("() => document.querySelectorAll('.card-tile[data-verdict=label_error]').length === 1")
    comes(page, Verdict.objects.exists)
    page.keyboard.press("m")

    page.wait_for_selector(".brings")
    assert "cell=" in page.url and "csrf" not in page.url, "an address to send to a colleague, and nothing else"
    page.fill("[name=budget]", "5")
    page.wait_for_function("() => document.querySelectorAll('#preview .tile').length > 0")
    page.fill("[name=queue]", "taken for another")
    page.get_by_role("button", name="Create the queue").click()

    page.wait_for_selector("[data-sentence]")
    made = MiningRound.objects.get()
    assert made.queue is not None and made.queue.name == "taken for another"
    assert made.queue.tasks.count() == made.mined_items.count() > 0
    assert Verdict.objects.get().kind == "label_error"
    assert page.problems == []


def test_the_viewer_is_worked_by_keyboard_alone(cells: Any, rita: User, browser: Any, live_server: Any) -> None:
    page = signed_in(browser, live_server, rita)
    page.goto(f"{live_server.url}/p/blood/failures/?evaluation={cells.before.uuid}&threshold=0")
    page.wait_for_selector("body[data-ready]")
    place = page.locator("[data-place]")
    total = int(page.locator("[data-count]").inner_text())
    assert place.inner_text() == f"1 / {total}"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert place.inner_text() == f"2 / {total}"

    page.keyboard.press("z")
    zoom = page.locator("[data-stage]").get_attribute("data-zoom")
    assert float(zoom) > 1
    page.keyboard.press("j")
    expect(page.locator("[data-stage]")).to_have_attribute("data-zoom", zoom)
    page.keyboard.press("g")
    expect(page.locator("[data-layer=truth]")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("g")

    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-selected-count]")).to_have_text("2")
    assert page.locator(".card-tile[data-selected] .card-picture").count() == 2
    page.keyboard.press("1")
    page.wait_for_function("() => document.querySelectorAll('.card-tile[data-verdict=model_error]').length >= 2")
    judged = int(page.locator("[data-judged]").inner_text())
    page.keyboard.press("u")
    page.wait_for_function("() => document.querySelector('[data-judged]').textContent === '0'")
    assert judged >= 2
    newest = Verdict.objects.filter(pk__in=Verdict.objects.values("failure").annotate(last=Max("pk")).values("last"))
    comes(page, lambda: newest.exists() and not newest.exclude(kind="").exists())
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    assert page.problems == []


def test_a_verdict_that_cannot_be_sent_is_taken_back_and_said(
    cells: Any, rita: User, browser: Any, live_server: Any
) -> None:
    page = signed_in(browser, live_server, rita)
    page.goto(f"{live_server.url}/p/blood/failures/?evaluation={cells.before.uuid}&threshold=0")
    page.wait_for_selector("body[data-ready]")
    page.context.set_offline(True)
    page.keyboard.press("3")
    page.wait_for_selector(".toast-danger")
    page.wait_for_function("() => document.querySelector('[data-judged]').textContent === '0'")
    page.context.set_offline(False)
    page.keyboard.press("k")
    page.keyboard.press("3")
    comes(page, Verdict.objects.exists)
    assert Verdict.objects.get().kind == "ambiguous"


def test_every_result_of_a_long_set_can_be_reached(coco: Any, erin: User, browser: Any, live_server: Any) -> None:
    page = signed_in(browser, live_server, erin)
    page.goto(f"{live_server.url}/p/blood/failures/?evaluation={coco.evaluation.uuid}&threshold=0&state=tp")
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("[data-count]")).to_have_text("649")
    seen = page.evaluate(
        """async () => {
            const grid = document.querySelector("[data-grid]");
            const rows = new Set();
            for (let top = 0; ; top += 300) {
                grid.scrollTop = top;
                do await new Promise((done) => requestAnimationFrame(done));
                while (document.querySelector(".card-tile .skeleton"));
                for (const tile of document.querySelectorAll(".card-tile")) rows.add(tile.dataset.row);
                if (top > grid.scrollHeight) return rows.size;
            }
        }"""
    )
    assert seen == 649


def test_the_viewer_draws_the_outlines_of_polygons(cells: Any, rita: User, browser: Any, live_server: Any) -> None:
    page = signed_in(browser, live_server, rita)
    ring = [[20, 20], [120, 30], [70, 110]]

    def outlined(route: Any) -> None:
        scene = route.fetch().json()
        scene["truths"] = [{**scene["truths"][0], "region": {"kind": "polygon", "geometry": [[ring]]}}]
        scene["predictions"] = []
        route.fulfill(json=scene)

    page.route("**/failures/scene/**", outlined)
    page.goto(f"{live_server.url}/p/blood/failures/?evaluation={cells.before.uuid}&threshold=0")
    page.wait_for_selector("[data-stage][data-drawn*='truth']")
    page.keyboard.press("p")
    green = """([x, y]) => {
      const canvas = document.querySelector(".picture-canvas-regions");
      const image = JSON.parse(document.getElementById("viewer-boot").textContent).matches[0];
      const ratio = canvas.width / canvas.clientWidth;
      const {clientWidth: across, clientHeight: down} = canvas;
      const scale = Math.min((across - 32) / image.width, (down - 32) / image.height);
      const [left, top] = [(across - image.width * scale) / 2, (down - image.height * scale) / 2];
      const [across0, down0] = [(left + x * scale) * ratio - 3, (top + y * scale) * ratio - 3];
      const found = canvas.getContext("2d").getImageData(across0, down0, 7, 7).data;
      return [...found].some((_, at) => at % 4 === 0 && found[at + 3] > 60 && found[at + 1] > 1.5 * found[at]);
    }"""
    for x, y in ((70, 25), (95, 70), (45, 65)):
        page.wait_for_function(green, arg=[x, y])  # the middle of a side
    assert not page.evaluate(green, [119, 100]), "the corner of its bounds"
    assert page.problems == []
