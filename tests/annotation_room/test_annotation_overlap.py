"""Several people answer each task: never more than were asked, and their answers meet in one verb."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from tests.annotation_room.moods import MOOD, member, mood

from lode_annotation.models import Annotation, LabelSet, Lease, Queue, Schema, Task
from lode_annotation.schemas import create_schema
from lode_annotation.shell_entries import my_tasks
from lode_platform.callers import Caller
from lode_platform.models import Project, User

pytestmark = pytest.mark.django_db

OUTLINE = """<View><Image name="image" value="$image"/><PolygonLabels name="outline" toName="image">
<Label value="cell"/></PolygonLabels></View>"""


@pytest.fixture
def dora(project: Project) -> User:
    return member(project, "dora")


def test_as_many_people_as_were_asked_get_a_task_each_once(
    api: Callable[..., Any],
    bob: User,
    erin: User,
    rita: User,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(2, overlap=2)
    for user in (bob, erin):
        assert api(user).post(f"queues/{queue.uuid}/next").json()["task"]["position"] == 1
    assert api(rita).post(f"queues/{queue.uuid}/next").json()["task"]["position"] == 2
    says(bob, queue)
    says(bob, queue)
    assert api(bob).post(f"queues/{queue.uuid}/next").status_code == 204
    Lease.objects.filter(user=erin).update(until=timezone.now() - timedelta(seconds=1))
    assert api(bob).post(f"queues/{queue.uuid}/next").status_code == 204
    first = Task.objects.get(number=1)
    assert api(rita).post(f"tasks/{first.uuid}/lease").status_code == 200
    got = api(erin).post(f"tasks/{first.uuid}/lease")
    assert got.status_code == 409 and got.json()["code"] == "lease_lost"


def test_home_counts_the_tasks_that_i_can_still_answer(
    bob: User, erin: User, project: Project, says: Callable[..., Any], make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(3, overlap=2)
    says(bob, queue)
    assert [row.count for row in my_tasks(project, bob)] == [2]
    assert [row.count for row in my_tasks(project, erin)] == [3]


def test_the_first_answer_alone_never_becomes_the_label_set(
    bob: User, erin: User, box: Any, says: Callable[..., Any], make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1, overlap=2)
    assert says(bob, queue, [box(10, 20, 30, 30, id="b")])["state"] == "submitted"
    assert not LabelSet.objects.exists() and Task.objects.get().state == "open"
    assert says(erin, queue, [box(12, 20, 30, 30, id="e")])["state"] == "submitted"
    held = LabelSet.objects.get()
    assert held.source == "consensus" and held.current and Task.objects.get().state == "done"
    assert held.annotation_revision is not None and held.annotation_revision.annotation.user == erin
    [region] = held.regions
    width, height = Task.objects.get().item.width, Task.objects.get().item.height
    assert region["id"] == "b"
    assert region["geometry"] == pytest.approx([0.11 * width, 0.2 * height, 0.41 * width, 0.5 * height], abs=1e-6)
    assert held.votes is not None and [row["user"] for row in held.votes["answers"]] == ["bob", "erin"]
    assert held.votes["votes"] == [
        {"rule": "fusion", "control": "label", "region": "b", "by": [0, 1], "kept": True, "classes": {"1": 2}}
    ]


def test_two_of_three_decide_and_a_box_that_one_drew_is_left_out(
    bob: User, erin: User, dora: User, box: Any, says: Callable[..., Any], make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1, overlap=3)
    says(bob, queue, [box(10, 10, 20, 20, label="RBC", id="b")])
    says(erin, queue, [box(60, 60, 20, 20, label="WBC", id="far"), box(10, 10, 20, 21, label="WBC", id="e")])
    says(dora, queue, [box(11, 10, 20, 20, label="WBC", id="d")])
    held = LabelSet.objects.get()
    assert [(row["class_id"]) for row in held.regions] == [2]
    assert held.votes is not None
    assert [(row["region"], row["by"], row["kept"], row["classes"]) for row in held.votes["votes"]] == [
        ("b", [0, 1, 2], True, {"1": 1, "2": 2}),
        ("far", [1], False, {"2": 1}),
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [([], ["RBC"]), (["RBC"], ["WBC"])],
    ids=["one drew it", "another class"],
)
def test_a_consensus_without_a_result_waits_for_a_reviewer_who_sees_both(
    first: list[str],
    second: list[str],
    api: Callable[..., Any],
    bob: User,
    erin: User,
    rita: User,
    box: Any,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1, overlap=2)
    says(bob, queue, [box(label=name, id="b") for name in first])
    assert api(rita).post(f"queues/{queue.uuid}/review/next").status_code == 204
    says(erin, queue, [box(label=name, id="e") for name in second])
    assert not LabelSet.objects.exists() and Task.objects.get().state == "submitted"
    seen = api(rita).post(f"queues/{queue.uuid}/review/next").json()
    assert seen["waiting"] == 1 and seen["annotation"]["user"] == "bob"
    [other] = seen["others"]
    assert (other["user"], other["answered"], len(other["result"])) == ("erin", True, len(second))
    body = {"verdict": "accept", "operation_id": seen["task"]["id"], "base_revision": 1}
    assert api(rita).post(f"annotations/{other['id']}/review", body).status_code == 200
    held = LabelSet.objects.get()
    assert held.source == "annotation" and [row["id"] for row in held.regions] == ["e" for _ in second]
    assert Task.objects.get().state == "done"
    assert api(rita).post(f"queues/{queue.uuid}/review/next").status_code == 204


def test_with_a_review_rule_only_the_reviewer_writes_the_label_set(
    api: Callable[..., Any],
    bob: User,
    erin: User,
    rita: User,
    box: Any,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1, overlap=2, review=True)
    first = says(bob, queue, [box(id="b")])
    body = {"verdict": "accept", "operation_id": first["id"]}
    got = api(rita).post(f"annotations/{first['id']}/review", body)
    assert got.status_code == 409 and got.json()["code"] == "answers_missing"
    assert "1 of 2" in got.json()["error"]
    says(erin, queue, [box(id="b")])
    assert not LabelSet.objects.exists()
    assert api(rita).post(f"annotations/{first['id']}/review", body).status_code == 200
    assert LabelSet.objects.get().source == "annotation"
    again = Annotation.objects.get(user=erin)
    got = api(rita).post(f"annotations/{again.uuid}/review", {**body, "operation_id": str(again.uuid)})
    assert got.status_code == 409 and got.json()["code"] == "not_waiting"
    undone = api(rita).client.delete(f"/api/v1/annotations/{first['id']}/review?operation_id={first['id']}")
    assert undone.status_code == 200 and Task.objects.get().state == "submitted"
    assert api(rita).post(f"queues/{queue.uuid}/review/next").json()["waiting"] == 1


def test_an_answer_that_is_sent_back_opens_its_authors_place_alone(
    api: Callable[..., Any],
    bob: User,
    erin: User,
    dora: User,
    rita: User,
    box: Any,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1, overlap=2, review=True)
    first = says(bob, queue)
    says(erin, queue)
    body = {"verdict": "reject", "operation_id": first["id"], "comment": "One is missing"}
    assert api(rita).post(f"annotations/{first['id']}/review", body).status_code == 200
    assert [row.user for row in Lease.objects.filter(closed=False)] == [bob]
    for other in (erin, dora):
        assert api(other).post(f"queues/{queue.uuid}/next").status_code == 204
    undone = api(rita).client.delete(f"/api/v1/annotations/{first['id']}/review?operation_id={first['id']}")
    assert undone.status_code == 200, undone.content
    assert not Lease.objects.filter(closed=False).exists()
    api(rita).post(f"annotations/{first['id']}/review", {**body, "operation_id": str(queue.uuid)})
    assert says(bob, queue)["revision"] == 2
    assert Task.objects.get().state == "submitted"
    assert api(rita).post(f"queues/{queue.uuid}/review/next").json()["waiting"] == 1


def test_a_skip_takes_a_place_and_the_answers_that_are_left_are_resolved(
    bob: User, erin: User, says: Callable[..., Any], box: Any, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(2, overlap=2)
    says(bob, queue, skip=True)
    assert Task.objects.get(number=1).state == "open"
    says(erin, queue, [box(id="e")])
    held = LabelSet.objects.get()
    assert held.source == "annotation" and [row["id"] for row in held.regions] == ["e"]
    says(erin, queue, skip=True)
    says(bob, queue, skip=True)
    assert Task.objects.get(number=2).state == "skipped" and LabelSet.objects.count() == 1


def test_a_changed_answer_is_resolved_again(
    api: Callable[..., Any],
    bob: User,
    erin: User,
    box: Any,
    answer: Any,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1, overlap=2)
    says(bob, queue, [box(id="b")])
    says(erin, queue, [box(id="e")])
    changed = answer([box(id="b"), box(60, 60, 10, 10, id="more")], base_revision=1)
    task = Task.objects.get()
    assert api(bob).post(f"tasks/{task.uuid}/submit", changed).status_code == 200
    task.refresh_from_db()
    assert task.state == "submitted" and LabelSet.objects.count() == 1
    assert api(erin).post(f"tasks/{task.uuid}/submit", answer(changed["result"])).status_code == 200
    task.refresh_from_db()
    assert task.state == "done" and len(LabelSet.objects.current().get().regions) == 2


def test_the_last_answer_counts_where_the_queue_says_so_and_keeps_its_numbers(
    bob: User, erin: User, box: Any, says: Callable[..., Any], make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1, overlap=2, consensus="last")
    says(bob, queue, [])
    says(erin, queue, [box(12.345678901, 20, 30, 30, id="e")])
    held = LabelSet.objects.get()
    item = Task.objects.get().item
    assert held.source == "consensus" and held.regions[0]["geometry"][0] == 12.345678901 * item.width / 100
    assert held.votes is not None and held.votes["votes"][0]["rule"] == "last"


@pytest.mark.parametrize(
    ("words", "kept"),
    [(["calm", "wild", "wild"], ["wild"]), (["calm", "calm", ""], ["calm"]), (["", "", "wild"], [])],
)
def test_a_choice_goes_by_majority(
    words: list[str],
    kept: list[str],
    alice: User,
    bob: User,
    erin: User,
    dora: User,
    project: Project,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    schema = create_schema(project, Caller(alice), name="moods", config=MOOD)
    queue = make_queue(1, schema=schema, overlap=3)
    for user, word in zip((bob, erin, dora), words, strict=True):
        says(user, queue, mood(word) if word else [])
    held = LabelSet.objects.get()
    names = held.schema_revision.class_names
    assert [names[row["class_id"]] for row in held.answers] == kept
    assert held.votes is not None and {row["rule"] for row in held.votes["votes"]} == {"majority"}
    assert sum(len(row["by"]) for row in held.votes["votes"]) == sum(map(bool, words))


def test_outlines_of_the_same_thing_become_one_of_them_and_others_go_to_review(
    alice: User,
    bob: User,
    erin: User,
    project: Project,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    schema: Schema = create_schema(project, Caller(alice), name="outlines", config=OUTLINE)
    queue = make_queue(3, schema=schema, overlap=2)

    def outline(x: float, name: str) -> list[dict[str, Any]]:
        value = {"points": [[x, 10], [50, 10], [50, 50]], "polygonlabels": ["cell"]}
        return [{"id": name, "from_name": "outline", "to_name": "image", "type": "polygonlabels", "value": value}]

    says(bob, queue, outline(10, "b"))
    says(erin, queue, outline(10, "e"))
    assert LabelSet.objects.get().regions[0]["id"] == "b"
    says(bob, queue, outline(10, "b"))
    says(erin, queue, outline(20, "e"))
    kept = LabelSet.objects.get(item__tasks__number=2)
    assert kept.votes and [vote["rule"] for vote in kept.votes["votes"]] == ["fusion"]
    assert len(kept.regions) == 1 and kept.regions[0]["id"] == "b"
    says(bob, queue, outline(10, "b"))
    says(erin, queue, outline(45, "e"))
    assert Task.objects.get(number=3).state == "submitted" and LabelSet.objects.count() == 2


def test_an_overlap_out_of_range_and_an_unknown_consensus_are_refused_by_name(
    api: Callable[..., Any], erin: User, project: Project, schema: Schema
) -> None:
    address = f"projects/{project.name}/queues"
    for wrong in ({"overlap": 0}, {"overlap": 21}, {"overlap": "two"}, {"consensus": "loudest"}):
        got = api(erin).post(address, {"name": "q", "schema": "cells", "items": {}, **wrong})
        assert got.status_code == 400 and next(iter(wrong)) in got.content.decode()
    made = api(erin).post(address, {"name": "q", "schema": "cells", "overlap": 3, "consensus": "last"})
    assert made.status_code == 201 and (made.json()["overlap"], made.json()["consensus"]) == (3, "last")
    changed = api(erin).client.patch(
        f"/api/v1/queues/{made.json()['uuid']}", {"consensus": "merged"}, content_type="application/json"
    )
    assert changed.json()["consensus"] == "merged"


def test_the_pages_tell_how_many_have_answered(
    client_for: Callable[[User], Client],
    erin: User,
    bob: User,
    project: Project,
    schema: Schema,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    page = client_for(erin)
    form = {"name": "three", "schema": "cells", "overlap": "3", "consensus": "merged"}
    assert page.post(f"/p/{project.name}/queues/new/", form).status_code == 302
    assert Queue.objects.get(name="three").overlap == 3
    queue = make_queue(1, overlap=3)
    says(bob, queue)
    says(erin, made := make_queue(1, overlap=2))
    says(bob, made)
    voted = page.get(f"/p/{project.name}/tasks/{Task.objects.get(queue=made).uuid}/").content.decode()
    assert "RBC × 2" in voted and "erin, bob" in voted
    shown = page.get(f"/p/{project.name}/queues/{queue.uuid}/").content.decode()
    assert "1 of 3 answers" in shown and "3 people per task" in shown and "answers are merged by votes" in shown


def test_annotators_do_not_see_what_others_said_before_all_have(
    client_for: Callable[[User], Client],
    bob: User,
    dora: User,
    erin: User,
    rita: User,
    box: Any,
    project: Project,
    says: Callable[..., Any],
    make_queue: Callable[..., Queue],
) -> None:
    queue = make_queue(1, overlap=2)
    says(bob, queue, [box(10, 20, 30, 30)])
    address = f"/p/{project.name}/tasks/{Task.objects.get().uuid}/"

    def seen(user: User) -> tuple[list[str], int]:
        context = client_for(user).get(address).context
        return [answer.annotation.user.username for answer in context["answers"]], context["unseen"]

    assert seen(dora) == ([], 1) and seen(bob) == (["bob"], 0) and seen(rita) == (["bob"], 0)
    says(erin, queue, [box(10, 20, 30, 30)])
    assert sorted(seen(dora)[0]) == ["bob", "erin"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody writes while another does")
@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_hold_a_task_beyond_its_overlap_and_the_last_answer_always_resolves(
    project: Project, client_for: Callable[[User], Client], make_queue: Callable[..., Queue], answer: Any
) -> None:
    """Each person works at two pages at once, which is where one might get two places at a task."""
    queue = make_queue(25, overlap=2)
    users = [member(project, f"worker-{number}") for number in range(8)]
    gate, refused, above = Barrier(2 * len(users)), list[str](), list[int]()

    def labour(client: Client) -> None:
        holding: list[str] = []
        gate.wait()
        try:
            while True:
                got = client.post(
                    f"/api/v1/queues/{queue.uuid}/next", {"holding": holding}, content_type="application/json"
                )
                if got.status_code == 204:
                    return
                task = got.json()["task"]["id"]
                above.append(Annotation.objects.filter(task__uuid=task, revision__gt=0).count())
                sent = client.post(f"/api/v1/tasks/{task}/submit", answer([]), content_type="application/json")
                if sent.status_code != 200:
                    refused.append(sent.content.decode())
        finally:
            connection.close()

    threads = [Thread(target=labour, args=(client_for(user),)) for user in users for _page in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused and max(above) <= 2
    assert set(Task.objects.values_list("state", flat=True)) == {"done"}
    for task in Task.objects.all():
        assert task.annotations.filter(revision__gt=0).values("user").distinct().count() == 2
    assert LabelSet.objects.current().count() == 25
