"""Checks: what is found of a version is kept as rows, with what was looked at."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from PIL import Image

from lode_annotation.models import Annotation, Review
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_datasets import gate
from lode_datasets.check_statements import Picture
from lode_datasets.checks import CHECKS, near_duplicates
from lode_datasets.models import CheckRun, Waiver
from lode_datasets.publish import publish
from lode_datasets.selection import add_items, remove_items
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec
from lode_platform.items import add_items as make
from lode_platform.models import Event, Item, User
from lode_platform.store import store

HOME = "projects/blood/datasets/cells"


@pytest.fixture
def engineer(api: Any, erin: User) -> Any:
    return api(erin)


def twin_of(cells: Any, item: Item, path: str, split: str) -> Item:
    """Another item with the same bytes, in a split."""
    spec = ItemSpec(path=path, md5=item.blob.md5, sha256=item.blob.sha256)
    (twin,) = make(cells.project, Caller(cells.user), [spec], trusted=True).created
    add_items(cells.dataset, [twin], splits={twin.uuid: split})
    cells.label(twin, [cells.box(twin, 0)])
    return twin


def results(engineer: Any, which: str = "latest") -> dict[str, Any]:
    run = engineer.get(f"{HOME}/versions/{which}/checks").json()["run"]
    return {row["name"]: row for row in run["results"]}


def test_each_check_says_what_it_looked_at_and_names_items(engineer: Any, cells: Any, client: Any) -> None:
    items = cells.add(2, split="train")
    (pooled,) = cells.add(1, labelled=False)
    twin = twin_of(cells, items[0], "twin.png", "val")
    cells.publish()
    found = results(engineer)
    assert {name: (row["severity"], row["count"], row["looked_at"]) for name, row in found.items() if row["count"]} == {
        "duplicate_across_splits": ("warning", 1, 4),
        "class_absent": ("warning", 1, 4),
        "class_unused": ("note", 1, 4),
        "empty_split": ("note", 1, 4),
        "unlabelled": ("note", 1, 4),
    }
    assert found["group_across_splits"]["looked_at"] == 4
    assert found["unlabelled"]["items"] == [{"item": str(pooled.uuid), "path": pooled.path, "note": ""}]
    (double,) = found["duplicate_across_splits"]["items"]
    assert (double["item"], double["note"]) == (str(twin.uuid), f"val = {items[0].path}, train")
    client.force_login(cells.user)
    page = client.get("/p/blood/datasets/cells/v1/").content.decode()
    assert f"/items/{twin.uuid}/" in page and "groups across splits" in page


def test_what_only_items_decide_is_taken_from_the_version_before(engineer: Any, cells: Any, monkeypatch: Any) -> None:
    items = cells.add(2, split="train")
    twin_of(cells, items[0], "twin.png", "val")
    cells.publish()
    cells.label(items[1], [cells.box(items[1], 3)])
    monkeypatch.setattr("lode_datasets.check_statements.twins", lambda rows: [])
    cells.publish()
    assert results(engineer, "2")["duplicate_across_splits"] == results(engineer, "1")["duplicate_across_splits"]
    cells.add(1)
    cells.publish()
    assert results(engineer, "3")["duplicate_across_splits"]["count"] == 0


def refused(cells: Any) -> Any:
    """The job of a publish that checks stop; nobody sees a version of it."""
    version, job = publish(cells.dataset, cells.user)
    cells.run_jobs()
    assert job is not None
    job.refresh_from_db()
    assert (job.state, job.result["code"]) == ("failed", "gate_closed")
    assert not cells.dataset.versions.published().filter(number=version.number).exists()
    return job


def test_an_error_stops_a_publish_until_it_is_waived(engineer: Any, cells: Any) -> None:
    cells.add(3)
    (pooled,) = cells.add(1, labelled=False)
    usual = cells.publish()
    assert engineer.patch(f"{HOME}/checks", {"severities": {"unlabelled": "error"}}).status_code == 200
    cells.dataset.refresh_from_db()
    cells.label(Item.objects.first(), [])
    assert refused(cells).result["checks"] == ["unlabelled"]
    answer = engineer.get(f"{HOME}/checks").json()
    assert (answer["run"]["closed"], answer["run"]["version"]) == (["unlabelled"], 2)
    given = {"check": "unlabelled", "reason": "the pool is wanted", "until": str(timezone.localdate())}
    made = engineer.post(f"{HOME}/waivers", given)
    assert (made.status_code, made.json()["count"]) == (201, 1)

    version = cells.publish()
    assert version.number == 2 and version.checks[-1]["level"] == "danger"
    waiver = results(engineer)["unlabelled"]["waiver"]
    assert (waiver["reason"], waiver["given_by"]) == ("the pool is wanted", "erin")
    assert results(engineer, "1")["unlabelled"]["severity"] == "note" and usual.checks[-1]["level"] == "info"

    cells.add(1, labelled=False)  # more than had been found when it was waived
    refused(cells)
    engineer.patch(f"{HOME}/checks", {"severities": {"unlabelled": None}})
    cells.dataset.refresh_from_db()
    assert cells.publish().number == 3
    verbs = Event.objects.filter(verb__startswith="dataset.").values_list("verb", flat=True)
    assert {"dataset.checks", "dataset.waive"} <= set(verbs)


def test_a_waiver_ends_by_its_day_or_by_a_word_and_is_kept(engineer: Any, cells: Any) -> None:
    cells.add(2)
    cells.add(1, labelled=False)
    today = timezone.localdate()
    given = {"check": "unlabelled", "reason": "for now", "until": str(today)}
    assert engineer.post(f"{HOME}/waivers", given).json()["code"] == "nothing_found"
    cells.publish()
    assert engineer.post(f"{HOME}/waivers", given | {"check": "spelling"}).json()["code"] == "no_check"
    assert engineer.post(f"{HOME}/waivers", given | {"until": str(today - timedelta(days=1))}).status_code == 400
    gate.choose(cells.dataset, cells.user, {"unlabelled": "error"})
    made = engineer.post(f"{HOME}/waivers", given).json()
    Waiver.objects.update(until=today - timedelta(days=1))
    cells.label(Item.objects.first(), [])
    refused(cells)
    Waiver.objects.update(until=today)
    assert engineer.delete(f"{HOME}/waivers/{made['uuid']}").status_code == 204
    refused(cells)
    (kept,) = engineer.get(f"{HOME}/waivers").json()["results"]
    assert kept["ended_at"] is not None and engineer.get(f"{HOME}/checks").json()["waivers"] == []


def test_checks_run_without_publishing_and_say_what_a_publish_would_meet(engineer: Any, cells: Any) -> None:
    items = cells.add(3, split="train")
    cells.add(2, labelled=False)
    twin_of(cells, items[0], "twin.png", "val")
    gate.choose(cells.dataset, cells.user, {"unlabelled": "error", "class_unused": "off"})
    job = engineer.post(f"{HOME}/checks", {}).json()
    assert engineer.post(f"{HOME}/checks", {}).json()["uuid"] == job["uuid"]
    cells.run_jobs()
    run = engineer.get(f"{HOME}/checks").json()["run"]
    assert (run["version"], run["items"], run["closed"]) == (None, 6, ["unlabelled"])
    assert "class_unused" in run["not_looked"] and not cells.dataset.versions.exists()
    asked = {row["name"]: row["count"] for row in run["results"]}
    assert asked["duplicate_across_splits"] == 1

    gate.choose(cells.dataset, cells.user, {"unlabelled": "note"})
    cells.publish()
    assert {name: row["count"] for name, row in results(engineer).items()} == asked
    assert CheckRun.objects.filter(version=None).count() == 0
    engineer.post(f"{HOME}/checks", {"checks": ["class_unused"]})
    cells.run_jobs()
    assert [row["name"] for row in engineer.get(f"{HOME}/checks").json()["run"]["results"]] == ["class_unused"]
    assert engineer.post(f"{HOME}/checks", {"checks": ["spelling"]}).status_code == 400
    assert engineer.patch(f"{HOME}/checks", {"severities": {"unlabelled": "fatal"}}).status_code == 400


def test_pages_run_checks_set_what_they_weigh_and_waive(cells: Any, erin: User, victor: User, client: Any) -> None:
    cells.add(2)
    cells.add(1, labelled=False)
    page = "/p/blood/datasets/cells/"
    client.force_login(victor)
    client.post(f"{page}checks/")
    assert client.post(f"{page}severities/", {"unlabelled": "error"}).status_code == 403
    assert client.post(f"{page}waive/", {"check": "unlabelled"}).status_code == 403
    cells.run_jobs()
    client.force_login(erin)
    client.post(f"{page}severities/", {name: "note" for name in CHECKS} | {"unlabelled": "error"})
    cells.dataset.refresh_from_db()
    assert cells.dataset.check_severities["unlabelled"] == "error"
    assert "class_unused" not in cells.dataset.check_severities  # a note anyway
    client.post(f"{page}checks/", {"all": "1"})
    cells.run_jobs()
    shown = client.get(page).content.decode()
    assert "1 item is unlabelled" in shown and "unlabelled (1)" in shown and 'id="waive-unlabelled"' in shown
    client.post(f"{page}waive/", {"check": "unlabelled", "reason": "soon", "until": "31.1."})
    assert not Waiver.objects.exists()
    until = str(timezone.localdate())
    client.post(f"{page}waive/", {"check": "unlabelled", "reason": "labelled soon", "until": until})
    cells.publish()
    assert "labelled soon" in client.get(f"{page}v1/").content.decode()


def test_counts_and_rows_tell_what_shrank_is_missing_repeats_or_cannot_be_seen(engineer: Any, cells: Any) -> None:
    items = cells.add(4, split="train")
    for item in items:
        cells.label(item, [cells.box(item, 0, 1), cells.box(item, 1, 2)])
    cells.add(1, split="val")
    twin_of(cells, items[0], "again.png", "train")
    cells.publish()
    found = results(engineer)
    assert found["duplicate_within_split"]["items"][0]["note"] == "= again.png, train"
    assert (found["duplicate_within_split"]["count"], found["class_shrunk"]["looked_at"]) == (1, 0)
    assert [fact["split"] for fact in found["empty_split"]["facts"]] == ["test"]

    for item in items[:3]:
        cells.label(item, [cells.box(item, 0, 1)])
    unknown = replace(cells.box(items[3], 2), class_id=9)
    cells.label(items[3], [cells.box(items[3], 0, 1), unknown])
    Item.objects.filter(pk=items[1].pk).update(width=0)
    cells.add(1, split="val")
    cells.publish()
    found = results(engineer)
    (shrunk,) = found["class_shrunk"]["facts"]
    assert (shrunk["name"], shrunk["before"], shrunk["count"]) == ("WBC", 4, 0)
    assert [(row["path"], row["note"]) for row in found["class_unknown"]["items"]] == [(items[3].path, "9")]
    assert [row["path"] for row in found["unreadable"]["items"]] == [items[1].path]
    assert "unreviewed" not in found


def test_labels_wait_for_a_reviewer_until_one_accepts_them(engineer: Any, cells: Any, rita: User) -> None:
    items = cells.add(1, split="train") + cells.add(2, labelled=False)
    queue = create_queue(cells.project, Caller(cells.user), name="open", schema=cells.schema)
    add_tasks(queue, Caller(cells.user), [TaskSpec(item) for item in items[1:]])
    for _number in range(2):
        task = engineer.post(f"queues/{queue.uuid}/next", {"holding": []}).json()["task"]["id"]
        sent = {"result": [], "operation_id": str(uuid4()), "lead_time": 1.0}
        assert engineer.post(f"tasks/{task}/submit", sent).status_code == 200
    checks = {"checks": ["unreviewed"]}
    engineer.post(f"{HOME}/checks", checks)
    cells.run_jobs()
    (row,) = engineer.get(f"{HOME}/checks").json()["run"]["results"]
    assert (row["count"], row["looked_at"], row["left_out"]) == (2, 2, "Imported labels are not looked at.")
    first = Annotation.objects.order_by("pk")[0]
    word = Review.objects.create(
        annotation=first, revision=first.revisions.get(), reviewer=rita, verdict=Review.Verdict.ACCEPT
    )
    engineer.post(f"{HOME}/checks", checks)
    cells.run_jobs()
    (row,) = engineer.get(f"{HOME}/checks").json()["run"]["results"]
    assert (row["count"], row["looked_at"]) == (1, 2)
    Review.objects.filter(pk=word.pk).update(undone_at=timezone.now())
    engineer.post(f"{HOME}/checks", checks)
    cells.run_jobs()
    assert engineer.get(f"{HOME}/checks").json()["run"]["results"][0]["count"] == 2


def by_hand(engineer: Any, cells: Any, *names: str) -> list[Any]:
    """What checks find that are off, asked for by name."""
    engineer.post(f"{HOME}/checks", {"checks": names})
    cells.run_jobs()
    found: list[Any] = engineer.get(f"{HOME}/checks").json()["run"]["results"]
    return found


def picture(folder: Path, shade: int, quality: int = 95) -> bytes:
    """A JPEG with a ramp that begins at a shade."""
    image = Image.radial_gradient("L").resize((64, 48)).rotate(shade)
    image.save(folder / "one.jpg", "JPEG", quality=quality)
    return (folder / "one.jpg").read_bytes()


def test_regions_of_no_extent_and_pictures_that_look_alike_are_found(engineer: Any, cells: Any, tmp_path: Path) -> None:
    items = cells.add(4, split="train")
    for item, place in zip(items, [(5, 5, 5, 9), (90, 90, 99, 99), (5, 5, 5.5, 6), (5, 5, 9, 9)], strict=True):
        cells.label(item, [replace(cells.box(item, 0), geometry=tuple(map(float, place)))])
    (row,) = by_hand(engineer, cells, "region_degenerate")
    assert (row["count"], row["looked_at"], row["severity"]) == (3, 4, "warning")
    assert {one["path"]: one["note"] for one in row["items"]} == {
        items[0].path: "degenerate",
        items[1].path: "outside",
        items[2].path: "under a pixel",
    }
    remove_items(cells.dataset, cells.user, items)
    files = [("train", 10, 95), ("val", 10, 60), ("test", 120, 95)]
    specs = [
        ItemSpec(f"{split}.jpg", blob.md5, blob.sha256)
        for split, shade, quality in files
        for blob in [store().add_bytes(picture(tmp_path, shade, quality))]
    ]
    made = make(cells.project, Caller(cells.user), specs, trusted=True).created
    add_items(cells.dataset, made, splits={item.uuid: item.path.removesuffix(".jpg") for item in made})
    for item in made:
        cells.label(item, [])
    (row,) = by_hand(engineer, cells, "near_duplicate_across_splits")
    assert (row["count"], row["looked_at"], row["left_out"]) == (1, 3, "")
    assert row["items"][0]["path"] == "val.jpg" and row["items"][0]["note"].startswith("val ~ train.jpg, train (")


def test_what_is_not_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(Picture(f"{n}", f"{n}", "train" if n % 2 else "val", n, True), n) for n in range(4)]
    nearest, crowded = near_duplicates._pairs(rows)
    assert (sorted(nearest), crowded) == ([1, 2, 3], 0)
    monkeypatch.setattr(near_duplicates, "CROWD", 3)
    assert near_duplicates._pairs(rows) == ({}, 4)
