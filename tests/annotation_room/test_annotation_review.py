"""Reviews: with the rule only an accept writes the label set."""

from collections.abc import Callable
from threading import Barrier, Thread
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Review, Task
from lode_annotation.shell_entries import waiting_answers
from lode_platform.callers import Caller
from lode_platform.models import Project, User

pytestmark = pytest.mark.django_db


def verdict(word: str, **more: Any) -> dict[str, Any]:
    return {"verdict": word, "operation_id": str(uuid4()), **more}


@pytest.fixture
def waiting(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], box: Callable[..., Any], answer: Any
) -> Queue:
    """A queue with a review rule, whose first task bob has answered."""
    queue = make_queue(2, review=True)
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    assert program.post(f"tasks/{task}/submit", answer([box(id="r")])).status_code == 200
    return queue


def test_submitting_waits_for_review_and_writes_no_label_set(waiting: Queue) -> None:
    assert not LabelSet.objects.exists()
    assert Task.objects.get(number=1).state == "submitted" and Annotation.objects.get().state == "submitted"


def test_accepting_writes_the_label_set(api: Callable[..., Any], rita: User, waiting: Queue, project: Project) -> None:
    listed = api(rita).get(f"projects/{project.name}/reviews?queue={waiting.uuid}").json()["results"]
    assert [row["user"] for row in listed] == ["bob"]
    seen = api(rita).post(f"queues/{waiting.uuid}/review/next").json()
    assert seen["annotation"]["result"][0]["id"] == "r" and seen["annotation"]["user"] == "bob"
    got = api(rita).post(
        f"annotations/{seen['annotation']['id']}/review", verdict("accept", base_revision=1, next=True)
    )
    assert got.status_code == 200 and got.json()["next"] is None
    held = LabelSet.objects.get()
    assert held.regions[0]["id"] == "r" and held.annotation_revision == AnnotationRevision.objects.get()
    assert Task.objects.get(number=1).state == "done"
    assert api(rita).post(f"queues/{waiting.uuid}/review/next").status_code == 204


def test_the_same_verdict_again_is_the_same_review(api: Callable[..., Any], rita: User, waiting: Queue) -> None:
    body = verdict("accept", base_revision=1)
    uuid = Annotation.objects.get().uuid
    first, again = (api(rita).post(f"annotations/{uuid}/review", body).json() for _ in range(2))
    assert first == again and Review.objects.count() == 1 and LabelSet.objects.count() == 1


def test_a_fix_is_a_new_revision_by_the_reviewer(
    api: Callable[..., Any], rita: User, waiting: Queue, box: Callable[..., Any]
) -> None:
    uuid = Annotation.objects.get().uuid
    got = api(rita).post(
        f"annotations/{uuid}/review", verdict("fix", base_revision=1, result=[box(id="r", label="WBC")])
    )
    assert got.status_code == 200, got.content
    first, second = AnnotationRevision.objects.all()
    assert (first.author.username, second.author.username) == ("bob", "rita")
    assert first.result[0]["value"]["rectanglelabels"] == ["RBC"]
    assert LabelSet.objects.get().regions[0]["class_id"] == 2


def test_a_rejected_task_goes_back_with_the_comment_as_its_reason(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, answer: Any
) -> None:
    uuid = Annotation.objects.get().uuid
    assert (
        api(rita).post(f"annotations/{uuid}/review", verdict("reject", comment="One cell is missing")).status_code
        == 200
    )
    assert not LabelSet.objects.exists()
    got = api(bob).post(f"queues/{waiting.uuid}/next").json()
    assert got["task"]["position"] == 1 and got["task"]["reason"]["text"] == "One cell is missing"
    assert got["annotation"]["state"] == "rejected" and got["annotation"]["revision"] == 1
    again = api(bob).post(f"tasks/{got['task']['id']}/submit", answer(base_revision=1))
    assert again.json()["annotation"]["revision"] == 2
    assert api(rita).post(f"queues/{waiting.uuid}/review/next").json()["annotation"]["revision"] == 2


