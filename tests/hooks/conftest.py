"""Published versions with truths of one's choice, and runs that predict on them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Schema
from lode_annotation.schemas import latest, schema_for_labels
from lode_datasets import publish, selection
from lode_datasets.models import Dataset, Version
from lode_hooks.evaluations import evaluate, predictions, runs
from lode_hooks.models import Evaluation, PredictionSet, Run
from lode_platform.callers import Caller
from lode_platform.items import ItemSpec, add_items
from lode_platform.jobs import run_pending
from lode_platform.models import Item, Project, User
from lode_platform.store import store
from motherlode.regions import Region

Regions = Sequence[Region]


def box(name: str, class_id: int, *corners: float, crowd: bool = False, area: float | None = None) -> Region:
    """A truth box with an id of its own."""
    x1, y1, x2, y2 = corners
    return Region(name, "box", class_id, geometry=(x1, y1, x2, y2), iscrowd=crowd, area=area, control="label")


def choice(name: str, class_id: int) -> Region:
    """A class of a whole image."""
    return Region(name, "choice", class_id, control="choice")


@dataclass
class World:
    """A project's dataset, changed and published as a test goes on."""

    project: Project
    user: User
    schema: Schema
    dataset: Dataset
    items: dict[str, Item]

    def add(self, paths: Sequence[str], split: str = "test", width: int = 200, height: int = 200) -> None:
        """Items of this size (their bytes are not looked at)."""
        blobs = store().add_many([png_of(path) for path in paths])
        specs = [ItemSpec(path=path, md5=blob.md5, sha256=blob.sha256) for path, blob in zip(paths, blobs, strict=True)]
        add_items(self.project, Caller(self.user), specs, trusted=True)
        Item.objects.filter(path__in=paths).update(width=width, height=height)
        new = {item.path: item for item in Item.objects.filter(project=self.project, path__in=paths)}
        self.items.update(new)
        selection.add_items(self.dataset, new.values(), splits={item.uuid: split for item in new.values()})

    def label(self, truths: Mapping[str, Regions]) -> None:
        """New label sets, as an import would write them."""
        for path, regions in truths.items():
            LabelSet.objects.filter(item=self.items[path], schema=self.schema, current=True).update(current=False)
            LabelSet.objects.create(
                item=self.items[path],
                schema=self.schema,
                schema_revision=latest(self.schema),
                source=LabelSet.Source.IMPORT,
                created_by=self.user,
                **fields_of(regions),
            )

    def publish(self, message: str = "for a test") -> Version:
        """The next version."""
        version, _job = publish.publish(self.dataset, self.user, message=message)
        run_pending()
        version.refresh_from_db()
        assert version.state == Version.State.PUBLISHED, version.job and version.job.error
        return Version.objects.select_related("dataset__project", "schema_revision").get(pk=version.pk)

    def run(self, name: str = "baseline") -> Run:
        """A run."""
        return runs.start(self.project, self.user, name=name)

    def predict(
        self,
        run: Run,
        version: Version,
        lines: Sequence[Mapping[str, Any]],
        *,
        split: str = "test",
        task: str = "boxes",
        out_of_fold: bool = False,
        partial: bool = False,
        uuid: UUID | None = None,
    ) -> PredictionSet:
        """A finished prediction set, sent in one part."""
        sent = predictions.start(
            run,
            self.user,
            version=version,
            split=split,
            task=task,
            out_of_fold=out_of_fold,
            partial=partial,
            uuid=uuid or uuid4(),
        )
        predictions.receive(sent, 0, "\n".join(json.dumps(line) for line in lines).encode())
        return predictions.finish(sent, self.user)

    def evaluate(self, sent: PredictionSet, version: Version | None = None) -> Evaluation:
        """The finished evaluation of a prediction set."""
        row = evaluate.request_evaluation(sent, self.user, version=version)
        run_pending()
        row = Evaluation.objects.select_related(
            "prediction_set__run__project", "version__dataset", "version__schema_revision"
        ).get(pk=row.pk)
        assert row.state == Evaluation.State.READY, row.job and row.job.error
        return row


def png_of(text: str) -> bytes:
    """A small picture that no other path has."""
    import io

    from PIL import Image

    image = Image.new("L", (16, 16))
    image.putdata(list(text.encode().ljust(256, b"\0"))[:256])
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def world(project: Project, alice: User) -> Callable[..., World]:
    """`world(labels=[...], task="boxes")`: an empty dataset under a schema with these classes, 1, 2, ..."""

    def make(labels: Sequence[str] = ("RBC", "WBC"), task: str = "boxes", name: str = "cells") -> World:
        schema = schema_for_labels(project, Caller(alice), name=f"{name}-schema", labels=labels, task=task)
        dataset = selection.create_dataset(project, alice, name=name, schema=schema)
        return World(project, alice, schema, dataset, {})

    return make
