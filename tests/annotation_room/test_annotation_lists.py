"""Lists of a large project: what they look at, by the plans that the database makes with its statistics."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_annotation.models import Annotation, LabelSet, Queue, Schema
from lode_annotation.shell_entries import by_labelled, labels_figures
from lode_platform import searching
from lode_platform.models import Item, Project, User

pytestmark = pytest.mark.django_db


def label(schema: Schema, items: list[Item], user: User) -> None:
    same = {"schema": schema, "schema_revision": schema.revisions.get(), "source": "import", "created_by": user}
    LabelSet.objects.bulk_create(LabelSet(item=item, digest="x", **same) for item in items)


def renew_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan as SQLite tells it")
@pytest.mark.parametrize("value", ["yes", "no"])
def test_whether_items_are_labelled_is_read_from_indexes_alone(
    project: Project, alice: User, schema: Schema, make_items: Callable[..., list[Item]], value: str
) -> None:
    label(schema, make_items(project, 40), alice)
    renew_statistics()
    rows = by_labelled(project.items.live().order_by("path", "pk"), value, project)
    plan = rows.values_list("pk", flat=True).explain()
    assert "USING COVERING INDEX label_set_current" in plan and "USING COVERING INDEX item_live_path" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a plan as SQLite tells it")
def test_rejected_answers_are_found_among_themselves(bob: User, make_queue: Callable[..., Queue]) -> None:
    queue = make_queue(20)
    same = {"user": bob, "schema_revision": queue.schema_revision}
    states = ["accepted"] * 19 + ["rejected"]
    tasks = queue.tasks.order_by("number")
    Annotation.objects.bulk_create(Annotation(task=t, state=s, **same) for t, s in zip(tasks, states, strict=True))
    renew_statistics()
    sent_back = Annotation.objects.filter(state="rejected", task__queue=queue).values("task__queue")
    assert "annotation_rejected" in sent_back.explain()


def test_honeypots_of_a_queue_are_counted_among_themselves(
    client_for: Callable[[User], Client], alice: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(3)
    with CaptureQueriesContext(connection) as asked:
        assert client_for(alice).get(f"/p/{queue.project.name}/queues/{queue.uuid}/").status_code == 200
    [count] = [query["sql"] for query in asked if 'FROM "annotation_honeypot"' in query["sql"]]
    assert "EXISTS" in count and "JOIN" not in count


def test_the_newest_label_sets_of_a_project_are_found_by_their_schemas_alone(
    alice: User, project: Project, schema: Schema, make_items: Callable[..., list[Item]]
) -> None:
    label(schema, make_items(project, 3), alice)
    with CaptureQueriesContext(connection) as asked:
        figures = labels_figures(project, alice)
    assert (figures.count, figures.change) == (3, 3)
    statements = [query["sql"] for query in asked if 'FROM "annotation_labelset"' in query["sql"]]
    assert statements and not [one for one in statements if "JOIN" in one]


def test_a_filter_with_few_items_looks_at_these_alone(
    client_for: Callable[[User], Client],
    alice: User,
    project: Project,
    schema: Schema,
    make_items: Callable[..., list[Item]],
    make_queue: Callable[..., Queue],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue, items = make_queue(2), make_items(project, 4)
    label(schema, items[-1:], alice)
    monkeypatch.setattr(searching, "WINDOW", 1)
    monkeypatch.setattr(searching, "PATIENCE", -1)
    client = client_for(alice)

    def shown(**asked: Any) -> set[int]:
        page = client.get(f"/p/{project.name}/items/", asked).context["page"]
        assert page.number == 1 and not page.has_next()
        return {item.pk for item in page.object_list}

    assert shown(labelled="yes") == {items[-1].pk}
    assert shown(queue=queue.uuid) == set(queue.tasks.values_list("item", flat=True))
    assert shown(queue=queue.uuid, labelled="no") == shown(queue=queue.uuid)


def test_tasks_are_searched_by_the_path_of_their_item(
    client_for: Callable[[User], Client], alice: User, make_queue: Callable[..., Queue], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = make_queue(5)
    monkeypatch.setattr(searching, "WINDOW", 2)
    monkeypatch.setattr(searching, "PATIENCE", -1)
    client, address = client_for(alice), f"/p/{queue.project.name}/queues/{queue.uuid}/?q=item-00004&state=open"
    found: list[str] = []
    pages = 0
    while address:
        answer = client.get(address)
        assert "No tasks match." not in answer.content.decode() or found
        found += [task.item.path for task in answer.context["page"].object_list]
        address, pages = answer.headers.get("Refresh", "").partition("url=")[2], pages + 1
    assert (found, pages) == (["item-00004.png"], 3)


def test_the_review_list_costs_the_same_however_many_queues_there_are(
    client_for: Callable[[User], Client],
    alice: User,
    bob: User,
    make_queue: Callable[..., Queue],
) -> None:
    client, costs = client_for(alice), []
    for _ in range(2):
        for queue in (make_queue(2, review=True), make_queue(1, review=True)):
            task = queue.tasks.order_by("number")[0]
            type(task).objects.filter(pk=task.pk).update(state="submitted")
            Annotation.objects.create(task=task, user=bob, schema_revision=queue.schema_revision, state="submitted")
        with CaptureQueriesContext(connection) as asked:
            rows = client.get(f"/p/{queue.project.name}/review/").context["rows"]
        costs.append(len(asked))
        assert [(row["waiting"].count, row["waiting"].oldest is None) for row in rows] == [(1, False)] * len(rows)
    assert len(rows) == 4 and costs[0] == costs[1]
