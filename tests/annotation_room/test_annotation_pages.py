"""The pages of schemas and queues: who sees them, what they do, and that they do not slow down as rows grow."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_annotation import shell_entries
from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Lease, Queue, Schema
from lode_annotation.queues import TaskSpec, add_tasks
from lode_annotation.schemas import create_schema, latest
from lode_platform import paging
from lode_platform.callers import Caller
from lode_platform.models import Item, Membership, Project, Role, User
from motherlode.labeling_config import build
from motherlode.regions import Region

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]


@pytest.fixture
def addresses(project: Project, make_queue: Callable[..., Queue]) -> dict[str, str]:
    queue = make_queue(2)
    at = f"/p/{project.name}"
    return {
        "schemas": f"{at}/schemas/",
        "schema_new": f"{at}/schemas/new/",
        "schema": f"{at}/schemas/cells/",
        "schema_edit": f"{at}/schemas/cells/edit/",
        "queues": f"{at}/queues/",
        "queue_new": f"{at}/queues/new/",
        "queue": f"{at}/queues/{queue.uuid}/",
    }


@pytest.mark.parametrize("name", ["schemas", "schema_new", "schema", "schema_edit", "queues", "queue_new", "queue"])
def test_a_page_opens_for_those_who_may_and_is_not_there_for_strangers(
    name: str, addresses: dict[str, str], client_for: ClientFor, alice: User, victor: User, charlie: User
) -> None:
    assert client_for(alice).get(addresses[name]).status_code == 200
    assert client_for(charlie).get(addresses[name]).status_code == 404
    expected = 403 if name in ("schema_new", "schema_edit", "queue_new") else 200
    assert client_for(victor).get(addresses[name]).status_code == expected


def test_a_schema_is_made_on_its_page_and_a_bad_config_is_refused_beside_its_field(
    client_for: ClientFor, alice: User, project: Project
) -> None:
    client = client_for(alice)
    at = f"/p/{project.name}/schemas/new/"
    bad = client.post(at, {"name": "s", "config": "<View>\n<Video/></View>"})
    assert bad.status_code == 400 and "&lt;Video&gt; is not supported yet" in bad.content.decode()
    good = client.post(at, {"name": "s", "title": "Cells", "config": build(["a", "b"], "boxes")})
    assert good.status_code == 302 and good["Location"] == f"/p/{project.name}/schemas/s/"
    assert Schema.objects.get().title == "Cells"


def test_a_revision_with_a_rename_is_made_on_its_page(
    client_for: ClientFor, alice: User, project: Project, schema: Schema
) -> None:
    client = client_for(alice)
    sent = {
        "config": build(["erythrocyte", "WBC", "Platelets"], "boxes"),
        "message": "Greek",
        "rename:1": "erythrocyte",
        "guideline:1": "Also half ones.",
    }
    assert client.post(f"/p/{project.name}/schemas/cells/edit/", sent).status_code == 302
    made = latest(schema)
    assert made.number == 2 and made.classes[0] == {"id": 1, "name": "erythrocyte", "control": "label"}
    assert made.guidelines == {"label": {"erythrocyte": "Also half ones."}}


def test_the_check_answers_json_and_saves_nothing(client_for: ClientFor, alice: User, project: Project) -> None:
    body = {"config": "<View><script>alert(1)</script></View>"}
    got = client_for(alice).post(f"/p/{project.name}/schemas/check/", body, content_type="application/json")
    assert got["Content-Type"] == "application/json" and not got.json()["ok"]


def test_a_config_is_tried_without_being_saved(client_for: ClientFor, alice: User, project: Project) -> None:
    client, at = client_for(alice), f"/p/{project.name}/schemas/try/"
    empty = client.post(at, {"config": build(["a"], "boxes")})
    assert empty.status_code == 200 and "There is no item to try the schema on" in empty.content.decode()
    bad = client.post(at, {"config": "<View/>"})
    assert bad.status_code == 400 and "Line 1: There is no" in unescape(bad.content.decode())
    assert not Schema.objects.filter(project=project).exists()


def test_a_queue_is_made_and_filled_by_filter(
    client_for: ClientFor, alice: User, project: Project, schema: Schema, make_items: Callable[..., list[Item]]
) -> None:
    make_items(project, 3)
    client = client_for(alice)
    at = f"/p/{project.name}/queues/new/"
    part = client.get(at, {"count": "1", "labelled": "no", "search": "item-0"})
    assert "3 matching items" in part.content.decode()
    made = client.post(at, {"name": "first", "schema": "cells", "reason": "new", "labelled": "no"})
    assert made.status_code == 302
    queue = Queue.objects.get()
    assert queue.size == 3 and queue.tasks.order_by("number")[0].reason == {"text": "new"}
    again = client.post(f"/p/{project.name}/queues/{queue.uuid}/add/", {"labelled": "no"})
    assert again.status_code == 302 and queue.tasks.count() == 3


def test_a_manager_sees_who_holds_what_and_clears_it(
    client_for: ClientFor,
    api: Callable[..., Any],
    alice: User,
    bob: User,
    project: Project,
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    at = f"/p/{project.name}/queues/{queue.uuid}/"
    assert "Tasks being labelled" in client_for(alice).get(at).content.decode()
    assert client_for(bob).post(f"{at}clear/", {"task": task}).status_code == 403
    assert Lease.objects.get().user == bob
    client_for(alice).post(f"{at}clear/", {"task": task})
    assert Lease.objects.get().user is None


def test_a_finished_task_is_shown_as_it_was_answered_and_can_be_changed(
    client_for: ClientFor,
    api: Callable[..., Any],
    alice: User,
    bob: User,
    erin: User,
    project: Project,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    address = f"/p/blood/tasks/{task}/"
    assert "Nobody has answered" in client_for(erin).get(address).content.decode()
    api(bob).post(f"tasks/{task}/submit", answer([box(label="WBC"), box(40, 40, 9, 9)]))
    row = client_for(erin).get(f"/p/blood/queues/{queue.uuid}/").content.decode()
    assert address in row and f"?task={task}" not in row
    shown = client_for(bob).get(address)
    (found,) = shown.context["answers"]
    assert (found.annotation.user, [one["label"] for one in found.regions]) == (bob, ["WBC", "RBC"])
    assert "Change it" in shown.content.decode() and f"/label/{queue.uuid}/?task={task}" in shown.content.decode()
    other = Membership.objects.get(project=project, user=erin)
    other.role = Role.ANNOTATOR
    other.save()
    assert "Change it" not in client_for(erin).get(address).content.decode()
    assert client_for(erin).post(f"{address}reopen/").status_code == 403
    opened = client_for(alice).post(f"{address}reopen/")
    assert opened.status_code == 302 and opened["Location"] == f"/label/{queue.uuid}/?task={task}"
    assert client_for(alice).post(f"{address}reopen/").status_code == 409
    start = api(alice).post(f"tasks/{task}/open").json()["start"]
    assert len(start) == 2
    changed = api(alice).post(f"tasks/{task}/submit", answer(start[:1]))
    assert changed.status_code == 200 and LabelSet.objects.current().get().created_by == alice
    newer, older = client_for(bob).get(address).context["answers"]
    assert [one.annotation.user.username for one in (newer, older)] == ["alice", "bob"]
    assert [(layer.meaning, len(layer.regions)) for layer in newer.layers] == [("truth", 1), ("other", 2)]
    assert [one["label"] for layer in older.layers for one in layer.regions] == ["WBC", "WBC"]


def test_what_is_not_in_a_queue_yet_is_counted_added_and_taken_out_again(
    client_for: ClientFor,
    api: Callable[..., Any],
    alice: User,
    bob: User,
    project: Project,
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
) -> None:
    queue = make_queue(2)
    make_items(project, 5)
    client, page = client_for(alice), f"/p/blood/queues/{queue.uuid}/"
    shown = client.get(page).content.decode()
    assert f"count=1&without={queue.uuid}" in shown and "mining round" not in shown
    counted = client.get(f"/p/blood/queues/new/?count=1&without={queue.uuid}").content.decode()
    assert "5 matching items" in counted
    added = client.post(f"{page}add/", follow=True)
    (message,) = list(added.context["messages"])
    assert "5 tasks added" in str(message) and queue.tasks.count() == 7
    begun = [api(bob).post(f"queues/{queue.uuid}/next", {"holding": []}).json()["task"]["id"]]
    for _ in range(2):
        begun.append(api(bob).post(f"queues/{queue.uuid}/next", {"holding": begun}).json()["task"]["id"])
    undone = client.post(message.extra_tags.split()[0], follow=True)
    assert "4 tasks removed; 1 already started is kept" in str(next(iter(undone.context["messages"])))
    queue.refresh_from_db()
    assert (queue.tasks.count(), queue.size) == (3, 3)


def test_adding_to_a_mined_queue_is_warned_of(
    client_for: ClientFor, alice: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1)
    queue.tasks.update(reason={"text": "missed", "round": "a round"})
    assert "mining round" in client_for(alice).get(f"/p/blood/queues/{queue.uuid}/").content.decode()


def test_a_queue_is_paused_and_opened_again(
    client_for: ClientFor, alice: User, project: Project, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1)
    at = f"/p/{project.name}/queues/{queue.uuid}/change/"
    for state in ("paused", "closed", "open"):
        client_for(alice).post(at, {"state": state})
        queue.refresh_from_db()
        assert queue.state == state


@pytest.mark.parametrize("name", ["schemas", "queues", "queue"])
def test_a_list_costs_the_same_number_of_statements_however_many_rows_it_has(
    name: str,
    addresses: dict[str, str],
    client_for: ClientFor,
    alice: User,
    project: Project,
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
) -> None:
    from lode_annotation.schemas import create_schema

    client = client_for(alice)
    client.get(addresses[name])

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(addresses[name]).status_code == 200
        return len(caught)

    before = cost()
    for number in range(4):
        create_schema(project, Caller(alice), name=f"more-{number}", config=build(["a", "b"], "boxes"))
        make_queue(1)
    add_tasks(Queue.objects.order_by("pk")[0], Caller(alice), [TaskSpec(item=item) for item in make_items(project, 5)])
    assert cost() == before


def test_home_and_the_item_page_tell_of_tasks_and_labels(
    client_for: ClientFor,
    api: Callable[..., Any],
    alice: User,
    bob: User,
    project: Project,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(2)
    page = client_for(bob).get(f"/p/{project.name}/").content.decode()
    assert f"Tasks in “{queue.name}”" in page
    task = api(bob).post(f"queues/{queue.uuid}/next").json()
    api(bob).post(f"tasks/{task['task']['id']}/submit", answer())
    page = client_for(alice).get(f"/p/{project.name}/items/{task['media']['id']}/").content.decode()
    assert "Labels under “cells”" in page
    assert '<span class="meaning meaning-class c1">RBC <b>1</b></span>' in page  # as it is drawn


BOXES_AND_QUESTIONS = """<View><Image name="image" value="$image"/>
  <RectangleLabels name="where" toName="image"><Label value="rider"/><Label value="horse"/></RectangleLabels>
  <Choices name="blurred" toName="image"><Choice value="yes"/></Choices>
  <Choices name="night" toName="image"><Choice value="yes"/></Choices></View>"""


def test_an_items_page_shows_answers_under_their_controls_and_links_between_regions(
    client_for: ClientFor, erin: User, project: Project, make_items: Callable[..., list[Item]]
) -> None:
    schema = create_schema(project, Caller(erin), name="scene", config=BOXES_AND_QUESTIONS)
    item, empty = make_items(project, 2)
    said = [
        Region("a", "box", 1, geometry=(1, 1, 9, 9), control="where"),
        Region("b", "box", 2, geometry=(2, 2, 30, 30), control="where"),
        Region("c", "choice", 3, control="blurred"),
        Region("d", "choice", 4, control="night"),
    ]
    source = {"schema": schema, "schema_revision": latest(schema), "source": "import", "created_by": erin}
    held = {**fields_of(said), "relations": [{"id": "r", "from": "a", "to": "b"}]}
    LabelSet.objects.create(item=item, **source, **held)
    LabelSet.objects.create(item=empty, **source, **fields_of([]))

    client = client_for(erin)
    page = client.get(f"/p/{project.name}/items/{item.uuid}/")
    [shown] = page.context["labels"]
    assert [(one.control, one.text, one.color) for one in shown.answers] == [("blurred", "yes", 3), ("night", "yes", 4)]
    text = page.content.decode()
    assert "Labels under “scene”: 2 regions, 2 answers, 1 relation (Import)" in text
    assert "2 accepted regions" in text and "rider → horse" in text and "blurred" in text and "night" in text
    assert "nothing is here" in client.get(f"/p/{project.name}/items/{empty.uuid}/").content.decode()


def test_items_are_filtered_by_whether_they_are_labelled(
    api: Callable[..., Any], bob: User, project: Project, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(3)
    task = api(bob).post(f"queues/{queue.uuid}/next").json()
    api(bob).post(f"tasks/{task['task']['id']}/submit", answer())
    held = api(bob).get(f"projects/{project.name}/items?labelled=yes").json()["results"]
    assert [row["uuid"] for row in held] == [task["media"]["id"]]
    assert len(api(bob).get(f"projects/{project.name}/items?labelled=no").json()["results"]) == 2


def test_queues_over_rest(
    api: Callable[..., Any],
    alice: User,
    bob: User,
    charlie: User,
    project: Project,
    schema: Schema,
    make_items: Callable[..., list[Item]],
) -> None:
    items = make_items(project, 3)
    body = {"name": "q", "schema": "cells", "items": {"labelled": "no"}, "reason": "all of them", "review": True}
    made = api(alice).post(f"projects/{project.name}/queues", body)
    assert made.status_code == 201 and made.json()["added"] == 3 and made.json()["counts"]["open"] == 3
    uuid = made.json()["uuid"]
    assert api(bob).post(f"projects/{project.name}/queues", body | {"name": "r"}).status_code == 403
    assert api(alice).post(f"projects/{project.name}/queues", body).status_code == 409
    assert api(charlie).get(f"queues/{uuid}").status_code == 404
    assert (
        api(alice).post(f"projects/{project.name}/queues", body | {"name": "f", "items": {"x": 1}}).status_code == 400
    )
    task = {"item": str(items[0].uuid), "priority": 9, "reason": {"text": "hard"}, "prelabels": []}
    assert api(alice).post(f"queues/{uuid}/tasks", {"tasks": [task]}).json() == {"added": 0, "job": None, "size": 3}
    named = api(alice).post(f"projects/{project.name}/queues", {"name": "n", "schema": "cells", "items": []}).json()
    assert api(alice).post(f"queues/{named['uuid']}/tasks", {"tasks": [task]}).json() == {
        "added": 1,
        "job": None,
        "size": 1,
    }
    rows = api(bob).get(f"queues/{named['uuid']}/tasks?state=open").json()["results"]
    assert rows[0]["priority"] == 9 and rows[0]["reason"] == {"text": "hard"}
    assert api(bob).get(f"tasks/{rows[0]['uuid']}").json()["path"] == items[0].path
    assert api(charlie).get(f"tasks/{rows[0]['uuid']}").status_code == 404


def test_the_order_is_by_priority_then_by_when_it_was_asked(
    api: Callable[..., Any],
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
    project: Project,
    make_items: Callable[..., list[Item]],
) -> None:
    queue = make_queue(0)
    low, high, middle = make_items(project, 3)
    add_tasks(queue, Caller(alice), [TaskSpec(item=low, priority=1), TaskSpec(item=high, priority=5)])
    add_tasks(queue, Caller(alice), [TaskSpec(item=middle, priority=3)])
    got: list[str] = []
    holding: list[str] = []
    for _ in range(3):
        payload = api(bob).post(f"queues/{queue.uuid}/next", {"holding": holding}).json()
        holding.append(payload["task"]["id"])
        got.append(payload["media"]["path"])
    assert got == [high.path, middle.path, low.path]


def test_open_tasks_of_other_projects_do_not_count_at_home_when_there_are_too_many_to_sort(
    project: Project, make_queue: Callable[..., Queue], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Project.objects.create(name="elsewhere", title="Elsewhere", created_by=alice)
    make_queue(5)
    other = make_queue(4)
    Queue.objects.filter(pk=other.pk).update(project=elsewhere)
    for most, count in ((10, 5), (3, 3)):
        monkeypatch.setattr(paging, "MOST", most)
        found = shell_entries.queue_figures(project, alice)
        assert (found.count, found.change) == (count, count)


def test_a_list_of_queues_counts_the_tasks_of_those_it_shows(
    api: Callable[..., Any], bob: User, project: Project, make_queue: Callable[..., Queue]
) -> None:
    older, newer = make_queue(3), make_queue(1)
    with CaptureQueriesContext(connection) as caught:
        answer = api(bob).get(f"projects/{project.name}/queues?limit=1").json()
    seen = [(row["name"], row["counts"]["open"]) for row in answer["results"]]
    counted = [query["sql"] for query in caught if "COUNT(" in query["sql"]]
    assert len(counted) == 1 and f"({newer.pk})" in counted[0]
    following = answer["next"].partition("/api/v1/")[2]
    seen += [(row["name"], row["counts"]["open"]) for row in api(bob).get(following).json()["results"]]
    assert seen == [(newer.name, 1), (older.name, 3)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan as SQLite tells it")
@pytest.mark.usefixtures("schema")
@pytest.mark.parametrize("value", ["yes", "no"])
def test_whether_items_are_labelled_is_looked_up_among_current_label_sets(project: Project, value: str) -> None:
    plan = shell_entries.by_labelled(project.items.live(), value, project).order_by().values("pk").explain()
    assert "SEARCH U0 USING INDEX one_current_label_set (item_id=? AND schema_id=?)" in plan


@pytest.mark.parametrize(
    "names", ["", "first=1", "first=a&last=2", "first=2&last=1", "first=1&last=99999999999999999999"]
)
def test_the_undo_of_added_items_takes_numbers_of_tasks_alone(
    client_for: ClientFor, alice: User, project: Project, make_queue: Callable[..., Queue], names: str
) -> None:
    queue = make_queue(2)
    answer = client_for(alice).post(f"/p/{project.name}/queues/{queue.uuid}/take-out/?{names}")
    assert answer.status_code == 400 and "must be task numbers" in unescape(answer.content.decode())
    assert queue.tasks.count() == 2