def test_a_rejected_task_waits_for_its_author_who_is_told_and_then_is_for_anybody(
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    rita: User,
    bob: User,
    erin: User,
    project: Project,
    waiting: Queue,
) -> None:
    found = Annotation.objects.get()
    api(rita).post(f"annotations/{found.uuid}/review", verdict("reject", comment="One cell is missing"))
    others = [api(erin).post(f"queues/{waiting.uuid}/next").json()["task"]["position"] for _ in range(2)]
    assert 1 not in others
    home = client_for(bob).get(f"/p/{project.name}/").content.decode()
    assert f"Answer returned from “{waiting.name}”" in home
    assert "came back from" not in client_for(erin).get(f"/p/{project.name}/").content.decode()
    assert api(bob).post(f"queues/{waiting.uuid}/next").json()["task"]["position"] == 1
    Lease.objects.filter(task=found.task).update(until=timezone.now())
    held = [str(uuid) for uuid in Lease.objects.filter(user=erin).values_list("task__uuid", flat=True)]
    assert api(erin).post(f"queues/{waiting.uuid}/next", {"holding": held}).json()["task"]["position"] == 1


def test_the_last_ten_answers_of_mine_are_listed_and_can_be_opened_again(
    api: Callable[..., Any], bob: User, erin: User, make_queue: Callable[..., Queue], answer: Any
) -> None:
    queue, program = make_queue(12), api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()
    handed = []
    for _ in range(12):
        handed.append(task["task"]["id"])
        task = program.post(f"tasks/{handed[-1]}/submit", answer(next=True)).json()["next"]
    mine = program.get(f"queues/{queue.uuid}/mine").json()
    assert [row["task"] for row in mine] == handed[:1:-1]
    assert (mine[0]["state"], mine[0]["revision"], mine[0]["position"]) == ("accepted", 1, 12)
    assert api(erin).get(f"queues/{queue.uuid}/mine").json() == []
    opened = program.post(f"tasks/{handed[-1]}/open")
    assert opened.status_code == 200 and opened.json()["annotation"]["revision"] == 1
    assert api(erin).post(f"tasks/{handed[-1]}/open").json()["code"] == "lease_lost"


def test_a_verdict_on_an_answer_that_changed_is_stale_and_carries_both_sides(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, box: Callable[..., Any], answer: Any
) -> None:
    found = Annotation.objects.get()
    task = Task.objects.get(number=1).uuid
    api(bob).post(f"tasks/{task}/submit", answer([box(id="newer")], base_revision=1))
    got = api(rita).post(f"annotations/{found.uuid}/review", verdict("accept", base_revision=1))
    assert got.status_code == 409 and got.json()["code"] == "stale"
    assert got.json()["theirs"]["revision"] == 2 and got.json()["theirs"]["result"][0]["id"] == "newer"
    assert not LabelSet.objects.exists()


def test_an_answer_is_judged_once(api: Callable[..., Any], rita: User, alice: User, waiting: Queue) -> None:
    answer = Annotation.objects.get().uuid
    assert api(rita).post(f"annotations/{answer}/review", verdict("accept")).status_code == 200
    late = api(alice).post(f"annotations/{answer}/review", verdict("reject"))
    assert (late.status_code, late.json()["code"]) == (409, "stale")
    assert "rita gave the verdict accept" in late.json()["error"]
    assert Task.objects.get(number=1).state == "done" and Review.objects.count() == 1


def test_a_fix_of_an_answer_that_changed_is_kept_as_the_reviewers_draft(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, box: Callable[..., Any], answer: Any
) -> None:
    found = Annotation.objects.get()
    api(bob).post(f"tasks/{found.task.uuid}/submit", answer(base_revision=1))
    got = api(rita).post(f"annotations/{found.uuid}/review", verdict("fix", base_revision=1, result=[box(id="fixed")]))
    assert (got.status_code, got.json()["code"]) == (409, "stale")
    kept = Annotation.objects.get(uuid=got.json()["kept_as"])
    assert kept.user == rita and kept.draft and kept.draft[0]["id"] == "fixed" and not LabelSet.objects.exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody writes while another does")
