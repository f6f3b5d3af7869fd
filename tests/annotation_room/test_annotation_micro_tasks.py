"""Micro-tasks: asked, handed out, voted on, decided; never twice to a person, never of more people than needed."""

import csv
import io
import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lode_annotation.label_sets import current
from lode_annotation.micro import asking
from lode_annotation.models import LabelSet, Lease, MicroTask, Queue, Schema, Task, Vote
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import BulkAction, Event, Item, Membership, Project, Role, User

pytestmark = pytest.mark.django_db
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
NEXT, VOTE = 6, 10


@pytest.fixture
def labelled(
    project: Project, schema: Schema, make_items: Callable[..., list[Item]], send: Callable[..., dict[str, Any]]
) -> list[Item]:
    """Three items; each has two RBC and a WBC."""
    items = make_items(project, 3)
    boxes = [("RBC", [4, 4, 20, 20]), ("RBC", [30, 4, 50, 20]), ("WBC", [4, 24, 30, 44])]
    regions = [{"kind": "box", "label": label, "box": box} for label, box in boxes]
    lines = [{"path": item.path, "width": 64, "height": 48, "labelled": True, "regions": regions} for item in items]
    assert send(*lines)["state"] == "succeeded"
    return items


@pytest.fixture
def ask(project: Project, alice: User, schema: Schema, labelled: list[Item]) -> Callable[..., Queue]:
    """``ask(max_votes=3)``: a queue that asks about each RBC of the items."""

    def make(items: list[Item] = labelled, name: str = "cells?", about: int | None = 1, **rule: Any) -> Queue:
        queue = asking.create_queue(project, Caller(alice), name=name, schema=schema, **rule)
        asking.ask(queue, Caller(alice), list(asking.about(schema, items, about)))
        return queue

    return make


@pytest.fixture
def voters(project: Project) -> list[User]:
    people = [User.objects.create(username=f"voter-{number}") for number in range(6)]
    for user in people:
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
    return people


class Voter:
    """A person with a token who asks for questions and answers them."""

    def __init__(self, program: Any, queue: Queue) -> None:
        self.program = program
        self.queue = queue

    def next(self, *holding: str) -> Any:
        got = self.program.post(f"queues/{self.queue.uuid}/micro-tasks/next", {"holding": list(holding)})
        assert got.status_code in (200, 204), got.content
        return got.json() if got.status_code == 200 else None

    def send(self, task: Any, answer: str, **more: Any) -> Any:
        body = {"answer": answer, "operation_id": str(uuid4()), "seconds": 1.5, **more}
        return self.program.post(f"micro-tasks/{task}/vote", body)

    def vote(self, answer: str, **more: Any) -> Any:
        """Takes the next question and answers it; its task."""
        question = self.next()
        got = self.send(question["task"]["id"], answer, **more)
        assert got.status_code == 200, got.content
        return question["task"]["id"]

    def undo(self, task: Any, operation: Any = None) -> Any:
        return self.program.post(f"micro-tasks/{task}/undo", {"operation_id": str(operation or uuid4())})


@pytest.fixture
def sit(api: Callable[..., Any]) -> Callable[[User, Queue], Voter]:
    return lambda user, queue: Voter(api(user), queue)


def outcome(task: Any) -> str:
    return (
        Vote.objects.filter(task__uuid=task, undone=False).exclude(outcome="").values_list("outcome", flat=True).get()
    )


# -- asked -------------------------------------------------------------------------------------------------------------


def test_each_region_of_the_class_is_a_question_with_its_words(ask: Callable[..., Queue], labelled: list[Item]) -> None:
    queue = ask()
    asked = list(MicroTask.objects.filter(queue=queue).select_related("task"))
    assert [row.text for row in asked] == ["Is the label RBC right?"] * 6
    assert {row.task.item_id for row in asked} == {item.pk for item in labelled}
    assert all(row.subject["region"]["id"] == row.region and row.label_set is not None for row in asked)
    assert Lease.objects.filter(queue=queue, closed=False).count() == 12, "two of five places, until more are needed"


