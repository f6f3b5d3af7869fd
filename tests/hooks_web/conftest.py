"""Worlds with real evaluations: COCO-100 on pictures of the right sizes, and a small one of cells."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from tests.conftest import blood, member, person
from tests.keeping import kept

from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Schema
from lode_annotation.schemas import latest, schema_for_labels
from lode_datasets import selection
from lode_datasets.models import Dataset, Version
from lode_datasets.publish import publish
from lode_hooks.evaluations import evaluate, predictions, runs
from lode_hooks.models import Evaluation, PredictionSet, Run
from lode_platform import items as items_module
from lode_platform.callers import Caller
from lode_platform.jobs import run_pending
from lode_platform.models import Item, Project, Role, User
from lode_platform.store import store
from motherlode.regions import Region, region_ids

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Truth:
    """A truth: label, xyxy in pixels (None: of the whole picture), COCO's area and crowd flag."""

    label: str
    box: Box | None = None
    area: float | None = None
    crowd: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture with its truths; None for an unlabelled one."""

    path: str
    width: int
    height: int
    split: str
    truths: Sequence[Truth] | None
    data: bytes = b""


@dataclass
class World:
    """A dataset in a project, and ways to publish it and to log runs on it."""

    project: Project
    user: User
    dataset: Dataset
    schema: Schema
    items: dict[str, Item] = field(default_factory=dict)

    def label(self, pictures: Sequence[Picture]) -> None:
        """Makes these truths the current label sets of their items."""
        revision = latest(self.schema)
        ids = {row["name"]: row["id"] for row in revision.classes}
        for picture in pictures:
            if picture.truths is None:
                continue
            names = region_ids(picture.path, [(t.label, "box" if t.box else "choice", t.box) for t in picture.truths])
            regions = [
                Region(name, "box" if t.box else "choice", ids[t.label], t.label, t.box, t.area, t.crowd)
                for name, t in zip(names, picture.truths, strict=True)
            ]
            item = self.items[picture.path]
            LabelSet.objects.filter(item=item, schema=self.schema).update(current=False)
            LabelSet.objects.create(
                item=item,
                schema=self.schema,
                schema_revision=revision,
                source=LabelSet.Source.IMPORT,
                created_by=self.user,
                **fields_of(regions),
            )

    def correct(self, path: str, *truths: tuple[str, Box]) -> None:
        """Says that these are the truths of an item now."""
        item = self.items[path]
        told = [Truth(label, box) for label, box in truths]
        self.label([Picture(path, item.width, item.height, "", told)])

    def publish(self, message: str) -> Version:
        version, _job = publish(self.dataset, self.user, message=message)
        run_pending()
        version.refresh_from_db()
        assert version.state == Version.State.PUBLISHED
        return version

    def run(self, name: str, version: Version, **more: Any) -> Run:
        uses = [runs.Use(version, "train", "training")]
        made = runs.start(self.project, self.user, name=name, uses=uses, **more)
        return runs.change(made, self.user, state="finished")

    def predict(
        self,
        run: Run,
        version: Version,
        split: str,
        found: Mapping[str, Sequence[tuple[str | int, Box, float]]],
        *,
        out_of_fold: bool = False,
    ) -> PredictionSet:
        sent = predictions.start(run, self.user, version=version, split=split, task="boxes", out_of_fold=out_of_fold)
        lines = [
            {
                "path": path,
                "boxes": [list(box) for _label, box, _score in boxes],
                "labels": [label for label, _box, _score in boxes],
                "scores": [score for _label, _box, score in boxes],
            }
            for path, boxes in found.items()
        ]
        predictions.receive(sent, 0, "\n".join(json.dumps(line) for line in lines).encode())
        return predictions.finish(sent, self.user)

    def classify(
        self, run: Run, version: Version, split: str, said: Mapping[str, Mapping[str, float]]
    ) -> PredictionSet:
        """Sends probabilities of whole pictures."""
        sent = predictions.start(run, self.user, version=version, split=split, task="classes")
        lines = [{"path": path, "probabilities": dict(shares)} for path, shares in said.items()]
        predictions.receive(sent, 0, "\n".join(json.dumps(line) for line in lines).encode())
        return predictions.finish(sent, self.user)

    def evaluate(self, sent: PredictionSet, version: Version | None = None) -> Evaluation:
        evaluation = evaluate.request_evaluation(sent, self.user, version=version)
        run_pending()
        evaluation.refresh_from_db()
        assert evaluation.state == Evaluation.State.READY, evaluation.job and evaluation.job.error
        return evaluation


def plain(picture: Picture) -> bytes:
    """A picture of the right size with a shape where each truth is."""
    seed = sum(picture.path.encode())
    image = Image.new("RGB", (picture.width, picture.height), (60 + seed % 60, 70 + seed % 50, 80 + seed % 40))
    draw = ImageDraw.Draw(image)
    for truth in picture.truths or ():
        if truth.box is None:
            continue
        tone = 90 + 13 * (sum(truth.label.encode()) % 12)
        draw.ellipse(truth.box, fill=(tone, 255 - tone, 140))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def build(
    project: Project, user: User, name: str, labels: Sequence[str], pictures: Sequence[Picture], task: str = "boxes"
) -> World:
    """Items with bytes, their label sets, and a dataset of them; nothing is published yet."""
    blobs = store().add_many([picture.data or plain(picture) for picture in pictures])
    specs = [
        items_module.ItemSpec(path=picture.path, md5=blob.md5, sha256=blob.sha256)
        for picture, blob in zip(pictures, blobs, strict=True)
    ]
    report = items_module.add_items(project, Caller(user), specs, trusted=True)
    assert not report.problems, report.problems
    schema = schema_for_labels(project, Caller(user), name=name, labels=labels, task=task)
    dataset = selection.create_dataset(project, user, name=name, schema=schema)
    world = World(project, user, dataset, schema)
    world.items = {item.path: item for item in Item.objects.filter(project=project)}
    world.label(pictures)
    splits = {world.items[p.path].uuid: p.split for p in pictures}
    selection.add_items(dataset, [world.items[p.path] for p in pictures], splits=splits)
    return world


@dataclass(frozen=True)
class Coco:
    """COCO-100, published and scored."""

    world: World
    version: Version
    run: Run
    evaluation: Evaluation


def build_coco(folder: Path, project: Project, user: User) -> Coco:
    """COCO-100: 100 pictures, 839 annotations, 734 detections."""
    truth = json.loads((folder / "instances_val2014_100.json").read_text())
    found = json.loads((folder / "instances_val2014_fakebbox100_results.json").read_text())
    names = {row["id"]: row["name"] for row in truth["categories"]}

    def xyxy(box: Sequence[float]) -> Box:
        x, y, w, h = box
        return (x, y, x + w, y + h)

    truths: dict[int, list[Truth]] = {}
    for row in truth["annotations"]:
        made = Truth(names[row["category_id"]], xyxy(row["bbox"]), row["area"], bool(row["iscrowd"]))
        truths.setdefault(row["image_id"], []).append(made)
    images = {row["id"]: row for row in truth["images"]}
    pictures = [
        Picture(row["file_name"], row["width"], row["height"], "val", truths.get(key, []))
        for key, row in images.items()
    ]
    world = build(project, user, "coco100", list(names.values()), pictures)
    version = world.publish("ground truth")
    run = world.run("fakebox", version)
    boxes: dict[str, list[tuple[str | int, Box, float]]] = {row["file_name"]: [] for row in images.values()}
    for row in found:
        boxes[images[row["image_id"]]["file_name"]].append((names[row["category_id"]], xyxy(row["bbox"]), row["score"]))
    evaluation = world.evaluate(world.predict(run, version, "val", boxes))
    return Coco(world, version, run, evaluation)


@pytest.fixture
def coco(test_data: Path, home: Path, project: Project, erin: User) -> Coco:
    return build_coco(test_data / "coco100", project, erin)


@dataclass(frozen=True)
class Cells:
    """Two runs on a small dataset of cells, with out-of-fold train and pool predictions to mine from."""

    world: World
    version: Version
    first: Run
    second: Run
    before: Evaluation
    after: Evaluation
    folds: Evaluation


LABELS = ("RBC", "WBC", "Platelets")


def cell_pictures(split: str, count: int, labelled: bool = True) -> list[Picture]:
    """Pictures of 160 x 120 with four cells each, all of one kind but one."""
    pictures = []
    for number in range(count):
        truths = [
            Truth(LABELS[(number + place) % 3 if place == 3 else 0], cell_box(number, place)) for place in range(4)
        ]
        pictures.append(Picture(f"{split}/{number:03d}.png", 160, 120, split, truths if labelled else None))
    return pictures


def cell_box(number: int, place: int) -> Box:
    left, top = 8 + 76 * (place % 2) + number % 7, 6 + 58 * (place // 2) + number % 5
    return (left, top, left + 40.0, top + 36.0)


def seen(pictures: Sequence[Picture], mistakes: int) -> dict[str, list[tuple[str | int, Box, float]]]:
    """What a run says of these pictures: right but for ``mistakes`` in every ten."""
    said: dict[str, list[tuple[str | int, Box, float]]] = {}
    for number, picture in enumerate(pictures):
        boxes: list[tuple[str | int, Box, float]] = []
        for place in range(4):
            label = LABELS[(number + place) % 3 if place == 3 else 0]
            x1, y1, x2, y2 = cell_box(number, place)
            score = 0.55 + ((number * 7 + place * 3) % 40) / 100
            draw = (number * 13 + place * 7) % 10
            if draw >= mistakes:
                boxes.append((label, (x1 + 1, y1 + 1, x2, y2), score))
            elif draw == 0:
                boxes.append(("WBC" if label == "RBC" else "RBC", (x1, y1, x2, y2), score))
            elif draw == 1:
                boxes.append((label, (x1 + 18, y1 + 14, x2 + 18, y2 + 14), score - 0.2))
            elif draw == 2:
                boxes += [(label, (x1, y1, x2, y2), score), (label, (x1 + 2, y1, x2 + 2, y2), score - 0.3)]
        if mistakes and number % 4 == 0:
            boxes.append(("Platelets", (120.0, 88.0, 156.0, 118.0), 0.6))
        said[picture.path] = boxes
    return said


def build_cells(project: Project, user: User) -> Cells:
    """Train 12, test 10, pool 8 pictures; the first run makes many mistakes, the second few."""
    train, test = cell_pictures("train", 12), cell_pictures("test", 10)
    pool = [
        Picture(f"pool/{p.path.split('/')[1]}", p.width, p.height, "train", None, plain(p))
        for p in cell_pictures("x", 8)
    ]
    world = build(project, user, "cells", LABELS, [*train, *test, *pool])
    version = world.publish("first labels")
    first = world.run("baseline", version, params={"trees": 50})
    before = world.evaluate(world.predict(first, version, "test", seen(test, 4)))
    folds = world.evaluate(world.predict(first, version, "train", seen(train, 4), out_of_fold=True))
    world.predict(first, version, "pool", seen(pool, 4))
    second = world.run("larger", version, params={"trees": 200})
    after = world.evaluate(world.predict(second, version, "test", seen(test, 1)))
    return Cells(world, version, first, second, before, after, folds)


@pytest.fixture(autouse=True)
def kept_cells(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cells | None:
    """The cells, before anything else is in the database; None where the test does not ask for them."""
    if "cells" not in request.fixturenames:
        return None
    request.getfixturevalue("db")

    def build() -> Cells:
        project = blood(person("alice"))
        return build_cells(project, member("erin", project, Role.ENGINEER))

    return kept("cells", request.getfixturevalue("home"), tmp_path_factory.mktemp, build)


@pytest.fixture
def cells(kept_cells: Cells) -> Cells:
    return kept_cells


@dataclass(frozen=True)
class Sorted:
    """A run that sorts whole pictures into classes: 12 pictures, 3 of them wrong."""

    world: World
    version: Version
    run: Run
    evaluation: Evaluation


@pytest.fixture
def sorted_pictures(home: Path, project: Project, erin: User) -> Sorted:
    pictures = [
        Picture(f"tiles/{number:02d}.png", 40, 32, "test", [Truth("cat" if number % 2 else "dog")])
        for number in range(12)
    ]
    world = build(project, erin, "pets", ["cat", "dog", "bird"], pictures, task="classes")
    version = world.publish("sorted")
    run = world.run("sorter", version)
    said = {}
    for number, picture in enumerate(pictures):
        truth = "cat" if number % 2 else "dog"
        top = {3: "dog", 6: "bird", 9: "dog"}.get(number, truth)
        rest = [name for name in ("cat", "dog", "bird") if name != top]
        said[picture.path] = {top: 0.7 + number / 100, rest[0]: 0.2 - number / 100, rest[1]: 0.1}
    evaluation = world.evaluate(world.classify(run, version, "test", said))
    return Sorted(world, version, run, evaluation)


@pytest.fixture
def page(client_for: Callable[[User], Any], erin: User) -> Callable[[str], Any]:
    """A page as the engineer sees it, which must be there."""
    client = client_for(erin)

    def get(address: str) -> Any:
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.content[:400])
        return answer

    return get
