"""Names that refer to versions: movable aliases, pins, and what would break if a dataset went away."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db import IntegrityError, transaction
from django.db.models import F, Max, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_datasets.models import Alias, Dataset, Pin, ProtectedAlias, Version
from lode_datasets.version_users import users_of
from lode_platform import access, events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, Forbidden, NotFound
from lode_platform.models import User

__all__ = [
    "MAX_WHY",
    "Move",
    "aliases",
    "histories",
    "moves",
    "moves_to",
    "needed_by",
    "pin",
    "protect",
    "protected",
    "restore_dataset",
    "set_alias",
    "trash_dataset",
    "unprotect",
]

MAX_WHY = 2_000
"""Letters of a reason."""
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
_NUMBERED = re.compile(r"v\d+\Z")


@dataclass(frozen=True)
class Move:
    """A move of an alias to ``version`` from the version numbered ``before``; None: the alias was new."""

    name: str
    version: Version
    before: int | None
    set_by: User
    set_at: datetime
    message: str


def set_alias(dataset: Dataset, caller: Caller, name: str, version: Version, message: str = "") -> Move:
    """Points an alias at a version; where it pointed before, who moved it and why stay as its history.

    An alias that is there already is left as it is. Raises ``BadInput`` for a name that no alias may have,
    ``Forbidden`` (protected_alias) where it is protected and the caller is not an owner.
    """
    if not _ALIAS.match(name) or name == "latest" or _NUMBERED.match(name):
        raise BadInput(
            f"{name!r} cannot be an alias: a-z, 0-9, - and _, beginning with a letter; not latest, not v1.",
            code="bad_alias",
        )
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        newest = moves(dataset, name, 1)
        if newest and newest[0].version.pk == version.pk:
            return newest[0]
        if ProtectedAlias.objects.filter(dataset=dataset, name=name).exists():
            _as_owner(caller, dataset, name)
        before = newest[0].version.number if newest else None
        made = Alias.objects.create(
            dataset=dataset, name=name, version=version, set_by=caller.user, message=message.strip()[:MAX_WHY]
        )
        events.record(
            dataset.project,
            caller.user,
            "dataset.alias",
            version,
            alias=name,
            name=str(version),
            before=before,
            message=made.message,
        )
    return Move(name, version, before, caller.user, made.set_at, made.message)


def _as_owner(caller: Caller, dataset: Dataset, name: str) -> None:
    try:
        access.require(caller, dataset.project, "alias.protect")
    except Forbidden as error:
        said = _("The alias %(name)s is protected. %(why)s") % {"name": name, "why": error.message}
        raise Forbidden(said, code="protected_alias", **error.facts) from None


def aliases(dataset: Dataset) -> list[Move]:
    """Each alias as it points now, by name."""
    newest = Alias.objects.filter(dataset=dataset).values("name").annotate(key=Max("pk")).values("key")
    return _moves(Alias.objects.filter(pk__in=newest).order_by("name"))


def moves(dataset: Dataset, name: str, most: int, offset: int = 0) -> list[Move]:
    """The moves of an alias, newest first; ``most`` of them after the first ``offset``."""
    rows = Alias.objects.filter(dataset=dataset, name=name).order_by("-pk")
    return _moves(rows[offset : offset + most])


def moves_to(version: Version, most: int) -> list[Move]:
    """The newest moves of aliases to this version, newest first."""
    return _moves(Alias.objects.filter(version=version).order_by("-pk")[:most])


def histories(dataset: Dataset, most: int) -> list[list[Move]]:
    """The newest moves of each alias, at most ``most`` of one, newest first; the aliases by name. One query."""
    place = Window(RowNumber(), partition_by=[F("name")], order_by=F("pk").desc())
    rows = Alias.objects.filter(dataset=dataset).annotate(place=place).filter(place__lte=most).order_by("name", "-pk")
    return [list(own) for _name, own in groupby(_moves(rows), key=lambda move: move.name)]


def _moves(rows: "QuerySet[Alias]") -> list[Move]:
    earlier = Alias.objects.filter(dataset=OuterRef("dataset"), name=OuterRef("name"), pk__lt=OuterRef("pk"))
    told = rows.annotate(before=Subquery(earlier.order_by("-pk").values("version__number")[:1]))
    return [
        Move(row.name, row.version, row.before, row.set_by, row.set_at, row.message)
        for row in told.select_related("version__dataset", "version__yank", "set_by")
    ]


def protected(dataset: Dataset) -> set[str]:
    """The names of the aliases that only an owner moves."""
    return set(ProtectedAlias.objects.filter(dataset=dataset).values_list("name", flat=True))


def protect(dataset: Dataset, caller: Caller, name: str) -> None:
    """Only an owner moves the alias from now on; again changes nothing. Raises ``NotFound`` where there is none."""
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        if not Alias.objects.filter(dataset=dataset, name=name).exists():
            raise NotFound(f"The dataset has no alias {name!r}.", code="no_alias")
        row, is_new = ProtectedAlias.objects.get_or_create(
            dataset=dataset, name=name, defaults={"protected_by": caller.user}
        )
        if is_new:
            events.record(dataset.project, caller.user, "dataset.alias_protect", dataset, alias=row.name)


def unprotect(dataset: Dataset, caller: Caller, name: str) -> None:
    """Owners and engineers may move the alias again; one that was not protected stays as it is."""
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        gone, _by_model = ProtectedAlias.objects.filter(dataset=dataset, name=name).delete()
        if gone:
            events.record(dataset.project, caller.user, "dataset.alias_unprotect", dataset, alias=name)


def pin(version: Version, user: User) -> Pin:
    """Remembers that this person's training reads the version; again changes nothing."""
    return Pin.objects.get_or_create(version=version, user=user)[0]


def needed_by(versions: Sequence[Version], user: User) -> list[str]:
    """Who would break without these versions, a line each: pins, aliases, and what the rooms above say."""
    lines: list[str] = []
    for row in Pin.objects.filter(version__in=versions).select_related("version__dataset", "user").order_by("pk"):
        lines.append(f"{row.user.username} has pinned {row.version}")
    for dataset in {version.dataset for version in versions}:
        lines += [f"the alias {a.name} means {a.version}" for a in aliases(dataset) if a.version in versions]
    names = {version.pk: str(version) for version in versions}
    for key, users in users_of(versions, user).items():
        lines += [f"{use.title} used {names[key]}" for use in users]
    return lines


def trash_dataset(dataset: Dataset, user: User) -> None:
    """Puts a dataset into the trash. ``Conflict`` (needed) says who would break, while anybody would."""
    versions = list(dataset.versions.published().select_related("dataset"))
    breaks = needed_by(versions, user)
    if breaks:
        more = f" and {len(breaks) - 5} more" if len(breaks) > 5 else ""
        raise Conflict(
            f"{dataset.name} is needed: {'; '.join(breaks[:5])}{more}.", code="needed", needed_by=breaks[:100]
        )
    with transaction.atomic():
        Dataset.objects.filter(pk=dataset.pk, trashed_at=None).update(trashed_at=timezone.now())
        events.record(dataset.project, user, "dataset.trash", dataset, name=dataset.name)


def restore_dataset(dataset: Dataset, user: User) -> None:
    """Takes a dataset out of the trash. ``Conflict`` where its name was given away meanwhile."""
    try:
        with transaction.atomic():
            Dataset.objects.filter(pk=dataset.pk).update(trashed_at=None)
            events.record(dataset.project, user, "dataset.restore", dataset, name=dataset.name)
    except IntegrityError:
        raise Conflict(f"There is a dataset {dataset.name!r} again.", code="name_taken") from None