def test_what_is_asked_already_is_left_as_it_is(
    ask: Callable[..., Queue], schema: Schema, alice: User, labelled: list[Item]
) -> None:
    queue = ask(labelled[:1])
    again = list(asking.about(schema, labelled[:2], None))
    assert len(again) == 6
    assert asking.ask(queue, Caller(alice), again) == 4
    assert queue.size == queue.tasks.count() == 6


def test_named_questions_ask_about_another_class_or_the_whole_item(
    api: Callable[..., Any], alice: User, project: Project, labelled: list[Item], schema: Schema
) -> None:
    region = current(schema, [labelled[0].pk])[labelled[0].pk].regions[0]["id"]
    rows = [
        {"item": str(labelled[0].uuid), "region": region, "class_id": 2, "reason": "the model says WBC"},
        {"item": str(labelled[0].uuid), "class_id": 3},
        {"item": str(labelled[1].uuid), "text": "Is it sharp?"},
    ]
    body = {"name": "check", "schema": "cells", "question": "Ist das ein {label}?", "questions": rows}
    made = api(alice).post(f"projects/{project.name}/micro-tasks", body)
    assert made.status_code == 201, made.content
    assert (made.json()["added"], made.json()["job"]) == (3, None)
    asked = MicroTask.objects.filter(queue__uuid=made.json()["queue"]).order_by("pk")
    assert [row.text for row in asked] == ["Ist das ein WBC?", "Ist das ein Platelets?", "Is it sharp?"]
    assert asked[0].task.reason == {"text": "the model says WBC"}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"region": "none"}, "region"),
        ({"class_id": 99}, "class_id"),
        ({}, "text"),
        ({"text": "x" * 301}, "text"),
    ],
)
def test_a_question_that_cannot_be_asked_is_named_and_nothing_is(
    row: dict[str, Any],
    field: str,
    api: Callable[..., Any],
    alice: User,
    project: Project,
    labelled: list[Item],
) -> None:
    rows = [{"item": str(labelled[0].uuid), "class_id": 1}, {"item": str(labelled[0].uuid), **row}]
    got = api(alice).post(
        f"projects/{project.name}/micro-tasks", {"name": "check", "schema": "cells", "questions": rows}
    )
    assert got.status_code == 400, got.content
    assert field in json.dumps(got.json())
    assert not Queue.objects.filter(name="check").exists()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"min_votes": 4, "max_votes": 3}, "min_votes"),
        ({"max_votes": 21}, "max_votes"),
        ({"error_limit": 0.5}, "error_limit"),
        ({"question": "x" * 201}, "question"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_field(
    rule: dict[str, Any], field: str, project: Project, alice: User, schema: Schema
) -> None:
    with pytest.raises(BadInput) as refused:
        asking.create_queue(project, Caller(alice), name="check", schema=schema, **rule)
    assert refused.value.facts["field"] == field


def test_a_filter_asks_about_what_it_selects_and_many_items_by_a_job(
    api: Callable[..., Any],
    alice: User,
    project: Project,
    labelled: list[Item],
    monkeypatch: pytest.MonkeyPatch,
    run_jobs: Callable[[], int],
) -> None:
    from lode_annotation.micro import filling

    monkeypatch.setattr(filling, "AT_ONCE", 2)
    monkeypatch.setattr(filling, "BATCH", 2)
    body = {"name": "check", "schema": "cells", "filter": {"query": "class:RBC"}, "about": "RBC"}
    made = api(alice).post(f"projects/{project.name}/micro-tasks", body)
    assert made.status_code == 201, made.content
    queue = Queue.objects.get(uuid=made.json()["queue"])
    assert made.json()["job"] and queue.state == "filling" and queue.size == 0
    run_jobs()
    queue.refresh_from_db()
    assert (queue.state, queue.size, queue.tasks.count()) == ("open", 6, 6)
    few = api(alice).post(f"queues/{queue.uuid}/micro-tasks", {"filter": {"q": labelled[0].path}, "about": "WBC"})
    assert few.status_code == 201 and few.json()["added"] == 1, few.content
    unknown = api(alice).post(f"queues/{queue.uuid}/micro-tasks", {"filter": {}, "about": "Unknown"})
    assert unknown.status_code == 400 and unknown.json()["field"] == "about"


def test_the_bulk_action_asks_and_its_undo_takes_out_what_nobody_began(
    api: Callable[..., Any], alice: User, bob: User, project: Project, labelled: list[Item], sit: Callable[..., Voter]
) -> None:
    body = {
        "action": "micro-tasks",
        "arguments": {"new_queue": "check", "about": "cells:1"},
        "items": [str(item.uuid) for item in labelled],
    }
    done = api(alice).post(f"projects/{project.name}/bulk-actions", body)
    assert done.status_code == 200, done.content
    queue = Queue.objects.get(name="check")
    assert (queue.kind, queue.size) == ("micro", 6)
    sit(bob, queue).vote("yes")
    undone = api(alice).post(f"bulk-actions/{BulkAction.objects.get().uuid}/undo")
    assert undone.status_code == 200, undone.content
    queue.refresh_from_db()
    assert (queue.tasks.count(), queue.state) == (1, "open")


# -- handed out and voted on -------------------------------------------------------------------------------------------


def test_a_person_is_sent_the_question_the_region_and_the_guideline(
    ask: Callable[..., Queue], sit: Callable[..., Voter], bob: User
) -> None:
    question = sit(bob, ask()).next()
    assert question["question"]["text"] == "Is the label RBC right?"
    [region] = question["regions"]
    assert (region["kind"], region["label"]) == ("box", "RBC")
    assert question["media"]["width"] == 64 and question["lease"]["seconds"] > 0


def test_two_of_one_mind_decide_and_nobody_else_is_asked(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User]
) -> None:
    queue = ask(labelled[:1], about=2)
    seats = [sit(user, queue) for user in voters]
    assert seats[0].vote("yes") == seats[1].next()["task"]["id"]
    assert seats[2].next() is None, "two are needed, and two have it"
    task = seats[1].vote("yes")
    assert outcome(task) == "yes"
    row = Task.objects.get()
    assert row.state == "done" and row.finished_at is not None
    assert all(seat.next() is None for seat in seats)
    assert LabelSet.objects.count() == 3, "nothing changes labels by itself"


