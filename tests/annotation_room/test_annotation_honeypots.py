"""Honeypots: known items among others, answered like these, compared, and never what becomes the labels."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from lode_annotation import comparisons, honeypots
from lode_annotation.models import Comparison, Honeypot, LabelSet, Queue, Task
from lode_annotation.queues import TaskSpec, add_tasks
from lode_platform.callers import Caller
from lode_platform.errors import BadInput
from lode_platform.models import Event, Item, Project, User

pytestmark = pytest.mark.django_db
SHOWN = {
    *("task", "media", "config", "queue", "lease", "prelabels", "annotation_id", "annotation", "comments"),
    *("draft", "start"),
}


@pytest.fixture
def known(
    make_queue: Callable[..., Queue], api: Callable[..., Any], rita: User, answer: Callable[..., Any]
) -> Callable[[int], list[LabelSet]]:
    """``known(3)``: label sets of three new items, made in a queue of their own."""

    def make(count: int) -> list[LabelSet]:
        queue = make_queue(count)
        for _one in range(count):
            task = api(rita).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
            assert api(rita).post(f"tasks/{task}/submit", answer()).status_code == 200
        return list(LabelSet.objects.filter(item__tasks__queue=queue))

    return make


@pytest.mark.parametrize(("overlap", "review"), [(1, False), (1, True), (2, False)])
def test_answers_to_honeypots_look_like_others_and_never_become_labels(
    overlap: int,
    review: bool,
    known: Callable[[int], list[LabelSet]],
    make_queue: Callable[..., Queue],
    api: Callable[..., Any],
    alice: User,
    bob: User,
    rita: User,
    answer: Callable[..., Any],
    box: Callable[..., dict[str, Any]],
    run_jobs: Callable[[], int],
    client_for: Callable[[User], Client],
) -> None:
    sets = known(2)
    queue = make_queue(6, overlap=overlap, review=review)
    items = set(queue.tasks.values_list("item", flat=True))
    assert honeypots.mix_in(queue, Caller(alice), 0.25) == 2
    assert queue.size == 8 == queue.tasks.count()
    assert set(queue.tasks.values_list("item", flat=True)) == items | {one.item_id for one in sets}
    assert set(Honeypot.objects.values_list("task__number", flat=True)) <= set(range(1, 7))
    seen: dict[bool, set[str]] = {True: set(), False: set()}
    for person in (bob, rita)[:overlap]:
        for _one in range(8):
            got = api(person).post(f"queues/{queue.uuid}/next", {}).json()
            task = Task.objects.get(uuid=got["task"]["id"])
            hidden = hasattr(task, "honeypot")
            assert set(got) == SHOWN and set(got["task"]) == {
                "id", "priority", "state", "flag", "reason", "position", "total",
            }  # fmt: skip
            assert (got["start"], got["prelabels"], got["task"]["reason"]) == (None, [], {})
            sent = api(person).post(f"tasks/{task.uuid}/submit", answer([box(40, 40)]))
            assert sent.status_code == 200
            seen[hidden].add(sent.json()["annotation"]["state"])
    assert seen[True] == seen[False]
    assert {row.task.state for row in Honeypot.objects.select_related("task")} == {"done"}
    for one in sets:
        assert LabelSet.objects.get(item=one.item, current=True) == one
    assert LabelSet.objects.count() == 2 + (0 if review else 6)
    if review:
        waiting = api(rita).post(f"queues/{queue.uuid}/review/next", {}).json()
        assert waiting["waiting"] == 6
    comparisons.begin(queue.project, alice)
    run_jobs()
    found = Comparison.objects.filter(task__honeypot__isnull=False, two=None)
    assert {one.username for one in User.objects.filter(pk__in=found.values("one"))} == {
        person.username for person in (bob, rita)[:overlap]
    }
    assert {(one.one_class, one.two_class) for one in found} == {(1, 0), (0, 1)}, "no box lies where the known one does"
    (agreed,) = client_for(bob).get(f"/p/{queue.project.name}/people/bob/").context["agreed"]
    (apart,) = [one for one in agreed["with"] if one["title"] == "honeypots"]
    assert (apart["value"], apart["count"]) == (0.0, 4), "said apart from what the answers led to"
    others = [(one["value"], one["count"]) for one in agreed["with"] if one is not apart]
    assert others == ([(1.0, 6)] if overlap == 2 else [])


def test_who_manages_queues_mixes_in_and_sees_them_and_nobody_else(
    known: Callable[[int], list[LabelSet]],
    make_queue: Callable[..., Queue],
    api: Callable[..., Any],
    client_for: Callable[[User], Client],
    project: Project,
    alice: User,
    bob: User,
) -> None:
    [one, other] = known(2)
    queue = make_queue(4)
    address, page = f"queues/{queue.uuid}/honeypots", f"/p/{project.name}/queues/{queue.uuid}/"
    assert api(bob).get(address).status_code == api(bob).post(address, {"rate": 0.2}).status_code == 403
    chosen = {"rate": 0.2, "filter": {"search": one.item.path}}
    assert api(alice).post(address, chosen).json() == {"mixed": 1}
    assert api(alice).post(address, chosen).json() == {"mixed": 0}
    [row] = api(alice).get(address).json()
    assert (row["item"], row["label_set"], row["answers"]) == (str(one.item.uuid), str(one.uuid), 0)
    assert "The queue has 1." in client_for(alice).get(page).content.decode()
    assert "oneypot" not in client_for(bob).get(page).content.decode()
    told = client_for(alice).post(f"{page}honeypots/", {"percent": "40"}, follow=True).content.decode()
    assert "1 honeypot mixed in" in told
    assert set(Honeypot.objects.values_list("label_set", flat=True)) == {one.pk, other.pk}
    assert Event.objects.filter(verb="queue.honeypots").count() == 2
    assert client_for(alice).post(f"{page}honeypots/", {"percent": "many"}).status_code == 400
    for wrong in (0.0, 0.6):
        assert api(alice).post(address, {"rate": wrong}).status_code == 400


def test_tasks_in_hand_keep_their_items_and_known_ones_may_run_out(
    known: Callable[[int], list[LabelSet]],
    make_queue: Callable[..., Queue],
    api: Callable[..., Any],
    alice: User,
    bob: User,
) -> None:
    queue = make_queue(3)
    with pytest.raises(BadInput, match="No item with a current label set"):
        honeypots.mix_in(queue, Caller(alice), 0.5)
    held = api(bob).post(f"queues/{queue.uuid}/next", {}).json()["task"]["id"]
    item = Task.objects.get(uuid=held).item_id
    known(5)
    assert honeypots.mix_in(queue, Caller(alice), 0.5) == 2
    assert Task.objects.get(uuid=held).item_id == item
    assert queue.tasks.filter(honeypot__isnull=False, uuid=held).count() == 0


def test_places_in_a_large_queue_are_found_at_random_numbers(
    known: Callable[[int], list[LabelSet]],
    make_queue: Callable[..., Queue],
    make_items: Callable[..., list[Item]],
    project: Project,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(honeypots, "FEW", 5)
    known(3)
    queue = make_queue(0)
    add_tasks(queue, Caller(alice), [TaskSpec(item, priority=7) for item in make_items(project, 27)])
    assert honeypots.mix_in(queue, Caller(alice), 0.1) == 3
    mixed = queue.tasks.filter(honeypot__isnull=False)
    assert mixed.count() == 3 and set(mixed.values_list("priority", flat=True)) == {7}
    assert set(queue.tasks.filter(number__gt=27).values_list("priority", flat=True)) == {7}
