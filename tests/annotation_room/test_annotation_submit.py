"""Answers: accepted once each, never lost, never over somebody else's."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from lode_annotation import queues
from lode_annotation import submit as submitting
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Lease, Queue, Task
from lode_annotation.queue_context import context_for
from lode_annotation.submit import SubmitRequest
from lode_platform.callers import Caller
from lode_platform.errors import Conflict
from lode_platform.models import Item, Membership, Project, Role, User

pytestmark = pytest.mark.django_db


def take(api: Any, queue: Queue, *holding: str) -> dict[str, Any]:
    got = api.post(f"queues/{queue.uuid}/next", {"holding": list(holding)})
    assert got.status_code == 200, got.content
    return dict(got.json())


def test_next_gives_the_task_with_all_the_editor_needs(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(3)
    got = take(api(bob), queue)
    assert got["task"]["position"] == 1 and got["task"]["total"] == 3
    assert got["media"]["width"] == 64 and got["media"]["height"] == 48
    assert got["media"]["url"].startswith("/media/")
    assert got["config"]["controls"][0]["labels"][0] == {
        "value": "RBC",
        "class_id": 1,
        "color": None,
        "hotkey": "1",
        "guideline": "",
    }
    assert got["annotation"] is None and got["draft"] is None and got["start"] is None
    assert got["lease"]["seconds"] == 600


def test_submitting_without_a_review_rule_writes_the_label_set_in_pixels(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    body = answer([box(10, 20, 30, 25, id="r1")])
    got = program.post(f"tasks/{task}/submit", body)
    assert got.status_code == 200, got.content
    held = LabelSet.objects.get()
    assert held.current and held.source == "annotation" and held.annotation_revision is not None
    assert held.regions == [
        {"id": "r1", "kind": "box", "control": "label", "class_id": 1, "geometry": [6.4, 9.6, 25.6, 21.6]}
    ]
    kept = AnnotationRevision.objects.get().result
    assert kept[0]["original_width"] == 64 and kept[0]["original_height"] == 48
    done = Task.objects.get()
    assert done.state == "done" and done.finished_at is not None


def test_an_answer_takes_no_next_task_that_nobody_asked_for(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(2)
    got = api(bob).post(f"tasks/{take(api(bob), queue)['task']['id']}/submit", answer())
    assert got.json()["next"] is None
    assert not Lease.objects.filter(queue=queue, user=bob, closed=False).exists()


@pytest.mark.parametrize("wanted", [True, False])
def test_who_loses_the_next_task_to_another_is_given_the_one_after_it(
    api: Callable[..., Any],
    bob: User,
    rita: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
    monkeypatch: Any,
    wanted: bool,
) -> None:
    queue = make_queue(3)
    task = take(api(bob), queue)["task"]["id"]
    whole = queues.close_and_claim
    taken: list[str] = []

    def beaten(*given: Any, want_next: bool) -> Any:
        """As where another takes the task between the choice and the claim."""
        taken.append(take(api(rita), queue)["task"]["id"])
        return whole(*given, want_next=False)

    monkeypatch.setattr(queues, "close_and_claim", beaten)
    found = api(bob).post(f"tasks/{task}/submit", answer(next=wanted)).json()["next"]
    assert len(taken) == 1
    assert found is None if not wanted else found["task"]["id"] not in (task, *taken)
    assert Lease.objects.filter(queue=queue, user=bob, closed=False).count() == wanted


def test_nobody_has_two_places_at_one_task(
    api: Callable[..., Any],
    bob: User,
    rita: User,
    project: Project,
    alice: User,
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(0)
    Queue.objects.update(overlap=2)
    queue.refresh_from_db()
    queues.add_tasks(queue, Caller(alice), [queues.TaskSpec(item=item) for item in make_items(project, 2)])
    first = take(api(bob), queue)["task"]["id"]
    assert take(api(rita), queue)["task"]["id"] == first, "the second place is somebody else's"
    second = api(bob).post(f"tasks/{first}/submit", answer(next=True)).json()["next"]["task"]["id"]
    assert second != first
    assert api(bob).post(f"tasks/{second}/submit", answer(next=True)).json()["next"] is None


def test_the_same_operation_gets_the_same_answer_with_the_same_next_task(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(3)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    body = answer(next=True)
    first = program.post(f"tasks/{task}/submit", body).json()
    again = program.post(f"tasks/{task}/submit", body).json()
    assert first["next"]["task"]["id"] != task
    assert again["annotation"] == first["annotation"]
    assert again["next"]["task"] == first["next"]["task"]
    assert AnnotationRevision.objects.count() == 1 and LabelSet.objects.count() == 1


@pytest.mark.parametrize(("same", "base", "got"), [(True, None, 1), (False, None, 2), (False, 0, "stale")])
def test_what_comes_in_between_reading_and_writing_is_taken_into_account(
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    monkeypatch: Any,
    same: bool,
    base: Any,
    got: Any,
) -> None:
    """Two pages of one person at once, or one request that was sent twice."""
    queue = make_queue(1)
    task = Task.objects.get().uuid
    queues.claim(context_for(Caller(bob), queue.uuid, "queue.label"), bob)
    mine = SubmitRequest(uuid4(), result=[box(id="b")], base=submitting.UNCHECKED if base is None else base)
    theirs = mine if same else SubmitRequest(uuid4(), result=[box(id="a")])
    real = submitting._answer

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(submitting, "_answer", real)
        submitting.submit(Caller(bob), task, theirs)
        return real(*args)

    monkeypatch.setattr(submitting, "_answer", overtaken)
    if got == "stale":
        with pytest.raises(Conflict) as refused:
            submitting.submit(Caller(bob), task, mine)
        assert refused.value.code == "stale"
    else:
        assert submitting.submit(Caller(bob), task, mine)["annotation"]["revision"] == got
    revisions = [row.result[0]["id"] for row in AnnotationRevision.objects.order_by("number")]
    assert revisions == {1: ["b"], 2: ["a", "b"], "stale": ["a"]}[got]
    assert (Annotation.objects.get().draft is not None) == (got == "stale")


def test_an_operation_of_another_task_is_refused(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    program = api(bob)
    queue = make_queue(2)
    body = answer(next=True)
    first = program.post(f"tasks/{take(program, queue)['task']['id']}/submit", body).json()
    got = program.post(f"tasks/{first['next']['task']['id']}/submit", body)
    assert got.status_code == 409 and got.json()["code"] == "operation_used"


def test_next_gives_back_my_own_lease_before_anything_new(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(3)
    program = api(bob)
    first = take(program, queue)["task"]["id"]
    assert take(program, queue)["task"]["id"] == first
    second = take(program, queue, first)["task"]["id"]
    assert second != first
    assert take(program, queue)["task"]["id"] == first
    assert take(program, queue, first)["task"]["id"] == second


def test_two_people_never_hold_the_same_task(
    api: Callable[..., Any], bob: User, rita: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(2)
    mine, hers = take(api(bob), queue)["task"]["id"], take(api(rita), queue)["task"]["id"]
    assert mine != hers
    assert api(rita).post(f"queues/{queue.uuid}/next", {"holding": [hers]}).status_code == 204
    got = api(rita).post(f"tasks/{mine}/lease")
    assert got.status_code == 409 and got.json()["code"] == "lease_lost"


def lapse(task: str) -> None:
    Lease.objects.filter(task__uuid=task).update(until=timezone.now() - timedelta(seconds=1))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody writes while another does")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ["next", "lease", "submit"])
def test_a_task_that_goes_to_another_in_the_very_moment_is_not_mine(
    asked: str,
    api: Callable[..., Any],
    bob: User,
    rita: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    """Bob's statement still sees his lease, waits for rita's to end, and must look again."""
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    addresses = {"next": f"queues/{queue.uuid}/next", "lease": f"tasks/{task}/lease", "submit": f"tasks/{task}/submit"}
    got: list[int] = []

    def ask() -> None:
        got.append(program.post(addresses[asked], answer() if asked == "submit" else {}).status_code)
        connection.close()

    bobs = Thread(target=ask)
    with transaction.atomic():
        Lease.objects.update(user=rita, until=timezone.now() + timedelta(minutes=5))
        bobs.start()
        with connection.cursor() as cursor:
            while not cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                assert bobs.is_alive()
                sleep(0.02)
    bobs.join()
    assert got == [204 if asked == "next" else 409]
    assert Lease.objects.get().user == rita and not LabelSet.objects.exists()


def test_a_lapsed_lease_is_handed_on(
    api: Callable[..., Any], bob: User, rita: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1)
    task = take(api(bob), queue)["task"]["id"]
    assert api(rita).post(f"queues/{queue.uuid}/next").status_code == 204
    lapse(task)
    assert take(api(rita), queue)["task"]["id"] == task


def test_a_submit_after_the_lease_lapsed_counts_if_nobody_else_took_the_task(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(1)
    task = take(api(bob), queue)["task"]["id"]
    lapse(task)
    assert api(bob).post(f"tasks/{task}/submit", answer()).status_code == 200


def test_a_submit_of_a_task_that_was_given_back_counts_if_nobody_else_took_it(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(1)
    task = take(api(bob), queue)["task"]["id"]
    assert api(bob).delete(f"tasks/{task}/lease").status_code == 204
    assert api(bob).post(f"tasks/{task}/submit", answer()).status_code == 200


def test_a_late_submit_does_not_stand_beside_somebody_elses_answer_however_old_that_is(
    api: Callable[..., Any],
    bob: User,
    rita: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    task = take(api(bob), queue)["task"]["id"]
    lapse(task)
    take(api(rita), queue)
    assert api(rita).post(f"tasks/{task}/submit", answer([box(id="hers")])).status_code == 200
    lapse(task)
    got = api(bob).post(f"tasks/{task}/submit", answer([box(id="his")]))
    assert (got.status_code, got.json()["code"]) == (409, "lease_lost")
    assert [region["id"] for region in LabelSet.objects.get(current=True).regions] == ["hers"]


def test_a_submit_after_somebody_else_took_the_task_is_kept_as_a_draft_that_reviewers_see(
    api: Callable[..., Any],
    bob: User,
    rita: User,
    make_queue: Callable[..., Queue],
    project: Project,
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    task = take(api(bob), queue)["task"]["id"]
    lapse(task)
    take(api(rita), queue)
    body = answer([box(id="late")])
    got = api(bob).post(f"tasks/{task}/submit", body)
    assert got.status_code == 409 and got.json()["code"] == "lease_lost"
    kept = Annotation.objects.get(uuid=got.json()["kept_as"])
    assert (kept.draft or [{}])[0]["id"] == "late" and kept.lost_at is not None
    assert not LabelSet.objects.exists()
    seen = api(rita).get(f"projects/{project.name}/reviews?late=1").json()["results"]
    assert [row["user"] for row in seen] == ["bob"] and seen[0]["late"]
    assert api(rita).post(f"tasks/{task}/submit", answer()).status_code == 200


def test_a_stale_save_is_answered_with_both_revisions(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    program.post(f"tasks/{task}/submit", answer([box(id="one")], base_revision=None))
    program.post(f"tasks/{task}/submit", answer([box(id="two")], base_revision=1))
    got = program.post(f"tasks/{task}/submit", answer([box(id="three")], base_revision=1))
    assert got.status_code == 409 and got.json()["code"] == "stale"
    assert got.json()["theirs"]["revision"] == 2 and got.json()["theirs"]["result"][0]["id"] == "two"
    assert got.json()["yours"]["result"][0]["id"] == "three" and got.json()["yours"]["base_revision"] == 1
    assert (Annotation.objects.get().draft or [{}])[0]["id"] == "three"
    assert [row.number for row in AnnotationRevision.objects.all()] == [1, 2]


def test_my_own_answer_can_be_opened_again_and_becomes_a_new_revision(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    first = program.post(f"tasks/{task}/submit", answer([box(id="a")])).json()["annotation"]
    assert program.post(f"tasks/{task}/lease").status_code == 200
    again = program.post(
        f"tasks/{task}/submit", answer([box(id="a", label="WBC")], annotation_id=first["id"], base_revision=1)
    )
    assert again.json()["annotation"] == {"id": first["id"], "revision": 2, "state": "accepted"}
    assert [(row.current, row.regions[0]["class_id"]) for row in LabelSet.objects.order_by("pk")] == [
        (False, 1),
        (True, 2),
    ]


def test_a_skip_closes_the_task_and_takes_the_next(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(2)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    body = {"reason": "blurred", "operation_id": str(uuid4()), "next": True}
    got = program.post(f"tasks/{task}/skip", body).json()
    assert got["annotation"]["state"] == "skipped" and got["next"]["task"]["id"] != task
    assert Task.objects.get(uuid=task).state == "skipped" and not LabelSet.objects.exists()
    assert AnnotationRevision.objects.get().reason == "blurred"


def test_a_draft_is_kept_and_offered_to_its_author_alone(
    api: Callable[..., Any], bob: User, rita: User, make_queue: Callable[..., Queue], box: Callable[..., Any]
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    assert program.put(f"tasks/{task}/draft", {"result": [box(id="d")], "base_revision": None}).status_code == 200
    assert take(program, queue)["draft"]["result"][0]["id"] == "d"
    lapse(task)
    assert take(api(rita), queue)["draft"] is None
    got = program.put(f"tasks/{task}/draft", {"result": [box(id="e")]})
    assert got.status_code == 409 and (Annotation.objects.get(user=bob).draft or [{}])[0]["id"] == "e"


def test_an_answer_empties_the_draft(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    box: Callable[..., Any],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    program = api(bob)
    task = take(program, queue)["task"]["id"]
    program.put(f"tasks/{task}/draft", {"result": [box(id="d")]})
    program.post(f"tasks/{task}/submit", answer(base_revision=0))
    assert Annotation.objects.get().draft is None and Annotation.objects.get().revision == 1


def test_a_lease_given_back_with_its_time_leaves_a_newer_one_alone(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1)
    program = api(bob)
    first = take(program, queue)
    later = program.post(f"tasks/{first['task']['id']}/lease").json()["lease"]["until"]
    assert program.delete(f"tasks/{first['task']['id']}/lease?until={first['lease']['until']}").status_code == 204
    assert Lease.objects.get().user == bob
    program.delete(f"tasks/{first['task']['id']}/lease?until={later}")
    assert Lease.objects.get().user is None


def placed(own: str, class_id: int, place: list[float]) -> dict[str, Any]:
    return {"id": own, "kind": "box", "control": "label", "class_id": class_id, "geometry": place}


def test_relabelling_starts_from_the_label_set_and_keeps_what_the_editor_does_not_show(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    schema: Any,
    alice: User,
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    item = Task.objects.get().item
    LabelSet.objects.create(
        item=item,
        schema=schema,
        schema_revision=schema.revisions.get(),
        source="import",
        regions=[
            {**placed("crowd", 2, [1.0, 2.0, 11.0, 12.0]), "area": 55.5, "iscrowd": True},
            {**placed("moved", 1, [20.0, 20.0, 30.0, 30.0]), "area": 77.0},
            placed("unseen", 99, [3.0, 3.0, 4.0, 4.0]),
        ],
        digest="x",
        created_by=alice,
    )
    program = api(bob)
    got = take(program, queue)
    start = got["start"]
    assert [(entry["id"], entry["value"]["rectanglelabels"]) for entry in start] == [
        ("crowd", ["WBC"]),
        ("moved", ["RBC"]),
    ]
    start[1]["value"]["x"] += 1
    assert program.post(f"tasks/{got['task']['id']}/submit", answer(start)).status_code == 200
    by_id = {row["id"]: row for row in LabelSet.objects.get(current=True).regions}
    assert by_id["crowd"]["iscrowd"] and by_id["crowd"]["area"] == 55.5
    assert by_id["crowd"]["geometry"] == [1.0, 2.0, 11.0, 12.0]
    assert "area" not in by_id["moved"]
    assert by_id["unseen"]["class_id"] == 99


def test_a_task_whose_item_went_to_the_trash_is_passed_over(
    api: Callable[..., Any], bob: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(2)
    first = Task.objects.order_by("number")[0]
    first.item.trashed_at = timezone.now()
    first.item.save()
    assert take(api(bob), queue)["task"]["position"] == 2
    first.refresh_from_db()
    assert first.state == "skipped"


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_queue_that_is_not_open_hands_out_nothing_but_takes_held_work(
    api: Callable[..., Any],
    bob: User,
    alice: User,
    make_queue: Callable[..., Queue],
    state: str,
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(2)
    task = take(api(bob), queue)["task"]["id"]
    assert api(alice).patch(f"queues/{queue.uuid}", {"state": state}).json()["state"] == state
    assert api(bob).post(f"queues/{queue.uuid}/next").status_code == 204
    got = api(bob).post(f"tasks/{task}/submit", answer(next=True))
    assert got.status_code == 200 and got.json()["next"] is None


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_queue_that_is_not_open_takes_no_answer_to_a_task_never_held_but_keeps_it(
    api: Callable[..., Any],
    bob: User,
    alice: User,
    make_queue: Callable[..., Queue],
    state: str,
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(1)
    task = Task.objects.get().uuid
    api(alice).patch(f"queues/{queue.uuid}", {"state": state})
    program = api(bob)
    for _ in range(2):  # what was kept of the first try gives no place either
        for got in (program.post(f"tasks/{task}/lease"), program.post(f"tasks/{task}/submit", answer())):
            assert (got.status_code, got.json()["code"]) == (409, "queue_closed"), got.content
            assert state in got.json()["error"] and "Somebody else" not in got.json()["error"]
    kept = Annotation.objects.get()
    assert kept.state == "draft" and kept.draft and kept.lost_at and not LabelSet.objects.exists()


def test_work_begun_elsewhere_gives_no_place_in_a_queue_that_is_not_open(
    api: Callable[..., Any],
    bob: User,
    alice: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
) -> None:
    queue = make_queue(2)
    begun, other = (str(task.uuid) for task in queue.tasks.order_by("number"))
    assert take(api(bob), queue)["task"]["id"] == begun
    assert api(bob).put(f"tasks/{begun}/draft", {"result": []}).status_code == 200
    assert api(bob).delete(f"tasks/{begun}/lease").status_code == 204
    api(alice).patch(f"queues/{queue.uuid}", {"state": "paused"})
    assert api(bob).post(f"tasks/{other}/lease").status_code == 409
    assert api(bob).post(f"tasks/{begun}/submit", answer()).status_code == 200


@pytest.mark.parametrize("code", ["id_taken", "operation_used"])
def test_an_answer_refused_for_an_id_of_another_answer_is_kept_as_a_draft(
    api: Callable[..., Any],
    bob: User,
    make_queue: Callable[..., Queue],
    answer: Callable[..., Any],
    box: Callable[..., Any],
    code: str,
) -> None:
    queue, program = make_queue(2), api(bob)
    first = answer(next=True)
    got = program.post(f"tasks/{take(program, queue)['task']['id']}/submit", first).json()
    second = answer([box(id="mine")])
    if code == "id_taken":
        second["annotation_id"] = got["annotation"]["id"]
    else:
        second["operation_id"] = first["operation_id"]
    refused = program.post(f"tasks/{got['next']['task']['id']}/submit", second)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    kept = Annotation.objects.get(uuid=refused.json()["kept_as"])
    assert kept.draft and kept.draft[0]["id"] == "mine" and kept.task.number == 2 and kept.state == "draft"
    assert program.post(f"tasks/{kept.task.uuid}/submit", answer()).status_code == 200


def test_viewers_and_strangers_do_not_label(
    api: Callable[..., Any], victor: User, charlie: User, make_queue: Callable[..., Queue], answer: Callable[..., Any]
) -> None:
    queue = make_queue(1)
    task = Task.objects.get().uuid
    for path in (f"queues/{queue.uuid}/next", f"tasks/{task}/lease"):
        assert api(victor).post(path).status_code == 403
        assert api(charlie).post(path).status_code == 404
    assert api(victor).post(f"tasks/{task}/submit", answer()).status_code == 403
    assert api(charlie).post(f"tasks/{task}/submit", answer()).status_code == 404


def test_a_token_of_another_project_finds_no_queue(
    api: Callable[..., Any], bob: User, alice: User, make_queue: Callable[..., Queue]
) -> None:
    queue = make_queue(1)
    other = Project.objects.create(name="other", created_by=alice)
    Membership.objects.create(project=other, user=bob, role=Role.OWNER)
    assert api(bob, project=other).post(f"queues/{queue.uuid}/next").status_code == 404
    assert api(bob, project=queue.project, role="viewer").post(f"queues/{queue.uuid}/next").status_code == 403