def test_a_quarrel_asks_more_people_one_by_one_and_ends_undecided(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User]
) -> None:
    queue = ask(labelled[:1], about=2, max_votes=4)
    for number, answer in enumerate(["yes", "no", "unsure", "yes"]):
        others = [sit(user, queue) for user in voters[number + 2 :]]
        task = sit(voters[number], queue).vote(answer)
        if number == 1:
            held = [seat.next() for seat in others]
            assert sum(one is not None for one in held) == 1, "one more at a time"
            for seat, one in zip(others, held, strict=True):
                if one:
                    seat.program.delete(f"tasks/{one['task']['id']}/lease")
    assert outcome(task) == "undecided"
    assert Vote.objects.count() == 4


def test_nobody_votes_twice_and_a_repeat_gets_the_same_answer(
    ask: Callable[..., Queue], sit: Callable[..., Voter], bob: User
) -> None:
    seat, operation = sit(bob, ask()), str(uuid4())
    task = seat.next()["task"]["id"]
    first = seat.send(task, "yes", operation_id=operation, next=True)
    again = seat.send(task, "yes", operation_id=operation, next=True)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["next"]["task"] == again.json()["next"]["task"]
    assert seat.send(task, "no").json()["code"] == "voted"
    assert seat.send(task, "no", operation_id=operation).json()["code"] == "operation_used"
    assert Vote.objects.count() == 1
    asked = {task}
    while question := seat.next():
        assert question["task"]["id"] not in asked
        asked.add(seat.vote("unsure"))
    assert len(asked) == 6


def test_the_next_two_are_handed_out_beside_the_one_in_hand(
    ask: Callable[..., Queue], sit: Callable[..., Voter], bob: User
) -> None:
    seat, held = sit(bob, ask()), list[str]()
    for _ahead in range(3):
        held.append(seat.next(*held)["task"]["id"])
    assert len(set(held)) == 3
    got = seat.send(held[0], "yes", next=True, holding=held[1:]).json()
    assert got["next"]["task"]["id"] not in held


