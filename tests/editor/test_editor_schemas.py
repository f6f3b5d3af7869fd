"""A schema's revision in a real browser: its changes reviewed, labels merged, and undone."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from motherlode.labeling_config import build

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("editor")]

PROJECT = "cells"  # the clinic's
SeatMaker = Callable[..., Any]


def work(clinic: Any) -> None:
    clinic.manage("shell", "-c", "from lode_platform.jobs import run_pending; run_pending()")


def labelled(clinic: Any, *labels: str) -> str:
    """A schema of the labels cat, dog and fox, and an item with a box of each of ``labels`` under it; its name."""
    name, [item] = f"pets-{uuid4().hex[:8]}", clinic.items(1)
    clinic.call("POST", f"projects/{PROJECT}/schemas", {"name": name, "config": build(["cat", "dog", "fox"], "boxes")})
    uuid, path = str(uuid4()), clinic.call("GET", f"items/{item}")["path"]
    clinic.call("POST", f"projects/{PROJECT}/label-imports", {"uuid": uuid, "schema": name})
    regions = [{"kind": "box", "label": label, "box": [1, 2, 30, 40 + at]} for at, label in enumerate(labels)]
    line = json.dumps({"path": path, "labelled": True, "regions": regions})
    headers = {"Authorization": f"Bearer {clinic.tokens['alice']}", "Content-Type": "application/x-ndjson"}
    part = f"{clinic.url}/api/v1/label-imports/{uuid}/parts/0"
    assert httpx.put(part, content=line.encode(), headers=headers).status_code < 300
    clinic.call("POST", f"label-imports/{uuid}/finish", {})
    work(clinic)
    return name


def test_changes_are_reviewed_labels_merged_and_the_revision_undone(clinic: Any, seat: SeatMaker) -> None:
    from axe_playwright_python.sync_playwright import Axe

    name = labelled(clinic, "cat", "dog", "dog")
    page = seat("alice").page
    page.goto(f"{clinic.url}/p/{PROJECT}/schemas/{name}/edit/")
    page.get_by_role("button", name="XML", exact=True).click()
    page.fill("textarea[name=config]", build(["pet", "wolf"], "boxes"))
    page.locator(".schema-gone label", has_text="cat").locator("select").select_option(label="becomes pet")
    page.locator(".schema-gone label", has_text="dog").locator("select").select_option(label="is merged into pet")
    page.get_by_role("button", name="Review changes").click()
    merged = page.locator("[data-change=class_merged]")
    assert "dog is merged into pet" in merged.inner_text()
    assert [cell.inner_text() for cell in merged.locator("td.num").all()] == ["1", "2"]
    assert "cat is renamed to pet" in page.locator("[data-change=class_renamed]").inner_text()
    assert page.locator("[data-change=class_retired]").count() == 1
    found = Axe().run(page).response["violations"]
    assert [row["id"] for row in found if row["impact"] in ("serious", "critical")] == []
    assert page.locator("[data-migrates='1']").count() == 1 and merged.locator(".schema-samples a").count() == 1
    page.get_by_role("button", name="Create revision").click()
    page.wait_for_selector("[data-migration=running]")
    work(clinic)
    page.wait_for_selector("[data-migration=done]")
    assert "1 label set was written again" in page.locator("[data-migration]").inner_text()
    assert "merged into pet" in page.locator("tr", has_text="dog").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector(".job-live")
    work(clinic)
    page.wait_for_selector("[data-migration=undone]")
    [first, *_] = page.locator(".timeline li").all()
    assert "Undoes revision 2" in first.inner_text()


def test_a_label_that_is_split_off_offers_a_queue_of_the_items_that_hold_the_other(
    clinic: Any, seat: SeatMaker
) -> None:
    name = labelled(clinic, "fox")
    page = seat("alice").page
    page.goto(f"{clinic.url}/p/{PROJECT}/schemas/{name}/edit/")
    page.get_by_role("button", name="XML", exact=True).click()
    page.fill("textarea[name=config]", build(["cat", "dog", "fox", "arctic fox"], "boxes"))
    page.locator("select[name=split]").select_option(label="split off from fox")
    page.get_by_role("button", name="Review changes").click()
    assert "arctic fox is split off from fox" in page.locator("[data-change=class_split]").inner_text()
    page.get_by_role("button", name="Create revision").click()
    page.locator(".timeline").get_by_role("link", name="New queue").click()
    page.fill("input[name=name]", f"look {name}")
    page.get_by_role("button", name="Create queue").click()
    page.wait_for_url("**/queues/*-*/")
    [queue] = [
        row for row in clinic.call("GET", f"projects/{PROJECT}/queues")["results"] if row["name"] == f"look {name}"
    ]
    task = clinic.call("POST", f"queues/{queue['uuid']}/next", {})
    [start] = task["start"]
    assert start["value"]["rectanglelabels"] == ["fox"], "the old answer is there to begin with"
    assert task["task"]["reason"]["text"].startswith("arctic fox is split off from fox")
