"""Assistants that learn from accepted labels, on real pictures: what they learn and answer, and when."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from xml.etree import ElementTree

import numpy as np
import pytest
from django.core.cache import cache
from django.db import connection
from django.forms import model_to_dict
from django.test.utils import CaptureQueriesContext
from tests.stored import root

from lode_annotation.assist import clicking, keeping, prelabelling, saving, standing, teaching, training
from lode_annotation.assist.models import AssistantModel, AssistantUse
from lode_annotation.assist.trees import Forest
from lode_annotation.label_sets import fields_of
from lode_annotation.models import Annotation, AnnotationRevision, LabelSet, Queue, Schema, Task
from lode_annotation.queues import TaskSpec, add_tasks, create_queue
from lode_annotation.schemas import latest
from lode_platform import items as item_verbs
from lode_platform.callers import Caller
from lode_platform.models import Item, Job, Project, User
from lode_platform.store import store
from motherlode.media import Image
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


_learned: list[tuple[dict[str, Any], bytes]] = []
"""What the first test that trains has learned, for the others: the labels are the same each time."""
REFERENCES = ("id", "schema", "schema_revision", "job", "created_by", "last_label_set")


@pytest.fixture
def trained(lab: Lab, api: Callable[..., Any], erin: User, run_jobs: Callable[[], int]) -> Lab:
    """The lab, its assistants trained."""
    if not _learned:
        answer = api(erin).post(f"schemas/{lab.schema.uuid}/assistants/train")
        assert answer.status_code == 202, answer.content
        run_jobs()
        assert Job.objects.get().state == "succeeded", Job.objects.get().error
        for row in AssistantModel.objects.order_by("pk"):
            own = {name: value for name, value in model_to_dict(row).items() if name not in REFERENCES}
            _learned.append((own, (root() / f"{keeping.FOLDER}/{row.arrays}").read_bytes()))
        return lab
    last = LabelSet.objects.latest("pk").pk
    for own, arrays in _learned:
        store().backend.put(f"{keeping.FOLDER}/{own['arrays']}", [arrays])
        refs = {"schema": lab.schema, "schema_revision": latest(lab.schema), "last_label_set": last}
        AssistantModel.objects.create(**own, **refs)
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
    held = [one for one in labels.select_related("item__blob") if teaching.held_out(one.item)]
    assert row.held_out == sum(len(one.regions) for one in held) > standing.HELD_OUT
    assert row.label_sets == labels.count() - len(held) and row.last_label_set == labels.latest("pk").pk
    assert row.regions == sum(len(one.regions) for one in labels) - row.held_out


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


def test_what_was_learned_is_kept_as_plain_arrays_that_say_what_scikit_learn_says(trained: Lab) -> None:
    for row in AssistantModel.objects.all():
        with np.load(root() / f"{keeping.FOLDER}/{row.arrays}", allow_pickle=False) as file:
            assert {file[name].dtype.kind for name in file.files} <= set("iuf")
    rng = np.random.default_rng(5)
    features = rng.normal(size=(300, 40)).astype(np.float32)
    numbers, classes = features[:, :3] * 2 + 1, (features[:, 0] > 0).astype(int) + (features[:, 1] > 1)
    asked = rng.normal(size=(200, 40)).astype(np.float32)
    for kind, wanted, verb in (("Regressor", numbers, "predict"), ("Classifier", classes, "predict_proba")):
        theirs = clicking.fitted(kind, features, wanted)
        ours = Forest.of(theirs)
        again = Forest.kept(ours.arrays("f"), "f")
        np.testing.assert_allclose(again.predict(asked), getattr(theirs, verb)(asked), rtol=1e-6, atol=1e-7)


def test_it_is_off_while_switched_off_and_while_worse_than_the_median_box(
    trained: Lab, api: Any, erin: User, bob: User
) -> None:
    task, click = trained.open_tasks()[0], {"control": "label", "label": "RBC", "x": 100, "y": 100}
    address = f"schemas/{trained.schema.uuid}/assistants/click"
    assert api(erin).patch(address, {"on": False}).json()["state"] == "off"
    answer = api(bob).post(f"tasks/{task.uuid}/assist", click)
    assert (answer.status_code, answer.json()["code"]) == (409, "assist_off") and "switched off" in answer.json()[
        "error"
    ]
    assert api(erin).patch(address, {"on": True}).json()["state"] == "on"
    assert api(bob).post(f"tasks/{task.uuid}/assist", click).status_code == 200

    AssistantModel.objects.filter(assistant="click").update(accuracy=0.6, trivial=0.61)
    said = api(bob).post(f"queues/{trained.queue.uuid}/assist").json()
    assert said["on"] is False and "not better than the trivial guess yet (0.600 against 0.610)" in said["reason"]
    assert api(bob).post(f"tasks/{task.uuid}/assist", click).json()["code"] == "assist_off"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"control": "nothing"}, "control"), ({"label": "cat"}, "label"), ({"x": 9000}, "x"), ({"page": 3}, "page")],
)
def test_a_click_that_cannot_be_is_refused_by_name(
    lab: Lab, api: Any, bob: User, wrong: dict[str, Any], field: str
) -> None:
    click = {"control": "label", "label": "RBC", "x": 1, "y": 1, **wrong}
    answer = api(bob).post(f"tasks/{lab.open_tasks()[0].uuid}/assist", click)
    assert (answer.status_code, answer.json().get("field")) == (400, field), answer.content


def test_open_tasks_are_pre_labelled_but_for_those_to_compare_with(
    trained: Lab, api: Any, erin: User, bob: User, run_jobs: Callable[[], int]
) -> None:
    for number, task in enumerate(trained.open_tasks()):
        Task.objects.filter(pk=task.pk).update(uuid=UUID(int=number))  # which are left out follows from it
    tasks = trained.open_tasks()
    api(bob).post(f"tasks/{tasks[0].uuid}/open")
    started = api(erin).post(f"queues/{trained.queue.uuid}/prelabels")
    assert started.status_code == 202, started.content
    run_jobs()
    job = Job.objects.get(uuid=started.json()["uuid"])
    assert job.state == "succeeded", job.error
    right = found = 0
    for task in trained.open_tasks():
        assert bool(task.prelabels) != prelabelling.is_left_out(task)
        for entry in task.prelabels:
            assert entry["model_version"].startswith("find ") and 0 < entry["score"] <= 1
            box = DEFAULT.from_result(entry["value"], Image(640, 480))
            found += 1
            right += any(iou(list(box), one) >= 0.5 for _label, one in trained.truth[task.item.path])
    assert found > 20 and right > found / 2
    helped = AssistantUse.objects.filter(user=None, assistant="find").count()
    assert job.result["tasks"] == helped == OPEN - sum(map(prelabelling.is_left_out, tasks)) < OPEN
    assert api(bob).post(f"tasks/{tasks[0].uuid}/open").json()["prelabels"] == trained.open_tasks()[0].prelabels


def test_time_saved_is_said_from_thirty_tasks_of_each_sort_on(
    lab: Lab, bob: User, alice: User, make_items: Callable[..., list[Item]], project: Project
) -> None:
    queue = create_queue(project, Caller(alice), name="timed", schema=lab.schema)
    add_tasks(queue, Caller(alice), [TaskSpec(item=item) for item in make_items(project, 60)])
    tasks = list(Task.objects.filter(queue=queue).order_by("number"))
    for number, task in enumerate(tasks):
        helped = number % 2 == 0
        if helped:
            AssistantUse.objects.create(task=task, user=bob, assistant="click")
        answer = Annotation.objects.create(task=task, user=bob, schema_revision=queue.schema_revision, state="accepted")
        if number == 59:
            assert not saving.saving(lab.schema, "click").shown
        AnnotationRevision.objects.create(
            annotation=answer,
            number=1,
            operation_id=uuid4(),
            author=bob,
            state="accepted",
            lead_time=6.0 if helped else 10.0,
        )
    found = saving.saving(lab.schema, "click")
    assert (found.assisted, found.unassisted, found.with_help, found.without) == (30, 30, 6.0, 10.0)
    assert found.share == pytest.approx(0.4)
    assert saving.saving(lab.schema, "find") == saving.Saving(0, 60)


def test_the_page_says_what_was_learned_and_its_queries_do_not_grow(
    trained: Lab, client_for: Any, victor: User, erin: User, charlie: User, run_jobs: Callable[[], int]
) -> None:
    address = f"/p/{trained.schema.project.name}/schemas/{trained.schema.name}/assist/"
    client = client_for(erin)

    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200
        return len(queries)

    before = counted()
    page = client.get(address).content.decode()
    row = AssistantModel.objects.get(assistant="click")
    for said in (
        f"{row.accuracy:.3f}",
        f"median box of the class: {row.trivial:.3f}",
        str(row.label_sets),
        "Train again",
    ):
        assert said in page
    assert "Time saved is shown after 30 tasks" in page
    assert client.post(f"{address}change/").status_code == 302
    run_jobs()
    assert AssistantModel.objects.count() == 4
    assert counted() == before
    assert "Train again" not in client_for(victor).get(address).content.decode()
    assert client_for(charlie).get(address).status_code == 404


def test_new_labels_make_it_learn_again_when_it_is_asked(trained: Lab, api: Any, bob: User, alice: User) -> None:
    cache.clear()
    address = f"queues/{trained.queue.uuid}/assist"
    assert api(bob).post(address).json()["on"] is True
    before = Job.objects.count()
    rows = list(LabelSet.objects.current().filter(schema=trained.schema)[: training.FRESH])
    for row in rows:
        LabelSet.objects.filter(pk=row.pk).update(current=False)
        row.pk, row.uuid = None, uuid4()
        row.save()
    api(bob).post(address)
    assert Job.objects.count() == before  # it looked a moment ago
    cache.clear()
    api(bob).post(address)
    assert Job.objects.filter(verb=standing.VERB, state="queued").count() == 1


def test_too_few_labels_are_said_to_be_too_few(
    project: Project, schema: Schema, api: Any, erin: User, run_jobs: Callable[[], int]
) -> None:
    started = api(erin).post(f"schemas/{schema.uuid}/assistants/train")
    run_jobs()
    job = Job.objects.get(uuid=started.json()["uuid"])
    assert (job.state, job.error) == ("failed", "There are 0 labelled regions to learn from; 50 are needed.")