def test_a_decided_or_taken_question_refuses_a_late_vote(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User]
) -> None:
    queue = ask(labelled[:1], about=2)
    one, two, three = (sit(user, queue) for user in voters[:3])
    task = one.next()["task"]["id"]
    two.next()
    late = three.send(task, "yes")
    assert (late.status_code, late.json()["code"]) == (409, "lease_lost")
    one.send(task, "yes")
    two.send(task, "yes")
    assert three.send(task, "no").json()["code"] == "decided"


def test_measured_reliability_weighs_votes(
    ask: Callable[..., Queue], sit: Callable[..., Voter], api: Callable[..., Any], voters: list[User], alice: User
) -> None:
    queue = ask(min_votes=3, max_votes=3, error_limit=0.2)
    for _question in range(5):
        task = sit(voters[0], queue).next()["task"]["id"]
        for user, answer in zip(voters[:3], ["yes", "yes", "no"], strict=True):
            assert sit(user, queue).send(task, answer).status_code == 200
    people = {row["user"]: row for row in api(alice).get(f"queues/{queue.uuid}/micro-tasks/results").json()["people"]}
    assert (people["voter-0"]["agreed"], people["voter-0"]["judged"]) == (0, 0), "one yes and one no beside theirs"
    assert (people["voter-2"]["agreed"], people["voter-2"]["judged"]) == (0, 5)
    assert people["voter-2"]["reliability"] == pytest.approx(17 / 25)


# -- what an answer does -----------------------------------------------------------------------------------------------


@pytest.fixture
def fixes(project: Project, alice: User, schema: Schema) -> Queue:
    return create_queue(project, Caller(alice), name="fixes", schema=schema)


def test_a_no_opens_the_item_for_correction_with_the_reason_and_the_place(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User], fixes: Queue
) -> None:
    queue = ask(labelled[:1], corrections=fixes)
    tasks = []
    for _question in range(2):
        task = sit(voters[0], queue).next()["task"]["id"]
        tasks.append(task)
        for user in voters[:2]:
            assert sit(user, queue).send(task, "no").status_code == 200
    [correction] = fixes.tasks.all()
    assert correction.item == labelled[0] and correction.state == "open"
    assert (
        correction.reason["text"]
        == "2 of 2 said no: “Is the label RBC right?”; 2 of 2 said no: “Is the label RBC right?”"
    )
    assert correction.reason["micro_tasks"] == tasks
    assert correction.reason["box"] == [4, 4, 50, 20] and len(correction.reason["regions"]) == 2
    assert correction.leases.count() == 1
    fixes.refresh_from_db()
    assert fixes.size == 1


def test_a_no_opens_a_finished_correction_again(
    ask: Callable[..., Queue],
    labelled: list[Item],
    sit: Callable[..., Voter],
    voters: list[User],
    fixes: Queue,
    alice: User,
) -> None:
    add_tasks(fixes, Caller(alice), [TaskSpec(labelled[0])])
    Task.objects.filter(queue=fixes).update(state="done")
    Lease.objects.filter(queue=fixes).update(closed=True)
    queue = ask(labelled[:1], about=2, corrections=fixes)
    for user in voters[:2]:
        sit(user, queue).vote("no")
    [correction] = fixes.tasks.all()
    assert correction.state == "open" and correction.leases.filter(closed=False).count() == 1


def test_a_closed_queue_of_corrections_takes_nothing_and_the_vote_counts(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User], fixes: Queue
) -> None:
    queue = ask(labelled[:1], about=2, corrections=fixes)
    Queue.objects.filter(pk=fixes.pk).update(state="closed")
    for user in voters[:2]:
        task = sit(user, queue).vote("no")
    assert outcome(task) == "no" and not fixes.tasks.exists()


def test_corrections_go_to_a_labeling_queue_of_the_same_schema(
    api: Callable[..., Any], alice: User, ask: Callable[..., Queue], fixes: Queue
) -> None:
    queue = ask()
    program, address = api(alice), f"queues/{queue.uuid}/micro-tasks"
    assert program.patch(address, {"corrections": str(fixes.uuid)}).json()["corrections"] == str(fixes.uuid)
    for wrong in (queue.uuid, uuid4()):
        got = program.patch(address, {"corrections": str(wrong)})
        assert (got.status_code, got.json()["field"]) == (400, "corrections")
    assert Event.objects.filter(verb="queue.change", target=queue.uuid).count() == 1


