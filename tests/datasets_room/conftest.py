"""A dataset with labels, published and read from outside."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from django.conf import LazySettings

from lode_annotation.label_sets import fields_of
from lode_annotation.models import LabelSet, Schema
from lode_annotation.schemas import schema_for_labels
from lode_datasets.models import Dataset, Version
from lode_datasets.publish import publish
from lode_datasets.selection import add_items, create_dataset
from lode_platform.callers import Caller
from lode_platform.models import Item, Project
from lode_platform.tokens import make_token
from motherlode.regions import Region
from motherlode.relations import Relation

CLASSES = ["RBC", "WBC", "Platelets"]


class Cells:
    """The dataset ``cells`` of the project, and what a test does to it."""

    def __init__(self, project: Project, run_jobs: Callable[[], int], make_items: Callable[..., list[Item]]) -> None:
        self.project = project
        self.user = project.created_by
        self.run_jobs = run_jobs
        self.make_items = make_items
        self.schema: Schema = schema_for_labels(project, Caller(self.user), name="cells", labels=CLASSES)
        self.dataset: Dataset = create_dataset(project, self.user, name="cells", schema=self.schema)

    def box(self, item: Item, number: int, class_id: int = 1, shift: float = 0.0) -> Region:
        identity = str(uuid5(NAMESPACE_URL, f"{item.path}#{number}"))
        corner = 2.0 * number + shift
        place = (corner, corner, corner + 10.5, corner + 8.25)
        return Region(identity, "box", class_id, CLASSES[class_id - 1], place, control="label")

    def label(self, item: Item, regions: Sequence[Region], linked: Sequence[Relation] = ()) -> LabelSet:
        """Makes these regions the truth of an item, as an import does."""
        LabelSet.objects.filter(item=item, schema=self.schema, current=True).update(current=False)
        return LabelSet.objects.create(
            item=item,
            schema=self.schema,
            schema_revision=self.schema.revisions.get(number=1),
            source=LabelSet.Source.IMPORT,
            created_by=self.user,
            **fields_of(regions, linked),
        )

    def add(self, count: int, *, labelled: bool = True, split: str = "", **how: Any) -> list[Item]:
        """New items in the dataset, each with two boxes unless not ``labelled``."""
        items = self.make_items(self.project, count, **how)
        add_items(self.dataset, items, splits={item.uuid: split for item in items} if split else None)
        for number, item in enumerate(items if labelled else ()):
            self.label(item, [self.box(item, 0), self.box(item, 1, 1 + number % 3)])
        return items

    def publish(self, message: str = "why", **how: Any) -> Version:
        """The version as it stands once its job is done."""
        version, job = publish(self.dataset, self.user, message=message, **how)
        self.run_jobs()
        if job is not None:
            job.refresh_from_db()
            assert job.state == "succeeded", job.error
        version.refresh_from_db()
        return version

    def token(self) -> str:
        return make_token(self.user, project=self.project, role="viewer")[1]


@pytest.fixture
def site(live_server: Any, settings: LazySettings) -> str:
    """The address of a real server, which it takes for its own."""
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def cells(project: Project, run_jobs: Callable[[], int], make_items: Callable[..., list[Item]]) -> Cells:
    return Cells(project, run_jobs, make_items)


class Outside:
    """Another person's machine: stock git and DVC with a home and settings of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        keep = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        self.env = {
            **keep,
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "DVC_GLOBAL_CONFIG_DIR": str(folder / "dvc-global"),
            "DVC_SYSTEM_CONFIG_DIR": str(folder / "dvc-system"),
            "DVC_SITE_CACHE_DIR": str(folder / "dvc-site"),
            "DVC_NO_ANALYTICS": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "out",
            "GIT_AUTHOR_EMAIL": "out@example.org",
            "GIT_COMMITTER_NAME": "out",
            "GIT_COMMITTER_EMAIL": "out@example.org",
        }

    def call(self, *words: str, at: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            list(words), cwd=at or self.folder, env=self.env, capture_output=True, text=True, timeout=120
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def git(self, *words: str, at: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.call("git", *words, at=at, check=check)

    def dvc(self, *words: str, at: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.call(sys.executable, "-m", "dvc", *words, at=at, check=check)

    def python(self, program: str, *words: str, at: Path | None = None) -> str:
        return self.call(sys.executable, "-c", program, *words, at=at).stdout


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path / "outside")
