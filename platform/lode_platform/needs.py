"""Who needs the bytes of the store: what ``collecting`` keeps, and what ``rehashing`` names where bytes are broken.

A room registers a ``Need`` for each of its models that hold a blob. What is deleted does not hang on these alone: no
blob goes that any row points at by a foreign key that protects it, registered or not.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from lode_platform.models import Item, PastFile, Project


class Holder(NamedTuple):
    """Something that needs a blob (its key): ``kind`` is "item", "version" and so on, ``name`` begins with the
    project's."""

    blob: int
    kind: str
    name: str


@dataclass(frozen=True)
class Need:
    """A reason to keep blobs: rows that have a ``blob``, and who stands behind them; of one project, or (None) of all.

    ``whole``: its rows hold what a project has; other needs say more of the same blobs.
    """

    title: str
    rows: Callable[[Project | None], QuerySet[Any]]
    named: Callable[[Collection[int], Project | None], Iterable[Holder]]
    whole: bool = True


Listings = Callable[[Project | None], dict[str, list[str]] | None]
_needs: dict[str, Need] = {}
_listings: list[Listings] = []


def add(need: Need) -> None:
    """Registers a need; twice changes nothing."""
    _needs.setdefault(need.title, need)


def listings(source: Listings) -> Listings:
    """Registers what says which ``.dir`` objects are needed, and by which versions; it answers None while that is not
    settled, because a version is being published."""
    if source not in _listings:
        _listings.append(source)
    return source


def all_needs() -> list[Need]:
    return list(_needs.values())


def blobs_of(project: Project) -> Q:
    """The condition for the blobs that a project has."""
    found = Q(pk__in=())
    for need in _needs.values():
        if need.whole:
            found |= Q(pk__in=need.rows(project).values("blob"))
    return found


def holders(blobs: Collection[int], project: Project | None) -> dict[int, list[Holder]]:
    """Who needs each of the blobs, by its key; each named once."""
    found: dict[int, dict[Holder, None]] = {blob: {} for blob in blobs}
    for need in _needs.values():
        for holder in need.named(blobs, project):
            found[holder.blob][holder] = None
    return {blob: list(them) for blob, them in found.items()}


def needed_listings(project: Project | None) -> dict[str, list[str]] | None:
    """The ``.dir`` objects that are needed, with the versions that do; None while that is not settled."""
    found: dict[str, list[str]] = {}
    for source in _listings:
        told = source(project)
        if told is None:
            return None
        for oid, names in told.items():
            found.setdefault(oid, []).extend(names)
    return found


# -- this room's ------------------------------------------------------------------------------------------------------


def register() -> None:
    """Items, wherever they are, and the files that they had before."""
    for title, which in (
        ("items", Q(trashed_at=None, staged_by=None)),
        ("items in the trash", Q(trashed_at__isnull=False)),
        ("items of unfinished imports", Q(staged_by__isnull=False)),
    ):
        add(Need(title, *_of_items(which)))
    add(Need("earlier files of items", _past_files, _past_items))


def _of_items(which: Q) -> tuple[Callable[[Project | None], QuerySet[Any]], Callable[..., Iterable[Holder]]]:
    def rows(project: Project | None) -> QuerySet[Any]:
        found = Item.objects.filter(which)
        return found if project is None else found.filter(project=project)

    def named(blobs: Collection[int], project: Project | None) -> Iterable[Holder]:
        told = rows(project).filter(blob__in=blobs).order_by("pk").values_list("blob", "project__name", "path")
        return (Holder(blob, "item", f"{name}/{path}") for blob, name, path in told)

    return rows, named


def _past_files(project: Project | None) -> QuerySet[Any]:
    found = PastFile.objects.all()
    return found if project is None else found.filter(item__project=project)


def _past_items(blobs: Collection[int], project: Project | None) -> Iterable[Holder]:
    rows = _past_files(project).filter(blob__in=blobs).order_by("pk")
    told = rows.values_list("blob", "item__project__name", "item__path")
    return (Holder(blob, "earlier file of", f"{name}/{path}") for blob, name, path in told)