def change_label(item: Item, schema: Schema, alice: User, keep: int) -> None:
    """A newer label set that keeps all regions but moves one, that of the index ``keep``."""
    held = current(schema, [item.pk])[item.pk]
    regions = [dict(row) for row in held.regions]
    regions[keep]["geometry"] = [1, 1, 9, 9]
    LabelSet.objects.filter(pk=held.pk).update(current=False)
    LabelSet.objects.create(
        item=item,
        schema=schema,
        schema_revision=held.schema_revision,
        source="import",
        regions=regions,
        digest="0" * 64,
        created_by=alice,
    )


def test_a_question_whose_label_has_changed_is_withdrawn_and_others_are_not(
    ask: Callable[..., Queue],
    labelled: list[Item],
    sit: Callable[..., Voter],
    bob: User,
    alice: User,
    schema: Schema,
    api: Callable[..., Any],
) -> None:
    queue = ask(labelled[:1])
    seat = sit(bob, queue)
    first = seat.next()
    change_label(labelled[0], schema, alice, keep=0)
    refused = seat.send(first["task"]["id"], "yes")
    assert (refused.status_code, refused.json()["code"]) == (409, "withdrawn")
    assert seat.vote("yes") != first["task"]["id"], "the other region is as it was"
    rows = api(alice).get(f"queues/{queue.uuid}/micro-tasks?outcome=withdrawn").json()["results"]
    assert [row["uuid"] for row in rows] == [first["task"]["id"]]
    assert "changed" in rows[0]["reason"]["withdrawn"]


def test_what_is_out_of_date_or_in_the_trash_is_never_handed_out(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], bob: User, alice: User, schema: Schema
) -> None:
    queue = ask(about=2)
    change_label(labelled[0], schema, alice, keep=2)
    Item.objects.filter(pk=labelled[1].pk).update(trashed_at=labelled[1].created_at)
    LabelSet.objects.filter(item=labelled[2]).delete()
    assert sit(bob, queue).next() is None
    assert set(queue.tasks.values_list("state", flat=True)) == {"skipped"}


# -- taken back --------------------------------------------------------------------------------------------------------


def test_the_last_vote_is_taken_back_with_the_correction_that_it_opened(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User], fixes: Queue
) -> None:
    queue = ask(labelled[:1], about=2, corrections=fixes)
    one, two = sit(voters[0], queue), sit(voters[1], queue)
    task = one.vote("no")
    two.vote("no")
    assert fixes.tasks.count() == 1
    assert one.undo(task).json()["code"] == "decided", "by another's vote since"
    operation = uuid4()
    undone = two.undo(task, operation)
    assert undone.status_code == 200 and undone.json()["question"]["task"]["id"] == task
    assert two.undo(task, operation).json()["question"]["task"]["id"] == task, "a repeat"
    assert Task.objects.get(queue=queue).state == "open" and not fixes.tasks.exists()
    assert two.send(task, "yes").status_code == 200
    assert sit(voters[2], queue).vote("yes") == task
    assert sit(voters[3], queue).vote("yes") == task
    assert outcome(task) == "yes"
    assert two.undo(task).json()["code"] == "decided"


def test_only_the_last_vote_can_be_taken_back(ask: Callable[..., Queue], sit: Callable[..., Voter], bob: User) -> None:
    seat = sit(bob, ask())
    first, second = seat.vote("yes"), seat.vote("no")
    assert seat.undo(first).json()["code"] == "not_last"
    assert seat.undo(second).status_code == 200
    assert seat.undo(first).status_code == 200, "now it is the last one"
    assert seat.undo(first).json()["code"] == "not_voted"
    assert not Vote.objects.filter(undone=False).exists()


