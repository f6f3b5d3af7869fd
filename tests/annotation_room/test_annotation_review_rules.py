"""Which answers wait for a reviewer, by the rule of their queue."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.annotation_room.moods import MOOD, mood

from lode_annotation import review_rules
from lode_annotation.models import Annotation, LabelSet, Queue, Task
from lode_annotation.review_rules import Given
from lode_annotation.schemas import create_schema
from lode_platform.callers import Caller
from lode_platform.models import Project, User
from motherlode.controls import Control
from motherlode.regions import Region

CELLS = [Control(name="label", kind="box", to_name="image", class_ids={"RBC": 1, "WBC": 2})]


def box(x: float, class_id: int = 1) -> Region:
    return Region(f"{x}", "box", class_id, "RBC" if class_id == 1 else "WBC", (x, 0.0, x + 10, 10.0), control="label")


def given(*answers: list[Region], task: int = 1) -> Given:
    return Given(task, ["bob", "erin"][: len(answers)], CELLS, answers)


def test_a_share_is_of_the_tasks_and_the_same_ones_each_time() -> None:
    asked = [number for number in range(2000) if review_rules.asks({"share": 0.2}, given([], task=number))]
    assert 340 < len(asked) < 460
    assert asked == [number for number in range(2000) if review_rules.asks({"share": 0.2}, given([], task=number))]
    assert review_rules.asks({"share": 1.0}, given([])) and review_rules.asks({}, given([]))


def test_agreement_is_of_what_is_said_in_the_same_place_with_the_same_class() -> None:
    same = [box(0), box(50)]
    assert not review_rules.asks({"agreement": 1.0}, given(same, same))
    assert not review_rules.asks({"agreement": 0.5}, given(same, [box(0), box(50, 2)]))
    assert review_rules.asks({"agreement": 0.6}, given(same, [box(0), box(50, 2)]))
    assert not review_rules.asks({"agreement": 0.6}, given(same, [box(0)])), "F1 2/3"
    assert not review_rules.asks({"agreement": 1.0}, given([], [])) and not review_rules.asks(
        {"agreement": 1.0}, given([])
    )


def test_people_and_labels() -> None:
    assert review_rules.asks({"people": ["erin"]}, given([], [])) and not review_rules.asks(
        {"people": ["erin"]}, given([])
    )
    assert review_rules.asks({"labels": ["WBC"]}, given([], [box(0, 2)]))
    assert not review_rules.asks({"labels": ["WBC"]}, given([box(0)], []))


@pytest.mark.django_db
def test_an_answer_that_the_rule_does_not_ask_for_becomes_labels_at_once(
    alice: User, bob: User, erin: User, project: Project, says: Callable[..., Any], make_queue: Callable[..., Queue]
) -> None:
    schema = create_schema(project, Caller(alice), name="moods", config=MOOD)
    queue = make_queue(3, schema=schema, review_rule={"labels": ["wild"]})
    assert queue.review
    assert says(bob, queue, mood("calm"))["state"] == "accepted"
    assert says(bob, queue, mood("wild"))["state"] == "submitted"
    assert says(bob, queue, [])["state"] == "accepted"
    assert [task.state for task in Task.objects.order_by("number")] == ["done", "submitted", "done"]
    assert LabelSet.objects.count() == 2
    several = make_queue(2, schema=schema, overlap=2, review_rule={"agreement": 1.0})
    for words in (("calm", "calm"), ("calm", "wild")):
        for user, word in zip((bob, erin), words, strict=True):
            says(user, several, mood(word))
    assert [task.state for task in several.tasks.order_by("number")] == ["done", "submitted"]
    assert set(Annotation.objects.filter(task__queue=several).values_list("state", flat=True)) == {"submitted"}


@pytest.mark.django_db
def test_a_rule_is_chosen_over_rest_and_on_the_page_and_refused_by_name(
    api: Callable[..., Any], client_for: Callable[[User], Client], erin: User, project: Project, schema: Any
) -> None:
    address = f"projects/{project.name}/queues"
    wrong = [{"share": 0}, {"share": True}, {"agreement": 2}, {"people": ["nobody"]}, {"labels": []}, {"x": 1}, [1]]
    for rule in [*wrong, {"share": 0.5, "labels": ["RBC"]}]:
        got = api(erin).post(address, {"name": "q", "schema": "cells", "review_rule": rule})
        assert got.status_code == 400 and got.json()["field"] == "review_rule", rule
    made = api(erin).post(address, {"name": "q", "schema": "cells", "review_rule": {"people": ["erin"]}})
    assert made.status_code == 201 and made.json()["review"] and made.json()["review_rule"] == {"people": ["erin"]}
    uuid = made.json()["uuid"]
    changed = api(erin).client.patch(f"/api/v1/queues/{uuid}", {"review_rule": {}}, content_type="application/json")
    assert changed.json()["review_rule"] == {} and changed.json()["review"]
    client = client_for(erin)
    form = {"name": "p", "schema": "cells", "review": "share", "review_of": "20 %", "overlap": 1}
    page = client.post(f"/p/{project.name}/queues/new/", form, follow=True)
    assert Queue.objects.get(name="p").review_rule == {"share": 0.2}
    assert "20 % of the tasks are reviewed" in page.content.decode()
    refused = client.post(f"/p/{project.name}/queues/new/", {**form, "name": "r", "review_of": "many"})
    assert refused.status_code == 400 and "above 0 and at most 1" in refused.content.decode()
