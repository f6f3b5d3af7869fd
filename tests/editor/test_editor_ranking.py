"""A list's entries brought into an order by keys, buttons and dragging; reviewed, published and read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from tests.label_studio import accepts

import motherlode

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

CONFIG = """<View><List name="results" value="$list"/>
  <Ranker name="rank" toName="results" required="true"/></View>"""


def answers() -> bytes:
    rows = [
        {"id": "a", "title": "Short", "body": f"It is one sentence. {uuid4().hex}"},
        {"id": "b", "title": "Long", "body": "It goes on\nfor two lines. <script>alert(1)</script>"},
        {"id": "c", "title": "Polite", "body": "Please."},
    ]
    return "\n".join(json.dumps(row) for row in rows).encode()


def ranked(seat: Any) -> list[str]:
    seat.settled()
    return [str(one.get_attribute("data-entry")) for one in seat.page.locator("[data-entry]").all()]


def test_a_list_is_ranked_by_keys_buttons_and_dragging(
    clinic: Any, seat: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    items, name = clinic.send({f"{uuid4().hex}.jsonl": answers()}), f"s{uuid4().hex[:8]}"
    clinic.call("POST", "projects/cells/schemas", {"name": name, "config": CONFIG})
    body = {"name": name, "schema": name, "items": items, "review": True}
    asked = clinic.call("POST", "projects/cells/queues", body)["uuid"]
    clinic.call("POST", "projects/cells/datasets", {"name": name, "schema": name})
    clinic.call("POST", f"projects/cells/datasets/{name}/items", {"items": items})
    bob = seat("bob").label(asked)
    page = bob.page
    expect(page.locator("[data-document]")).to_contain_text("<script>alert(1)</script>")
    assert ranked(bob) == ["a", "b", "c"]
    found = Axe().run(page).response["violations"]
    assert [row["id"] for row in found if row["impact"] in ("serious", "critical")] == []
    bob.press("Enter")
    page.locator("[data-notes]", has_text="rank must be answered").wait_for()
    bob.press(",", "Shift+ArrowDown")
    expect(page.locator('[data-entry="a"] .ed-ranked-at')).to_have_text("2")
    expect(page.locator('[data-entry="a"]')).to_be_focused()
    bob.press("Shift+End")
    assert ranked(bob) == ["b", "c", "a"]
    page.locator('[data-entry="c"]').get_by_role("button", name="Move up").click()
    assert ranked(bob) == ["c", "b", "a"]
    page.locator('[data-entry="a"]').drag_to(page.locator('[data-entry="c"]'))
    assert ranked(bob) == ["a", "c", "b"]
    bob.press("Escape", "Control+z")
    bob.saved("there")
    (said,) = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert (said["type"], said["value"]) == ("ranker", {"ranker": {"rank": ["c", "b", "a"]}}) and accepts(CONFIG, said)
    bob.press("Enter")
    page.wait_for_selector('[data-face="finished"]')
    rita = seat("rita").review(asked)
    assert ranked(rita) == ["c", "b", "a"]
    rita.press("Enter")
    rita.page.wait_for_selector('[data-face="finished"]')
    rita.saved("clean")
    clinic.call("POST", f"projects/cells/datasets/{name}/publish", {"message": "why"})
    clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTHERLODE_CACHE", str(tmp_path / "cache"))
    [sample] = motherlode.load(f"{name}@v1", client=motherlode.Client(clinic.url, clinic.tokens["alice"]))
    [held] = sample.labels
    assert (held.kind, held.value, sample.media.words()) == ("ranking", {"rank": ["c", "b", "a"]}, "3 entries")
    [item] = items
    tile = page.context.request.get(f"{clinic.url}/p/cells/items/{item}/").text()
    assert "&lt;script&gt;alert(1)" in tile and "3 entries" in tile


def test_the_order_that_is_there_can_be_kept(clinic: Any, seat: Callable[..., Any]) -> None:
    config = CONFIG.replace(' required="true"', "")
    bob = seat("bob").label(str(clinic.queue_of(clinic.send({f"{uuid4().hex}.jsonl": answers()}), config)))
    bob.page.get_by_role("button", name="Keep this order").click()
    bob.saved("there")
    (said,) = clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"]
    assert said["value"] == {"ranker": {"rank": ["a", "b", "c"]}}
    bob.press(",", "Delete")
    expect(bob.page.get_by_role("button", name="Keep this order")).to_be_visible()
    bob.saved("there")
    assert clinic.call("POST", f"tasks/{bob.task}/open", who="bob")["draft"]["result"] == []