def test_an_undo_opens_no_more_places_than_are_needed(
    ask: Callable[..., Queue], labelled: list[Item], sit: Callable[..., Voter], voters: list[User]
) -> None:
    queue = ask(labelled[:1], about=2, error_limit=0.01)
    seat = sit(voters[0], queue)
    task = seat.vote("unsure")
    open_places = Lease.objects.filter(queue=queue, closed=False)
    assert open_places.count() == 2, "an unsure answer leaves two to ask"
    seat.undo(task)
    assert open_places.count() == 2


# -- the other kind of queue -------------------------------------------------------------------------------------------


def test_a_queue_of_one_kind_does_not_do_what_the_other_does(
    ask: Callable[..., Queue],
    labelled: list[Item],
    api: Callable[..., Any],
    alice: User,
    fixes: Queue,
    answer: Callable[..., Any],
    client_for: Callable[[User], Client],
) -> None:
    queue, program = ask(), api(alice)
    task = queue.tasks.first()
    assert task is not None
    for got in (
        program.post(f"queues/{queue.uuid}/next"),
        program.post(f"tasks/{task.uuid}/submit", answer()),
        program.post(f"tasks/{task.uuid}/open"),
        program.post(f"queues/{queue.uuid}/tasks", {"items": [str(labelled[0].uuid)]}),
        program.post(f"queues/{queue.uuid}/tasks", {"items": {}}),
        program.post(f"queues/{queue.uuid}/honeypots", {"rate": 0.1}),
        program.post(f"queues/{fixes.uuid}/micro-tasks/next"),
        program.get(f"queues/{fixes.uuid}/micro-tasks/results"),
    ):
        assert (got.status_code, got.json()["code"]) == (409, "other_kind"), got.content
    with pytest.raises(Conflict):
        asking.ask(fixes, Caller(alice), [asking.Question(labelled[0], class_id=1)])
    browser = client_for(alice)
    assert browser.get(f"/label/{queue.uuid}/").headers["Location"] == f"/vote/{queue.uuid}/"
    assert browser.get(f"/vote/{fixes.uuid}/").headers["Location"] == f"/label/{fixes.uuid}/"


# -- what it came to ---------------------------------------------------------------------------------------------------