@pytest.mark.django_db(transaction=True)
def test_the_same_verdict_sent_twice_at_once_is_one_review(api: Callable[..., Any], rita: User, waiting: Queue) -> None:
    address, word = f"annotations/{Annotation.objects.get().uuid}/review", verdict("accept")
    programs, gate, got = [api(rita), api(rita)], Barrier(2), []

    def send(program: Any) -> None:
        gate.wait()
        got.append(program.post(address, word))
        connection.close()

    threads = [Thread(target=send, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.status_code for one in got] == [200, 200], [one.content for one in got]
    assert got[0].json()["review"] == got[1].json()["review"] and LabelSet.objects.count() == 1


def test_nobody_reviews_their_own_answer(
    api: Callable[..., Any], rita: User, alice: User, make_queue: Callable[..., Queue], answer: Any
) -> None:
    queue = make_queue(1, review=True)
    task = api(rita).post(f"queues/{queue.uuid}/next").json()["task"]["id"]
    api(rita).post(f"tasks/{task}/submit", answer())
    uuid = Annotation.objects.get().uuid
    assert api(rita).post(f"queues/{queue.uuid}/review/next").status_code == 204
    assert api(rita).post(f"annotations/{uuid}/review", verdict("accept")).status_code == 403
    assert api(alice).post(f"annotations/{uuid}/review", verdict("accept")).status_code == 200


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody writes while another does")
@pytest.mark.django_db(transaction=True)
def test_a_review_and_a_submit_of_one_task_never_wait_for_each_other(
    api: Callable[..., Any], rita: User, waiting: Queue
) -> None:
    """A submit locks the task's place before the answer; a review that waits for the place holds nothing yet."""
    answer = Annotation.objects.get()
    program, got = api(rita), []

    def judge() -> None:
        got.append(program.post(f"annotations/{answer.uuid}/review", verdict("accept")).status_code)
        connection.close()

    ritas = Thread(target=judge)
    with transaction.atomic():
        Lease.objects.select_for_update().get(task=answer.task_id)
        ritas.start()
        with connection.cursor() as cursor:
            while not cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                assert ritas.is_alive()
                sleep(0.02)
        Annotation.objects.select_for_update(nowait=True).get(pk=answer.pk)
    ritas.join()
    assert got == [200]


def test_only_reviewers_review(
    api: Callable[..., Any], bob: User, erin: User, victor: User, charlie: User, waiting: Queue
) -> None:
    uuid = Annotation.objects.get().uuid
    for person in (bob, erin, victor):
        assert api(person).post(f"annotations/{uuid}/review", verdict("accept")).status_code == 403
        assert api(person).post(f"queues/{waiting.uuid}/review/next").status_code == 403
    assert api(charlie).post(f"annotations/{uuid}/review", verdict("accept")).status_code == 404
    assert api(charlie).post(f"queues/{waiting.uuid}/review/next").status_code == 404
    assert not Review.objects.exists()


def test_a_fix_passes_the_same_gate(
    api: Callable[..., Any], rita: User, waiting: Queue, box: Callable[..., Any]
) -> None:
    uuid = Annotation.objects.get().uuid
    got = api(rita).post(f"annotations/{uuid}/review", verdict("fix", result=[box(value={"height": 0})]))
    assert got.status_code == 400 and got.json()["code"] == "bad_result"
    assert Annotation.objects.get().state == "submitted"


def test_an_annotator_may_correct_an_accepted_answer_and_the_truth_waits_for_the_second_accept(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, box: Callable[..., Any], answer: Any
) -> None:
    found = Annotation.objects.get()
    task = Task.objects.get(number=1).uuid
    api(rita).post(f"annotations/{found.uuid}/review", verdict("accept", base_revision=1))
    api(bob).post(f"tasks/{task}/submit", answer([box(id="better")], base_revision=1))
    assert LabelSet.objects.get(current=True).regions[0]["id"] == "r"
    api(rita).post(f"annotations/{found.uuid}/review", verdict("accept", base_revision=2))
    assert LabelSet.objects.get(current=True).regions[0]["id"] == "better" and LabelSet.objects.count() == 2


def test_a_queue_moved_to_a_newer_revision_shows_old_answers_in_the_new_words(
    api: Callable[..., Any], rita: User, alice: User, waiting: Queue, schema: Any
) -> None:
    from lode_annotation.schemas import revise
    from motherlode.labeling_config import build

    revise(
        schema,
        Caller(alice),
        config=build(["erythrocyte", "WBC", "Platelets"], "boxes"),
        renames={"RBC": "erythrocyte"},
    )
    assert api(alice).patch(f"queues/{waiting.uuid}", {"newest": True}).json()["revision"] == 2
    seen = api(rita).post(f"queues/{waiting.uuid}/review/next").json()
    assert seen["annotation"]["result"][0]["value"]["rectanglelabels"] == ["erythrocyte"]
    got = api(rita).post(f"annotations/{seen['annotation']['id']}/review", verdict("accept", base_revision=1))
    assert got.status_code == 200 and LabelSet.objects.get().regions[0]["class_id"] == 1


def test_what_waits_for_a_reviewer_is_counted_as_it_is_handed_out(
    api: Callable[..., Any], client_for: Callable[[User], Client], rita: User, alice: User, waiting: Queue, answer: Any
) -> None:
    task = api(rita).post(f"queues/{waiting.uuid}/next").json()["task"]["id"]
    assert api(rita).post(f"tasks/{task}/submit", answer([])).status_code == 200

    def counted(user: User) -> list[int]:
        client = client_for(user)
        (row,) = client.get("/p/blood/review/").context["rows"]
        (queue,) = [line.waiting for line in client.get("/p/blood/queues/").context["rows"]]
        return [row["waiting"].count, queue, waiting_answers(waiting.project, user)]

    assert counted(rita) == [1, 1, 1], "her own answer is for somebody else"
    assert counted(alice) == [2, 2, 2]
    item = Annotation.objects.get(user=rita).task.item
    assert api(alice).delete(f"items/{item.uuid}").status_code in (200, 204)
    assert counted(alice) == [1, 1, 1], "nobody is handed an answer to what lies in the trash"


def undo(program: Client, annotation: Annotation, word: dict[str, Any]) -> Any:
    return program.delete(f"annotations/{annotation.uuid}/review?operation_id={word['operation_id']}")


@pytest.mark.parametrize("word", ["accept", "fix", "reject"])
def test_a_verdict_taken_back_leaves_what_stood_before_it(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, box: Callable[..., Any], word: str
) -> None:
    found, before = Annotation.objects.get(), Task.objects.get(number=1)
    given = verdict(word, base_revision=1, comment="Look again", result=[box(id="r", label="WBC")])
    assert api(rita).post(f"annotations/{found.uuid}/review", given).status_code == 200
    got = undo(api(rita), found, given)
    assert got.status_code == 200
    shown = got.json()["annotation"]
    assert shown["annotation"]["result"][0]["value"]["rectanglelabels"] == ["RBC"] and shown["reviews"] == []
    assert not LabelSet.objects.current().exists()
    task = Task.objects.get(number=1)
    assert (task.state, task.reason, task.finished_at) == ("submitted", before.reason, None)
    other = api(bob).post(f"queues/{waiting.uuid}/next").json()
    assert other["task"]["id"] != str(task.uuid), "what waits for review is in nobody's queue"
    assert undo(api(rita), found, given).status_code == 200, "a repeat changes nothing"
    revision = Annotation.objects.get(task=task).revision
    again = verdict("accept", base_revision=revision)
    assert api(rita).post(f"annotations/{found.uuid}/review", again).status_code == 200
    assert LabelSet.objects.current().get().regions[0]["id"] == "r"


def test_taking_a_verdict_back_brings_the_labels_before_it_back(
    api: Callable[..., Any], rita: User, bob: User, waiting: Queue, answer: Any, box: Callable[..., Any]
) -> None:
    found = Annotation.objects.get()
    assert api(rita).post(f"annotations/{found.uuid}/review", verdict("accept")).status_code == 200
    first = LabelSet.objects.current().get()
    changed = answer([box(id="r2")], base_revision=1)
    assert api(bob).post(f"tasks/{found.task.uuid}/submit", changed).status_code == 200
    for _ in range(2):
        second = verdict("accept")
        assert api(rita).post(f"annotations/{found.uuid}/review", second).status_code == 200
        assert LabelSet.objects.current().get() != first
        assert undo(api(rita), found, second).status_code == 200
        assert LabelSet.objects.current().get() == first


def test_a_verdict_something_was_built_on_stays(
    api: Callable[..., Any], rita: User, alice: User, bob: User, waiting: Queue, answer: Any, box: Callable[..., Any]
) -> None:
    found = Annotation.objects.get()
    accepted = verdict("accept")
    assert api(rita).post(f"annotations/{found.uuid}/review", accepted).status_code == 200
    assert undo(api(alice), found, accepted).status_code == 404, "a verdict is its reviewer's"
    changed = answer([box(id="r2")], base_revision=1)
    assert api(bob).post(f"tasks/{found.task.uuid}/submit", changed).status_code == 200
    late = undo(api(rita), found, accepted)
    assert late.status_code == 409 and late.json()["code"] == "built_on"
    rejected = verdict("reject", comment="Look again")
    assert api(rita).post(f"annotations/{found.uuid}/review", rejected).status_code == 200
    assert api(bob).post(f"queues/{waiting.uuid}/next").json()["task"]["id"] == str(found.task.uuid)
    late = undo(api(rita), found, rejected)
    assert late.status_code == 409 and "working on the task again" in late.json()["error"]
    assert LabelSet.objects.current().get().regions[0]["id"] == "r"
