"""The shell in a real browser against the real server: hashed modules, strict policy, keys, themes, uploads."""

import asyncio
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from tests.browsing import Chromium
from tests.serving import ROOT, Server, environment_of, furnish

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("web_browser")]
expect.set_options(timeout=60_000)

PASSWORD = "correct horse battery"
PEOPLE = f"""
from lode_platform.models import User
from lode_platform.projects import create_project
user = User.objects.create_user("alice", password={PASSWORD!r})
create_project(user, name="blood", title="Blood cells")
create_project(user, name="digits")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[str]:
    """A running server with one person and two projects; its address."""
    home = tmp_path_factory.mktemp("web")
    environment = environment_of(home)
    furnish(home, migrated_file)
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", PEOPLE]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    made = Server(environment, home / "server.log", "--no-worker")
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
    page.goto("/login/?next=/p/blood/items/")
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    yield page
    context.close()
    assert complaints == []


def picture(seed: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), (seed * 40 % 256, 90, 160)).save(out, "PNG")
    return out.getvalue()


def test_another_loop_runs_once_the_browser_is_left_alone(chromium: Chromium) -> None:
    with chromium.driven() as browser:
        assert browser.contexts == []
    asyncio.run(asyncio.sleep(0))


def test_every_module_is_fetched_once_by_its_hashed_name(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url) if request.resource_type == "script" else None)
    page.goto("/p/blood/settings/")  # until all that its modules import has come
    assert any("/static/lode/shell." in url for url in fetched)
    assert len(fetched) == len(set(fetched))
    assert not [url for url in fetched if url.endswith("/static/lode/shell.js")]


def test_the_keys_of_the_page_are_listed_and_lead_elsewhere(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.locator("#keys-dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Go to")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.clock.set_fixed_time("2026-01-01")  # the second key has to come soon
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/p/blood/")
    page.keyboard.press("/")
    page.keyboard.type("cell?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/blood/items/?q=cell%3F")


def test_a_new_projects_name_follows_its_title_until_one_writes_it(page: Page) -> None:
    page.goto("/projects/")
    page.get_by_role("button", name="New project").click()
    title, name = page.locator("dialog [name=title]"), page.locator("dialog [name=name]")
    title.press_sequentially("Zürich, 2nd cells!")
    expect(name).to_have_value("zurich-2nd-cells")
    name.fill("cells")
    title.press_sequentially(" again")
    expect(name).to_have_value("cells")


def test_the_chosen_theme_stays_and_is_there_before_any_script(page: Page) -> None:
    page.click("summary[aria-label='Light or dark']")
    page.click("[data-theme-choice=dark]")
    assert page.evaluate("getComputedStyle(document.body).colorScheme || document.documentElement.dataset.bsTheme")
    assert 'data-bs-theme="dark"' in page.request.get("/projects/").text()
    page.goto("/projects/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_a_narrow_window_has_the_navigation_in_a_drawer(page: Page) -> None:
    page.set_viewport_size({"width": 600, "height": 800})
    side = page.locator("#side")
    expect(side).to_be_hidden()
    page.click("[data-drawer]")
    expect(side).to_be_visible()
    page.keyboard.press("Escape")
    expect(side).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_come_in_what_is_refused_is_named_and_picked_ones_go_and_come_back(page: Page) -> None:
    page.goto("/p/blood/items/add/")
    files = [{"name": f"cell-{n}.png", "mimeType": "image/png", "buffer": picture(n)} for n in range(3)]
    files.append({"name": "broken.png", "mimeType": "image/png", "buffer": picture(9)[:40]})
    files.append({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    page.set_input_files("[data-files] >> nth=0", files)  # type: ignore[arg-type]
    expect(page.locator("[data-upload-created]")).to_have_text("3")
    expect(page.locator("[data-upload-refused]")).to_have_text("2")
    expect(page.locator("[data-upload-problems]")).to_contain_text("broken.png")
    page.click("[data-upload-done]")
    expect(page.locator(".tile")).to_have_count(3)

    page.goto("/p/blood/items/")  # picked, they go to the trash, and undo brings them back
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.locator("summary", has_text="Selected 2").click()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_text("2 selected items")).to_be_visible()
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.locator(".tile")).to_have_count(1)
    page.click("[data-undo]")
    expect(page.locator(".tile")).to_have_count(3)


def test_a_chart_is_drawn_under_the_policy_and_a_mark_is_a_link(page: Page) -> None:
    page.evaluate(
        """async () => {
          const spec = { height: 80, data: { values: [{ n: 3, url: "/p/digits/" }] }, mark: "bar",
            encoding: { x: { field: "n", type: "quantitative" }, color: { value: "var(--lode-truth)" } } };
          const source = Object.assign(document.createElement("script"), { type: "application/json", id: "spec" });
          source.textContent = JSON.stringify(spec);
          const holder = Object.assign(document.createElement("div"), { className: "chart" });
          holder.dataset.chart = "spec";
          document.querySelector("#main").prepend(source, holder);
          (await import("/static/lode/chart.js")).drawCharts();
        }"""
    )
    mark = page.locator(".chart .mark-rect path").first
    expect(mark).to_be_visible()
    assert mark.get_attribute("fill") not in {None, "var(--lode-truth)"}
    mark.click()
    page.wait_for_url("**/p/digits/")


def test_a_picture_draws_regions_of_any_kind_once_it_is_in_sight(page: Page) -> None:
    page.evaluate(
        """() => {
          const ring = [[10, 5], [30, 5], [30, 20.125]];
          const regions = [
            { kind: "box", geometry: [10, 5, 30, 20], layer: "truth", label: "<b>cell" },
            { kind: "polygon", geometry: [[ring]], layer: "prediction", label: "cell", score: 0.5 },
            { kind: "kind of tomorrow", geometry: [1], layer: "truth", label: "x" }];
          const holder = document.createElement("div");
          for (const [id, away] of [["near", "0"], ["far", "9000px"]]) {
            const picture = Object.assign(document.createElement("lode-picture"), { id });
            picture.setAttribute("view", "0 0 100 50");
            picture.setAttribute("labels", "");
            picture.setAttribute("regions", JSON.stringify(regions));
            picture.style.cssText = `display: block; height: 50px; margin-top: ${away}`;
            holder.append(picture);
          }
          document.querySelector("#main").prepend(holder);
        }"""
    )
    near, far = page.locator("#near"), page.locator("#far")
    near.locator(".region").nth(1).wait_for(state="attached")
    seen = near.locator(".region").evaluate_all(
        """(regions) => regions.map((region) => [
          region.getAttribute("class"), region.querySelector("title").textContent,
          region.querySelector(".region-line").getAttribute("d"), region.querySelector("text").textContent])"""
    )
    assert seen == [
        ["region region-truth c1", "<b>cell · truth", "M10 5L30 5L30 20L10 20Z", "<b>cell"],
        ["region region-prediction c1", "cell · prediction · 0.50", "M10 5L30 5L30 20.13Z", "cell 0.50"],
    ]
    dashes = page.evaluate(
        """async () => {
          const { Palette } = await import("/static/lode/canvas/palette.js");
          const line = getComputedStyle(document.querySelector("#near .region-prediction .region-line"));
          return [line.strokeDasharray.match(/[0-9.]+/g).map(Number), new Palette(document.body).dashes.prediction];
        }"""
    )
    assert dashes == [[6, 4], [6, 4]], "one source for style sheets and canvases"
    assert far.locator("svg").count() == 0
    far.scroll_into_view_if_needed()
    far.locator(".region").nth(1).wait_for(state="attached")


def test_no_page_scrolls_sideways_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 700})
    for address in (
        "/",
        "/glossary/",
        "/projects/",
        "/account/",
        "/p/blood/items/",
        "/p/blood/jobs/",
        "/p/blood/settings/",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_what_they_stand_on(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    contrasts: dict[str, float] = page.evaluate(
        """() => {
          const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          const luminance = (colour) => {
            const probe = document.createElement("span");
            probe.style.color = colour;
            document.body.append(probe);
            context.fillStyle = getComputedStyle(probe).color;
            probe.remove();
            context.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => {
              const c = v / 255;
              return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const pairs = [["text", "surface"], ["muted", "surface"], ["muted", "ground"], ["muted", "inset"],
            ["accent", "surface"], ["accent-strong", "accent-soft"], ["on-accent", "accent"], ["danger", "surface"],
            ["ok", "surface"], ["ok", "ok-soft"], ["warning", "surface"], ["text", "warning-soft"]];
          return Object.fromEntries(pairs.map(([front, back]) => {
            const [a, b] = [front, back].map((name) => luminance(`var(--lode-${name})`)).sort((x, y) => y - x);
            return [`${front} on ${back}`, (a + 0.05) / (b + 0.05)];
          }));
        }"""
    )
    assert {pair: round(ratio, 2) for pair, ratio in contrasts.items() if ratio < 4.5} == {}
