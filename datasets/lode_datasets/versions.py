"""What a published version holds, asked of the entries; and which version a name means."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Collate

from lode_datasets.models import Alias, Dataset, Entry, Version, VersionFile
from lode_platform.errors import NotFound
from lode_platform.models import Project
from motherlode import manifest

__all__ = [
    "LINES",
    "alias_target",
    "by_path",
    "dir_held",
    "entries",
    "file_rows",
    "files",
    "holding",
    "latest",
    "manifest_rows",
    "named",
    "newest",
    "read_file",
    "resolve",
]

LINES = ("labels", "manifest", "splits")
"""The sets of lines that a version is made of, each a folder and a DVC out of its own."""

Row = TypeVar("Row", bound=models.Model)
_NUMBER = re.compile(r"v?([1-9][0-9]{0,8})\Z")


def holding(number: int) -> Q:
    """Entries or files that version ``number`` holds."""
    return Q(first__lte=number) & (Q(last=None) | Q(last__gte=number))


def by_path(field: str = "path") -> Any:
    """Order by code point, as the manifest and DVC sort: the database's own collation may differ."""
    return Collate(field, "C") if connection.vendor == "postgresql" else F(field)


def entries(version: Version, split: str | None = None) -> QuerySet[Entry]:
    """The version's entries by path, each with its blob, label set and item; ``split`` may be ``pool``."""
    rows = Entry.objects.filter(holding(version.number), dataset=version.dataset_id)
    if split is not None:
        rows = rows.filter(split=split)
    return rows.select_related("blob", "label_set", "item").order_by(by_path())


def files(version: Version) -> QuerySet[VersionFile]:
    """The tracked files that are not items, by path, each with its blob."""
    rows = VersionFile.objects.filter(holding(version.number), dataset=version.dataset_id)
    return rows.select_related("blob").order_by(by_path())


def read_file(version: Version, path: str) -> bytes:
    """The bytes of a tracked file that is not an item (``labels/...``, ``schema.json``, ``splits.jsonl``)."""
    from lode_platform.store import store

    row = files(version).filter(path=path).first()
    if row is None:
        raise NotFound(f"{version} has no file {path!r}.")
    with store().open(row.blob.md5) as file:
        return file.read()


def manifest_rows(version: Version) -> Iterator[manifest.Row]:
    """Every tracked file, sorted by path, in constant memory."""
    rows = Entry.objects.filter(holding(version.number), dataset=version.dataset_id).order_by(by_path())
    values = rows.values_list("path", "blob__md5", "blob__sha256", "blob__size")
    for path, md5, sha256, size in values.iterator(chunk_size=2000):
        yield manifest.Row(manifest.ITEMS + path, md5, sha256, size)
    yield from file_rows(version)


def file_rows(version: Version) -> Iterator[manifest.Row]:
    """The tracked files that are not items, sorted by path: the lines of the index."""
    for file in files(version):
        yield manifest.Row(file.path, file.blob.md5, file.blob.sha256, file.blob.size)


# -- what may be served ----------------------------------------------------------------------------------------------


def dir_held(dataset: int, oid: str) -> bool:
    """Whether ``<md5>.dir`` is a published version's of the dataset (its key)."""
    named = Q(dir_oid=oid)
    for name in LINES:
        named |= Q(**{f"listings__{name}": oid})
    return Version.objects.published().filter(named, dataset=dataset).exists()


# -- names -----------------------------------------------------------------------------------------------------------


def newest(dataset: Dataset) -> Version | None:
    """The published version with the highest number, yanked or not: the next one is made from it."""
    return dataset.versions.published().select_related("yank").order_by("-number").first()


def latest(dataset: Dataset) -> Version | None:
    """The newest published version that is not yanked: what ``cells@latest`` means."""
    return dataset.versions.published().filter(yank=None).order_by("-number").first()


def alias_target(dataset: Dataset, name: str) -> Version | None:
    """The version that an alias means now, yanked or not."""
    rows = Alias.objects.filter(dataset=dataset, name=name).select_related("version__yank")
    last = rows.order_by("-pk").first()
    return last.version if last else None


def named(dataset: Dataset, name: str) -> Version:
    """The published version that ``3``, ``v3``, ``latest`` or an alias means. Raises ``NotFound``."""
    number = _NUMBER.match(name)
    if number:
        found = dataset.versions.published().select_related("yank").filter(number=int(number[1])).first()
    elif name == "latest":
        found = latest(dataset)
    else:
        found = alias_target(dataset, name)
    if found is None:
        last = newest(dataset)
        there = (
            f"its newest is v{last.number}{', which is yanked' if last.yanked else ''}" if last else "it has none yet"
        )
        raise NotFound(f"The dataset {dataset.name!r} has no version {name!r}; {there}.", code="no_version")
    found.dataset = dataset
    return found


def resolve(project: Project, text: str) -> Version:
    """The published version that ``cells@v3``, ``cells@latest``, ``cells@production`` or ``cells`` (the latest) means.

    Raises ``NotFound``.
    """
    name, _, version = text.partition("@")
    dataset = Dataset.objects.filter(project=project, name=name, trashed_at=None).select_related("schema").first()
    if dataset is None:
        raise NotFound(f"The project {project.name!r} has no dataset {name!r}.", code="no_dataset")
    return named(dataset, version or "latest")
