"""The items of a version as its page lists them, under any filter: slices of its members, or else its entries' rows."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import BooleanField, Func, Q, QuerySet, Value

from lode_datasets import version_members, versions
from lode_datasets.members import Wanted
from lode_datasets.models import Entry, Version
from lode_platform import paging

__all__ = ["is_slow", "pages"]


def pages(version: Version, wanted: Wanted, size: int) -> "Paginator[Any]":
    """The entries that a filter takes, by path, in pages of this size."""
    members = version_members.of(version)
    if members is None:
        return paging.KeyPaginator(_rows(version, wanted), size, _known(version, wanted))
    return Paginator(version_members.Listed(members, wanted), size)


def is_slow(version: Version, found: "Paginator[Any]") -> bool:
    """Whether a filter of these pages reads the labels of many items: the version is large and has no members yet."""
    return isinstance(found, paging.KeyPaginator) and version.counts["items"] >= paging.MOST


def _known(version: Version, wanted: Wanted) -> int | None:
    """How many items a filter takes, where the version's counts say it."""
    if wanted.class_id is not None and str(wanted.class_id) not in version.counts["classes"]:
        return 0
    if wanted.text or wanted.empty or wanted.class_id is not None:
        return None
    return int(version.counts["splits"].get(wanted.split, 0) if wanted.split else version.counts["items"])


def _rows(version: Version, wanted: Wanted) -> QuerySet[Entry]:
    rows = versions.entries(version, wanted.split or None)
    if wanted.class_id is not None:
        shown = Value(wanted.class_id)
        rows = rows.filter(Q(HasClass("label_set__regions", shown)) | Q(HasClass("label_set__answers", shown)))
    if wanted.empty:
        rows = rows.filter(label_set__regions=[], label_set__answers=[])
    return rows.filter(path__icontains=wanted.text) if wanted.text else rows


class HasClass(Func):
    """Whether a label set's list (``regions`` or ``answers``) says something of a class."""

    output_field = BooleanField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        """SQLite's SQL."""
        return self._exists(compiler, "json_each({})", "json_extract(value, '$.class_id')")

    def as_postgresql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, tuple[Any, ...]]:
        """PostgreSQL's SQL."""
        return self._exists(compiler, "json_array_elements(({})::json)", "(value->>'class_id')::int")

    def _exists(self, compiler: Any, rows: str, number: str) -> tuple[str, tuple[Any, ...]]:
        (listed, first), (wanted, second) = (compiler.compile(one) for one in self.get_source_expressions())
        return f"EXISTS (SELECT 1 FROM {rows.format(listed)} WHERE {number} = {wanted})", (*first, *second)
