"""Bulk actions: whole or not at all, by a job or at once, taken up after a death, undone exactly."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lode_platform import bulk_actions, items, jobs
from lode_platform.bulk_actions import Action
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.items import ItemSpec
from lode_platform.models import BulkAction, BulkActionItem, Item, JobState, Project, TaggedItem, User
from lode_platform.query import parse
from lode_platform.query_fields import compile_query

pytestmark = pytest.mark.django_db
MakeItems = Callable[..., list[Item]]
Run = Callable[[], int]


@pytest.fixture
def begin(project: Project, alice: User) -> Callable[..., BulkAction]:
    def go(action: str, query: str = "", **arguments: Any) -> BulkAction:
        return bulk_actions.begin(project, Caller(alice), action, arguments, filter={"query": query})

    return go


@pytest.fixture
def found(project: Project, alice: User) -> Callable[[str], list[str]]:
    def find(query: str) -> list[str]:
        rows = project.items.live().filter(compile_query(parse(query), project, alice).condition)
        return sorted(rows.values_list("path", flat=True))

    return find


@pytest.fixture
def by_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_actions, "AT_ONCE", 0)
    monkeypatch.setattr(bulk_actions, "BATCH", 2)


def undo(row: BulkAction, run_jobs: Run) -> BulkAction:
    bulk_actions.undo(BulkAction.objects.get(pk=row.pk), Caller(row.created_by))
    run_jobs()
    row.refresh_from_db()
    assert row.undone_at is not None
    return row


@pytest.mark.parametrize("many", [False, True])
def test_items_are_tagged_and_untagged_and_each_is_undone_exactly(
    project: Project,
    make_items: MakeItems,
    begin: Callable[..., BulkAction],
    found: Callable[[str], list[str]],
    run_jobs: Run,
    monkeypatch: pytest.MonkeyPatch,
    many: bool,
) -> None:
    if many:
        monkeypatch.setattr(bulk_actions, "AT_ONCE", 0)
        monkeypatch.setattr(bulk_actions, "BATCH", 2)
    paths = sorted(item.path for item in make_items(project, 5))
    Item.objects.filter(path__in=paths[:2]).update(group="first")
    first = begin("tag", "group:first", tag="Night")
    run_jobs()
    rest = begin("tag", tag="  night ")  # the same tag, whatever its case
    run_jobs()
    rest.refresh_from_db()
    assert rest.count == 3 and rest.arguments == {"tag": "Night"} and bool(rest.job) is many
    assert found("tag:NIGHT") == found("tag:*") == paths and found("not tag:night") == []
    taken = begin("untag", "not group:first", tag="Night")
    run_jobs()
    assert found("tag:night") == paths[:2]
    undo(taken, run_jobs)
    assert found("tag:night") == paths
    assert undo(rest, run_jobs).undo_result == {"tag": "Night", "removed": 3}
    assert found("tag:night") == paths[:2], "the first action's tags stay"
    undo(first, run_jobs)
    assert found("tag:*") == [] and not TaggedItem.objects.exists()
    with pytest.raises(Conflict, match="undone already"):
        bulk_actions.undo(BulkAction.objects.get(pk=first.pk), Caller(first.created_by))


def test_the_trash_takes_and_gives_back_what_it_took_and_nothing_else(
    project: Project, alice: User, make_items: MakeItems, begin: Callable[..., BulkAction], run_jobs: Run
) -> None:
    made = make_items(project, 5)
    items.trash(made[0], alice)
    row = begin("trash")
    assert row.count == 4 and not project.items.live().exists()
    items.restore(made[1], alice)
    items.trash(made[1], alice)  # a person's own doing since: stays in the trash
    spec = ItemSpec(made[2].path, made[3].blob.md5, made[3].blob.sha256)
    items.add_items(project, Caller(alice), [spec], trusted=True)  # another item has the name by now
    assert undo(row, run_jobs).undo_result == {"restored": 2, "name_taken": 1, "paths": [made[2].path]}
    assert sorted(project.items.live().values_list("path", flat=True)) == sorted(one.path for one in made[2:])
    lying = dict(project.items.exclude(trashed_at=None).values_list("pk", "trashed_at"))
    back = bulk_actions.begin(project, Caller(alice), "restore", {}, filter={"trash": "1"})
    assert (back.count, back.result["name_taken"]) == (2, 1)
    undo(back, run_jobs)
    assert dict(project.items.exclude(trashed_at=None).values_list("pk", "trashed_at")) == lying


def test_names_that_cannot_come_back_together_stay_in_the_trash(
    project: Project, alice: User, make_items: MakeItems, begin: Callable[..., BulkAction]
) -> None:
    blobs = [item.blob for item in make_items(project, 3)]
    begin("trash")
    for blob, path in zip(blobs, ["a.png/b.png", "same.png", "same.png"], strict=True):
        items.add_items(project, Caller(alice), [ItemSpec(path, blob.md5, blob.sha256)], trusted=True)
        begin("trash")
    items.add_items(project, Caller(alice), [ItemSpec("a.png", blobs[0].md5, blobs[0].sha256)], trusted=True)
    row = bulk_actions.begin(project, Caller(alice), "restore", {}, filter={"query": "path:a.png or same"})
    assert (row.count, row.result) == (1, {"name_taken": 2, "paths": ["a.png/b.png", "same.png"]})
    assert sorted(project.items.live().values_list("path", flat=True)) == ["a.png", "same.png"]


@pytest.mark.parametrize("step", ["batch", "applied", "over"])
def test_a_killed_job_is_taken_up_and_changes_each_item_once(
    project: Project,
    make_items: MakeItems,
    begin: Callable[..., BulkAction],
    found: Callable[[str], list[str]],
    by_job: None,
    run_jobs: Run,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    make_items(project, 5)
    row = begin("tag", tag="x")
    seen: list[str] = []

    def die(self: jobs.Work, at: str) -> None:
        seen.append(at)
        if at == step and seen.count(step) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(jobs.Work, "step", die)
    with pytest.raises(KeyboardInterrupt):
        run_jobs()
    assert len(found("tag:x") if step == "over" else found("width>0")) == 5
    assert TaggedItem.objects.count() == (5 if step == "over" else 0), "all of it, or nothing"
    assert row.job is not None
    type(row.job).objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run_jobs()
    row.refresh_from_db()
    row.job.refresh_from_db()
    assert row.job.state == JobState.SUCCEEDED and row.job.result == {**row.job.result, "items": 5, "tag": "x"}
    assert row.count == 5 == BulkActionItem.objects.filter(action=row).count() == len(found("tag:x"))


def test_a_refused_or_cancelled_job_leaves_nothing(
    project: Project,
    make_items: MakeItems,
    begin: Callable[..., BulkAction],
    by_job: None,
    run_jobs: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(row: BulkAction) -> dict[str, Any]:
        TaggedItem.objects.all().delete()
        raise BadInput("Not these.")

    make_items(project, 3)
    bulk_actions.add(Action("odd", "Odd", "x", "items.tag", refuse, lambda row: {}))
    try:
        row = begin("odd")
        assert row.job is not None
        run_jobs()
        row.job.refresh_from_db()
        row.refresh_from_db()
        assert (row.job.state, row.job.error, row.applied_at) == ("failed", "Not these.", None)
        again = begin("tag", tag="x")
        assert again.job is not None
        jobs.cancel(again.job)
        run_jobs()
        assert not BulkActionItem.objects.exists() and not TaggedItem.objects.exists()
        with pytest.raises(Conflict, match="not yet"):
            bulk_actions.undo(again, Caller(again.created_by))
    finally:
        bulk_actions._actions.pop("odd")


def test_what_cannot_be_done_is_refused_by_name(
    project: Project, alice: User, bob: User, make_items: MakeItems, begin: Callable[..., BulkAction]
) -> None:
    make_items(project, 1)
    for action, arguments, words in [
        ("tga", {}, "no bulk action 'tga'; there are tag"),
        ("tag", {}, "Tag is missing"),
        ("tag", {"tag": "a\nb" * 60}, "at most 100"),
        ("tag", {"tag": "a", "colour": "red"}, "no argument 'colour'; there are: tag"),
        ("untag", {"tag": "never"}, "no 'never' here"),
    ]:
        with pytest.raises(BadInput, match=words):
            begin(action, **arguments)
    with pytest.raises(BadInput, match="No item is chosen"):
        begin("trash", "width>100000")
    assert not BulkAction.objects.exists()


def test_its_statements_do_not_grow_with_the_items(
    project: Project, make_items: MakeItems, begin: Callable[..., BulkAction]
) -> None:
    counts = []
    for number in range(2):
        make_items(project, 3 + 20 * number)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            begin("tag", tag=f"t{number}")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_it_is_counted_confirmed_done_and_undone_on_pages(
    project: Project, alice: User, bob: User, make_items: MakeItems, client_for: Callable[[User], Client]
) -> None:
    made = make_items(project, 3)
    client = client_for(alice)
    base = f"/p/{project.name}/items/"
    assert client.get(f"{base}actions/count?query=item").json()["after"] is None
    page = client.post(f"{base}actions/trash/", {"item": [made[0].uuid, made[1].uuid]}).content.decode()
    assert "<b>2</b> selected items" in page and project.items.live().count() == 3
    done = client.post(f"{base}actions/trash/", {"item": [made[0].uuid, made[1].uuid], "confirmed": "1"})
    assert done.status_code == 302 and project.items.live().count() == 1
    row = BulkAction.objects.get()
    assert f"actions/{row.uuid}/undo" in client.get(done["Location"]).content.decode()
    assert "Undo" in client.get(f"{base}actions/").content.decode()
    client.post(f"{base}actions/{row.uuid}/undo")
    assert project.items.live().count() == 3
    refused = client.post(f"{base}actions/tag/", {"query": "", "confirmed": "1", "tag": ""})
    assert refused.status_code == 400 and "Tag is missing" in refused.content.decode()
    assert client_for(bob).post(f"{base}actions/tag/", {"confirmed": "1", "tag": "x"}).status_code == 403


def test_rest_does_and_undoes_them(
    project: Project, alice: User, make_items: MakeItems, api: Callable[..., Any], run_jobs: Run, by_job: None
) -> None:
    made = make_items(project, 3)
    program = api(alice)
    sent = {"action": "tag", "arguments": {"tag": "seen"}, "query": ""}
    answer = program.post(f"projects/{project.name}/bulk-actions", sent)
    assert answer.status_code == 202 and answer.json()["applied_at"] is None
    run_jobs()
    uuid = answer.json()["uuid"]
    assert program.get(f"bulk-actions/{uuid}").json()["count"] == 3
    assert len(program.get(f"projects/{project.name}/items?query=tag:seen").json()["results"]) == 3
    assert program.post(f"bulk-actions/{uuid}/undo").status_code == 202
    run_jobs()
    assert program.get(f"projects/{project.name}/bulk-actions").json()["results"][0]["undone_at"]
    both = {**sent, "items": [str(made[0].uuid)]}
    assert program.post(f"projects/{project.name}/bulk-actions", both).status_code == 400
