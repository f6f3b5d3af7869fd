"""Names that refer to versions: movable aliases, pins, and what would break if a dataset went away."""

import re
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from lode_datasets.models import Alias, Dataset, Pin, Version
from lode_datasets.version_users import users_of
from lode_platform import events
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import User

__all__ = ["aliases", "needed_by", "pin", "restore_dataset", "set_alias", "trash_dataset"]

_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")
_NUMBERED = re.compile(r"v\d+\Z")


def set_alias(dataset: Dataset, user: User, name: str, version: Version) -> Alias:
    """Points an alias at a version; where it pointed before stays as its history."""
    if not _ALIAS.match(name) or name == "latest" or _NUMBERED.match(name):
        raise BadInput(
            f"{name!r} cannot be an alias: a-z, 0-9, - and _, beginning with a letter; not latest, not v1.",
            code="bad_alias",
        )
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        newest = Alias.objects.filter(dataset=dataset, name=name).order_by("-pk").first()
        if newest is not None and newest.version_id == version.pk:
            return newest
        made = Alias.objects.create(dataset=dataset, name=name, version=version, set_by=user)
        events.record(dataset.project, user, "dataset.alias", version, alias=name, name=str(version))
    return made


def aliases(dataset: Dataset) -> list[Alias]:
    """Each alias as it points now, by name."""
    newest = Alias.objects.filter(dataset=dataset).values("name").annotate(key=Max("pk")).values("key")
    return list(Alias.objects.filter(pk__in=newest).select_related("version", "set_by").order_by("name"))


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
