"""Regions keep their identity: through re-imports, in the editor, and as pairs of two lists."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lode_annotation.identity import Thing, assigned, paired
from lode_annotation.models import LabelSet, Schema
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Item, Project, User
from motherlode.labeling_config import build
from motherlode.manifest import canonical
from motherlode.regions import Texts
from motherlode.shapes.box import iou

pytestmark = pytest.mark.django_db
SEVERAL = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(16, 32).map(lambda whole: whole / 32), max_size=14
)


def largest(weights: dict[tuple[int, int], float]) -> float:
    """The largest sum of weights one to one, by trying every way."""
    return max(
        sum(weights.get((left, right), 0.0) for left, right in enumerate(order)) for order in permutations(range(5))
    )


@pytest.mark.once
@settings(max_examples=150)
@given(SEVERAL)
def test_the_pairs_taken_have_the_largest_sum_of_all_ways(weights: dict[tuple[int, int], float]) -> None:
    found = assigned(weights)
    assert len({left for left, _ in found}) == len({right for _, right in found}) == len(found)
    assert set(found) <= set(weights)
    assert sum(weights[pair] for pair in found) == largest(weights)
    assert assigned(dict(reversed(weights.items()))) == found


@pytest.mark.once
def test_same_boxes_come_first_then_the_class_then_the_place_alone() -> None:
    def box(x: float, class_id: int = 1) -> Thing:
        return Thing(class_id, (x, 0.0, x + 10, 10.0))

    assert paired([box(0), box(100)], [box(101), box(0)]) == {0: 1, 1: 0}
    assert paired([box(0), box(2, 2)], [box(2), box(0, 2)]) == {0: 0, 1: 1}
    assert paired([box(0)], [box(1, 2)]) == {0: 0}
    assert paired([box(0)], [box(4)]) == {}
    assert paired([box(0)], [box(1), box(0)]) == {1: 0}
    assert paired([box(0), box(0)], [box(0), box(0), box(0)]) == {0: 0, 1: 1}
    assert paired([Thing(1, None)], [Thing(2, None)]) == {0: 0}
    assert paired([Thing(1, None), Thing(2, None)], [Thing(2, None), Thing(3, None)]) == {0: 1}
    assert iou((0.0, 0.0, 10.0, 10.0), (5.0, 0.0, 15.0, 10.0)) == pytest.approx(1 / 3)


@pytest.mark.once
def test_hundreds_of_boxes_that_all_overlap_keep_their_order() -> None:
    before = [Thing(1, (n / 10, 0.0, 1000 + n / 10, 10.0)) for n in range(300)]
    after = [Thing(1, (n / 10 + 0.03, 0.0, 1000.03 + n / 10, 10.0)) for n in range(300)]
    assert paired(before, after) == {place: place for place in range(300)}


# -- imports -----------------------------------------------------------------------------------------------------------

Import = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def bring(send: Callable[..., dict[str, Any]], project: Project, make_items: Callable[..., list[Item]]) -> Import:
    """Imports boxes (label, x, y, right, bottom) of one picture and gives the regions held true afterwards."""
    (item,) = make_items(project, 1, width=1000, height=1000)

    def go(*boxes: tuple[Any, ...], **opening: Any) -> list[dict[str, Any]]:
        regions = [{"kind": "box", "label": label, "box": list(box)} for label, *box in boxes]
        job = send({"path": item.path, "labelled": True, "file": "a.xml", "regions": regions}, **opening)
        assert job["state"] == "succeeded", job["error"]
        return list(LabelSet.objects.current().get(item=item, schema__name=opening.get("schema", "cells")).said)

    return go


def ids(regions: list[dict[str, Any]]) -> list[str]:
    return [region["id"] for region in regions]


def test_a_moved_box_and_one_of_another_class_keep_their_ids_over_an_import(bring: Import) -> None:
    first = bring(("a", 0, 0, 100, 100), ("a", 200, 200, 300, 300), ("b", 500, 500, 600, 600))
    again = bring(("b", 501, 500, 601, 600), ("a", 2, 2, 102, 102), ("b", 200, 200, 300, 300), ("a", 700, 0, 800, 9))
    assert ids(again)[:3] == [first[2]["id"], first[0]["id"], first[1]["id"]]
    assert ids(again)[3] not in ids(first)
    assert [region["class_id"] for region in again] == [2, 1, 2, 1]


def test_relations_stay_with_their_regions_over_an_import_and_an_answer(
    bring: Import, send: Callable[..., dict[str, Any]], api: Any, bob: User, alice: User, project: Project, answer: Any
) -> None:
    first = ids(bring(("a", 0, 0, 100, 100), ("a", 200, 200, 300, 300), ("b", 500, 500, 600, 600)))
    links = [{"id": f"r{n}", "from": first[0], "to": first[n]} for n in (1, 2)]
    LabelSet.objects.current().update(relations=links)
    item = project.items.get()
    boxes = [{"label": "a", "box": box} for box in ([2, 2, 102, 102], [200, 200, 300, 300])]
    job = send({"path": item.path, "labelled": True, "file": "a.xml", "regions": boxes})
    assert LabelSet.objects.current().get().relations == links[:1]
    [note] = job["result"]["notes"]
    assert note["what"] == f"1 relation is gone from {item.path} with a region at one end (r2)"

    queue = create_queue(project, Caller(alice), name="again", schema=Schema.objects.get())
    add_tasks(queue, Caller(alice), [TaskSpec(item=item)])
    task = api(bob).post(f"queues/{queue.uuid}/next").json()
    assert task["start"][-1] == {
        **{"type": "relation", "from_id": first[0], "to_id": first[1]},
        **{"direction": "right", "labels": []},
    }
    sent = answer(task["start"], next=False)
    assert api(bob).post(f"tasks/{task['task']['id']}/submit", sent).status_code == 200
    held = LabelSet.objects.current().get()
    assert (held.source, held.relations) == ("annotation", links[:1])
    assert held.digest == Texts(*(canonical(getattr(held, name)) for name in Texts._fields)).digest


def test_an_id_once_used_in_an_item_is_never_given_to_another_region(bring: Import) -> None:
    (there,) = bring(("a", 0, 0, 100, 100))
    (moved,) = bring(("a", 30, 0, 130, 100))
    assert moved["id"] == there["id"]
    stayed, new = bring(("a", 30, 0, 130, 100), ("a", 0, 0, 100, 100))
    assert stayed["id"] == moved["id"] != new["id"]
    (gone,) = bring(("a", 900, 900, 950, 950))
    (back,) = bring(("a", 0, 0, 100, 100))
    assert len({there["id"], new["id"], gone["id"], back["id"]}) == 4
    (other,) = bring(("a", 0, 0, 100, 100), schema="other")
    assert other["id"] not in {there["id"], new["id"], back["id"]}


def test_the_same_regions_in_another_order_change_nothing(bring: Import) -> None:
    one, two = ("a", 0, 0, 100, 100), ("b", 200, 0, 300, 100)
    bring(one, two)
    bring(two, one)
    assert LabelSet.objects.count() == 1


def test_the_same_imports_one_after_the_other_give_the_same_ids_on_any_server(
    bring: Import, send: Callable[..., dict[str, Any]], project: Project
) -> None:
    steps = [
        [("a", 0, 0, 100, 100), ("a", 0, 0, 100, 100), ("a", 5, 0, 105, 100)],
        [("a", 2, 0, 102, 100), ("a", 0, 1, 100, 101), ("b", 0, 0, 100, 100)],
        [("a", 300, 0, 400, 100), ("a", 0, 0, 100, 100)],
    ]
    first = [bring(*step) for step in steps]
    LabelSet.objects.all().delete()
    assert [bring(*step) for step in steps] == first


# -- the editor --------------------------------------------------------------------------------------------------------


def test_choices_keep_their_ids_while_others_come_and_go(
    api: Callable[..., Any],
    bob: User,
    alice: User,
    project: Project,
    make_items: Callable[..., list[Item]],
    answer: Callable[..., Any],
) -> None:
    config = build(["cat", "dog", "fox"], "classes").replace('choice="single"', 'choice="multiple"')
    schema = create_schema(project, Caller(alice), name="what", config=config)
    queue = create_queue(project, Caller(alice), name="what", schema=schema)
    add_tasks(queue, Caller(alice), [TaskSpec(item=item) for item in make_items(project, 1)])
    program = api(bob)
    task = program.post(f"queues/{queue.uuid}/next").json()
    control = task["config"]["controls"][0]

    def choose(entry: str, *labels: str) -> dict[int, str]:
        chosen = {"id": entry, "type": "choices", "from_name": control["name"], "to_name": control["to_name"]}
        body = answer([{**chosen, "value": {"choices": list(labels)}}])
        got = program.post(f"tasks/{task['task']['id']}/submit", body)
        assert got.status_code == 200, got.content
        return {region["class_id"]: region["id"] for region in LabelSet.objects.current().get().said}

    both = choose("x", "cat", "dog")
    assert both[1] == "x" != both[2]
    assert choose("x", "dog") == {2: both[2]}  # under the entry that was the cat's
    three = choose(both[2], "dog", "fox")
    assert three[2] == both[2] and three[3] not in both.values()
