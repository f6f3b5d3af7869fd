"""Assistants that learn from accepted labels, on real pictures: what they learn and answer, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from lode_annotation.assist import standing, teaching
from lode_annotation.assist.models import AssistantModel, AssistantUse
from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Queue, Schema, Task
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import latest
from lode_platform import items as item_verbs
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User
from lode_platform.store import store
from motherlode.regions import Region
from motherlode.shapes import DEFAULT

PICTURES = 30
OPEN = 6


@dataclass
class Lab:
    """A project of blood cells, most pictures labelled, a queue of the others; ``truth`` holds the boxes of these."""

    schema: Schema
    queue: Queue
    truth: dict[str, list[tuple[str, list[float]]]]

    def open_tasks(self) -> list[Task]:
        return list(Task.objects.filter(queue=self.queue).select_related("item").order_by("number"))


def boxes_of(path: Path) -> list[tuple[str, list[float]]]:
    found = []
    for one in ElementTree.parse(path).getroot().iter("object"):
        box = [float(one.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
        if box[2] > box[0] and box[3] > box[1]:
            found.append((one.findtext("name") or "", box))
    return found


@pytest.fixture
def lab(test_data: Path, project: Project, schema: Schema, alice: User) -> Lab:
    root = test_data / "bccd"
    names = (root / "splits" / "trainval.txt").read_text().split()[: PICTURES + OPEN]
    specs = []
    for name in names:
        blob = store().add_bytes((root / "images" / f"{name}.jpg").read_bytes())
        specs.append(item_verbs.ItemSpec(path=f"{name}.jpg", md5=blob.md5, sha256=blob.sha256))
    item_verbs.add_items(project, Caller(alice), specs, trusted=True)
    items = {item.path: item for item in Item.objects.filter(project=project)}
    revision = latest(schema)
    numbers = {name: number for number, name in revision.class_names.items()}
    truth = {f"{name}.jpg": boxes_of(root / "voc" / f"{name}.xml") for name in names}
    for name in names[:PICTURES]:
        said = [
            Region(str(uuid4()), DEFAULT.kind, numbers[label], label, tuple(box), control="label")
            for label, box in truth[f"{name}.jpg"]
        ]
        own = {"item": items[f"{name}.jpg"], "schema": schema, "schema_revision": revision, "created_by": alice}
        LabelSet.objects.create(source="import", **own, **fields_of(said))
    queue = create_queue(project, Caller(alice), name="rest", schema=schema)
    add_tasks(queue, Caller(alice), [TaskSpec(item=items[f"{name}.jpg"]) for name in names[PICTURES:]])
    return Lab(schema, queue, truth)


@pytest.fixture
def trained(lab: Lab, api: Callable[..., Any], erin: User, run_jobs: Callable[[], int]) -> Lab:
    answer = api(erin).post(f"schemas/{lab.schema.uuid}/assistants/train")
    assert answer.status_code == 202, answer.content
    run_jobs()
    assert Job.objects.get().state == "succeeded", Job.objects.get().error
    return lab


def iou(one: list[float], two: list[float]) -> float:
    return DEFAULT.similarity(tuple(one), tuple(two))


def test_what_is_learned_beats_the_median_box_and_says_what_it_learned_from(
    trained: Lab, api: Any, victor: User
) -> None:
    click, find = api(victor).get(f"schemas/{trained.schema.uuid}/assistants").json()
    assert (click["state"], find["state"]) == ("on", "on"), (click, find)
    assert click["model"]["accuracy"] > click["model"]["trivial"] + 0.02 > 0.5
    row = AssistantModel.objects.get(assistant="click")
    labels = LabelSet.objects.current().filter(schema=trained.schema)
    assert row.label_sets == labels.count() and row.last_label_set == labels.latest("pk").pk
    assert row.regions == sum(len(one.regions) for one in labels)
    held = sum(len(one.regions) for one in labels.select_related("item") if teaching.held_out(one.item))
    assert row.held_out == held > standing.HELD_OUT


def test_a_click_is_answered_by_the_box_that_it_means(trained: Lab, api: Any, bob: User) -> None:
    program, overlaps = api(bob), []
    for task in trained.open_tasks():
        for label, box in trained.truth[task.item.path]:
            point = {"x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2}
            answer = program.post(f"tasks/{task.uuid}/assist", {"control": "label", "label": label, **point})
            assert answer.status_code == 200, answer.content
            [region] = answer.json()["result"]
            assert region["value"]["rectanglelabels"] == [label] and region["model_version"].startswith("click ")
            size = [region["original_width"], region["original_height"]]
            x, y, width, height = (region["value"][name] / 100 for name in ("x", "y", "width", "height"))
            found = [x * size[0], y * size[1], (x + width) * size[0], (y + height) * size[1]]
            overlaps.append(iou(found, box))
    assert sorted(overlaps)[len(overlaps) // 2] > 0.7
    assert AssistantUse.objects.filter(user=bob, assistant="click").count() == OPEN
