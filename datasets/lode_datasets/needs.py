"""What versions need of the store: the bytes of their items and lines, and the ``.dir`` objects that list them."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from lode_datasets.models import Alias, Entry, Pin, Version, VersionFile
from lode_platform import needs
from lode_platform.models import Project
from lode_platform.needs import Holder, Need

Named = Callable[[QuerySet[Version]], Iterable[tuple[int, str]]]
"""Of versions: the key of each and what is said of it."""


def register() -> None:
    """Versions, and who speaks of them: aliases and pins."""
    needs.add(Need("versions", _entries, _of_entries, whole=True))
    needs.add(Need("label files of versions", _files, _of_files, whole=True))
    add("aliases", "alias", lambda: Version.objects.filter(pk__in=_aliased()), _alias_names)
    add("pins", "pin", lambda: Version.objects.filter(pins__isnull=False), _pin_names)
    needs.listings(listings)


def add(title: str, kind: str, versions: Callable[[], QuerySet[Version]], named: Named) -> None:
    """Registers who speaks of versions, for this room and those above; ``named`` says who of each version."""

    def rows(project: Project | None) -> QuerySet[Any]:
        held = versions().filter(dataset=OuterRef("dataset"), number__gte=OuterRef("first"))
        return _entries(project).filter(Q(last=None) & Exists(held) | Exists(held.filter(number__lte=OuterRef("last"))))

    def of(blobs: Collection[int], project: Project | None) -> Iterable[Holder]:
        known = dict[int, list[str]]()
        spans = _spans(_entries(project).filter(blob__in=blobs))
        asked = versions().filter(dataset__in={dataset for _blob, dataset, _first, _last in spans})
        for key, words in named(asked):
            known.setdefault(key, []).append(words)
        places = list(asked.values_list("pk", "dataset", "number").distinct())
        for blob, dataset, first, last in spans:
            for key, where, number in places:
                if where == dataset and first <= number and (last is None or number <= last):
                    yield from (Holder(blob, kind, words) for words in known.get(key, ()))

    needs.add(Need(title, rows, of, whole=False))


def listings(project: Project | None) -> dict[str, list[str]] | None:
    """The ``.dir`` objects of all versions, with their names; None while one is being published."""
    rows = Version.objects.all() if project is None else Version.objects.filter(dataset__project=project)
    found: dict[str, list[str]] = {}
    for version in rows.defer("frozen", "counts", "checks").select_related("dataset__project").order_by("pk"):
        if version.state == Version.State.PUBLISHING:
            return None
        for oid in {version.dir_oid, *version.listings.values()} - {""}:
            found.setdefault(oid, []).append(_name(version.dataset.project.name, version.dataset.name, version.number))
    return found


def _name(project: str, dataset: str, number: int) -> str:
    return f"{project}/{dataset}@v{number}"


def _entries(project: Project | None) -> QuerySet[Entry]:
    return Entry.objects.all() if project is None else Entry.objects.filter(dataset__project=project)


def _files(project: Project | None) -> QuerySet[VersionFile]:
    return VersionFile.objects.all() if project is None else VersionFile.objects.filter(dataset__project=project)


Span = tuple[int, int, int, int | None]


def _spans(rows: QuerySet[Any]) -> list[Span]:
    return list(rows.order_by("pk").values_list("blob", "dataset", "first", "last"))


def _of_entries(blobs: Collection[int], project: Project | None) -> Iterable[Holder]:
    return _versions_of(_spans(_entries(project).filter(blob__in=blobs)))


def _of_files(blobs: Collection[int], project: Project | None) -> Iterable[Holder]:
    return _versions_of(_spans(_files(project).filter(blob__in=blobs)))


def _versions_of(spans: list[Span]) -> Iterable[Holder]:
    there = Version.objects.filter(dataset__in={dataset for _blob, dataset, _first, _last in spans})
    told = list(there.order_by("pk").values_list("dataset", "number", "dataset__name", "dataset__project__name"))
    for blob, dataset, first, last in spans:
        for where, number, name, project in told:
            if where == dataset and first <= number and (last is None or number <= last):
                yield Holder(blob, "version", _name(project, name, number))


def _aliased() -> QuerySet[Any]:
    """The versions that aliases name now."""
    newer = Alias.objects.filter(dataset=OuterRef("dataset"), name=OuterRef("name"), pk__gt=OuterRef("pk"))
    return Alias.objects.filter(~Exists(newer)).values("version")


def _alias_names(versions: QuerySet[Version]) -> Iterable[tuple[int, str]]:
    newer = Alias.objects.filter(dataset=OuterRef("dataset"), name=OuterRef("name"), pk__gt=OuterRef("pk"))
    now = Alias.objects.filter(~Exists(newer), version__in=versions).select_related("version__dataset__project")
    return (
        (row.version_id, f"{row.version.dataset.project.name}/{row.version.dataset.name}@{row.name}") for row in now
    )


def _pin_names(versions: QuerySet[Version]) -> Iterable[tuple[int, str]]:
    rows = (
        Pin.objects.filter(version__in=versions)
        .annotate(who=F("user__username"))
        .select_related("version__dataset__project")
    )
    return (
        (
            row.version_id,
            f"{_name(row.version.dataset.project.name, row.version.dataset.name, row.version.number)} by {row.who}",
        )
        for row in rows
    )