def test_results_count_by_outcome_class_and_person_and_go_out_as_csv(
    ask: Callable[..., Queue], sit: Callable[..., Voter], voters: list[User], api: Callable[..., Any], alice: User
) -> None:
    queue = ask(about=None)
    for answer in ("yes", "no"):
        task = sit(voters[0], queue).next()["task"]["id"]
        for user in voters[:2]:
            assert sit(user, queue).send(task, answer).status_code == 200
    sit(voters[0], queue).vote("unsure")
    got = api(alice).get(f"queues/{queue.uuid}/micro-tasks/results").json()
    assert got["counts"] == {"yes": 1, "no": 1, "undecided": 0, "withdrawn": 0, "open": 7}
    assert [(row["name"], row["share"]) for row in got["classes"]] == [("RBC", 0.5), ("WBC", None)]
    assert [(row["user"], row["votes"]) for row in got["people"]] == [
        ("voter-0", {"yes": 1, "no": 1, "unsure": 1}),
        ("voter-1", {"yes": 1, "no": 1}),
    ]
    table = api(alice).get(f"queues/{queue.uuid}/micro-tasks.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode())))
    assert [row["outcome"] for row in rows] == ["yes", "no", *["open"] * 7]
    assert (rows[0]["yes"], rows[0]["class"], rows[2]["unsure"]) == ("2", "RBC", "1")


def test_voters_do_not_see_how_others_vote_on_what_is_still_asked(
    ask: Callable[..., Queue],
    sit: Callable[..., Voter],
    voters: list[User],
    api: Callable[..., Any],
    alice: User,
    client_for: Callable[[User], Client],
) -> None:
    queue = ask()
    task = sit(voters[0], queue).vote("yes")
    seen = {
        user.username: api(user).get(f"queues/{queue.uuid}/micro-tasks").json()["results"][0]["votes"]
        for user in (alice, voters[1])
    }
    assert seen == {"alice": {"yes": 1, "no": 0, "unsure": 0}, "voter-1": {}}
    people = api(voters[1]).get(f"queues/{queue.uuid}/micro-tasks/results").json()["people"]
    assert people == []
    page = client_for(voters[1]).get(f"/p/{queue.project.name}/queues/{queue.uuid}/").content.decode()
    assert "voter-0" not in page and UUID(task)


def test_a_list_of_questions_costs_the_same_however_many(
    ask: Callable[..., Queue],
    labelled: list[Item],
    sit: Callable[..., Voter],
    bob: User,
    client_for: Callable[..., Any],
) -> None:
    def cost(queue: Queue) -> int:
        sit(bob, queue).vote("yes")
        with CaptureQueriesContext(connection) as caught:
            assert client_for(bob).get(f"/p/{queue.project.name}/queues/{queue.uuid}/").status_code == 200
        return len(caught)

    assert cost(ask(labelled[:1], name="few")) == cost(ask(labelled, name="many", about=None))


# -- what it costs -----------------------------------------------------------------------------------------------------


def statements(run: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as caught:
        got = run()
    assert got.status_code == 200, got.content
    return [query["sql"] for query in caught.captured_queries if not query["sql"].upper().startswith(CONTROL)]


@pytest.mark.parametrize("door", ["session", "token"])
def test_next_and_vote_keep_to_their_statements_whatever_comes_of_it(
    door: str,
    ask: Callable[..., Queue],
    voters: list[User],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    fixes: Queue,
) -> None:
    queue = ask(corrections=fixes)
    costs: dict[str, int] = {}
    for user, answer in zip(voters[:4], ["yes", "no", "no", "no"], strict=True):
        client: Client = api(user).client if door == "token" else client_for(user)
        address = f"/api/v1/queues/{queue.uuid}/micro-tasks/next"
        asked = statements(lambda: client.post(address, {}, content_type="application/json"))  # noqa: B023
        assert len(asked) <= NEXT, "\n".join(asked)
        task = Lease.objects.filter(user=user, closed=False).values_list("task__uuid", flat=True).get()
        vote = {"answer": answer, "operation_id": str(uuid4()), "next": True}
        cost = statements(
            lambda: client.post(f"/api/v1/micro-tasks/{task}/vote", vote, content_type="application/json")  # noqa: B023
        )
        assert len(cost) <= VOTE, "\n".join(cost)
        Lease.objects.filter(user=user, closed=False).update(user=None, until=None, since=None)
        costs[answer] = max(costs.get(answer, 0), len(cost))
    assert fixes.tasks.count() == 1, "the fourth vote decided"
    assert costs["no"] > costs["yes"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's writers come one after the other")
@pytest.mark.django_db(transaction=True)
def test_a_crowd_votes_at_once_and_no_question_gets_a_vote_too_many(
    ask: Callable[..., Queue], project: Project
) -> None:
    queue = ask(about=None, max_votes=3, error_limit=0.01)
    people = [User.objects.create(username=f"crowd-{number}") for number in range(8)]
    for user in people:
        Membership.objects.create(project=project, user=user, role=Role.ANNOTATOR)
    handed: dict[str, list[str]] = {user.username: [] for user in people}
    wrong: list[str] = []
    gate = threading.Barrier(len(people))

    def labour(number: int, user: User) -> None:
        client = Client()
        client.force_login(user)
        gate.wait()
        try:
            for _round in range(200):
                got = client.post(f"/api/v1/queues/{queue.uuid}/micro-tasks/next", {}, content_type="application/json")
                if got.status_code == 204:
                    if not Task.objects.filter(queue=queue, state="open").exists():
                        return
                    continue
                task = got.json()["task"]["id"]
                handed[user.username].append(task)
                answer = ("yes", "no", "unsure")[(number + len(handed[user.username])) % 3]
                body = {"answer": answer, "operation_id": str(uuid4())}
                sent = client.post(f"/api/v1/micro-tasks/{task}/vote", body, content_type="application/json")
                if sent.status_code != 200:
                    wrong.append(f"{sent.status_code} {sent.content!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=labour, args=pair) for pair in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all(len(set(tasks)) == len(tasks) for tasks in handed.values()), "nobody is asked twice"
    for task in Task.objects.filter(queue=queue).prefetch_related("votes"):
        votes = list(task.votes.all())
        assert task.state == "done" and 2 <= len(votes) <= 3
        assert len({vote.user_id for vote in votes}) == len(votes)
        assert sum(bool(vote.outcome) for vote in votes) == 1
    assert not Lease.objects.filter(queue=queue, closed=False).exists()


# -- who may -----------------------------------------------------------------------------------------------------------


def test_strangers_find_nothing_viewers_do_not_vote_and_a_read_writes_nothing(
    ask: Callable[..., Queue],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    charlie: User,
    victor: User,
    bob: User,
    alice: User,
) -> None:
    queue = ask()
    task, project = queue.tasks.values_list("uuid", flat=True).first(), queue.project.name
    base = f"/api/v1/queues/{queue.uuid}/micro-tasks"
    reads = [base, f"{base}/results", f"{base}.csv", f"/p/{project}/queues/{queue.uuid}/"]
    viewer = client_for(victor)
    for address in reads:
        assert client_for(charlie).get(address).status_code == 404
        with CaptureQueriesContext(connection) as caught:
            got = viewer.get(address)
            assert got.status_code == 200 and (b"".join(got) if got.streaming else got.content)
        written = [row["sql"] for row in caught if row["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not written
    vote = {"answer": "yes", "operation_id": str(uuid4())}
    for user, status in ((charlie, 404), (victor, 403)):
        program = api(user)
        assert program.post(f"{base}/next").status_code == status
        assert program.post(f"/api/v1/micro-tasks/{task}/vote", vote).status_code == status
        assert program.post(f"/api/v1/micro-tasks/{task}/undo", {"operation_id": str(uuid4())}).status_code == status
        assert client_for(user).get(f"/vote/{queue.uuid}/").status_code == status
    for user in (bob, victor):
        assert api(user).post(base, {"filter": {}}).status_code == 403
        assert api(user).patch(base, {"corrections": None}).status_code == 403
        assert client_for(user).get(f"/p/{project}/micro-tasks/new/").status_code == 403
    assert api(alice).post("/api/v1/micro-tasks/nonsense/vote", vote).status_code == 404
    assert api(alice).post(f"/api/v1/micro-tasks/{uuid4()}/vote", vote).status_code == 404
    bad = api(bob).post(f"/api/v1/micro-tasks/{task}/vote", {**vote, "answer": "maybe"})
    assert bad.status_code == 400 and "answer" in json.dumps(bad.json())


def test_the_pages_make_a_queue_ask_more_and_choose_where_corrections_go(
    project: Project, alice: User, labelled: list[Item], fixes: Queue, client_for: Callable[[User], Client]
) -> None:
    browser, base = client_for(alice), f"/p/{project.name}"
    form = {
        "name": "check",
        "about": "cells:1",
        "question": "RBC?",
        "min_votes": 3,
        "max_votes": 2,
        "error_percent": 5,
        "search": labelled[0].path,
    }
    refused = browser.post(f"{base}/micro-tasks/new/", form)
    assert refused.status_code == 400 and "min_votes must be 1 to max_votes" in refused.content.decode()
    made = browser.post(f"{base}/micro-tasks/new/", {**form, "max_votes": 3, "corrections": str(fixes.uuid)})
    queue = Queue.objects.select_related("micro").get(name="check")
    assert made.headers["Location"] == f"{base}/queues/{queue.uuid}/"
    assert (queue.size, queue.micro.corrections_id, queue.micro.error_limit) == (2, fixes.pk, 0.05)
    browser.post(f"{base}/queues/{queue.uuid}/ask/", {"about": "2"})
    browser.post(f"{base}/queues/{queue.uuid}/corrections/", {"corrections": ""})
    queue = Queue.objects.select_related("micro").get(name="check")
    assert (queue.size, queue.micro.corrections) == (5, None)
    page = browser.get(f"{base}/queues/{queue.uuid}/?class=2&outcome=open").content.decode()
    assert page.count("RBC?") == 4 and "3 questions added" in page, "three rows and the queue's question"
    assert f"{base}/queues/{queue.uuid}/?outcome=open#questions" in browser.get(f"{base}/queues/").content.decode()
    assert "check" in browser.get(f"{base}/").content.decode(), "Home names it among what is to do"
