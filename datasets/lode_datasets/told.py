"""What of this room people and webhooks are told of: versions, yanks, and the aliases that name versions."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _

from lode_datasets.models import Version, Yank
from lode_platform.models import Event, User
from lode_platform.notifications import kinds as notifications
from lode_platform.notifications.kinds import Notice
from lode_platform.notifications.models import Notification
from lode_platform.notifications.notify import notify, withdraw
from lode_platform.webhooks import kinds
from lode_platform.webhooks.kinds import Kind

LONGEST = 300
"""Letters of a reason that a notification shows."""


def _version(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Version)
    return {
        "version": {"id": target.uuid, "name": str(target), "number": target.number, "digest": target.digest},
        "dataset": target.dataset.name,
        **{name: value for name, value in event.data.items() if name not in ("name", "digest")},
    }


def _yanked(row: Notification) -> str:
    words = say("%(by)s yanked %(name)s, which you pinned: %(reason)s")
    return words % {"by": row.data["by"], "name": row.data["name"], "reason": row.data["reason"]}


def _version_page(row: Notification) -> str:
    return reverse("datasets:version", args=[row.data["project"], row.data["dataset"], row.data["number"]])


YANKED = Notice("version_yanked", _("A version that I pinned was yanked"), "ban", _yanked, _version_page)


def notify_yanked(version: Version, yank: Yank) -> None:
    """Tells those who pinned a version that it was taken back, and why."""
    project = version.dataset.project
    data = {
        "project": project.name,
        "dataset": version.dataset.name,
        "number": version.number,
        "name": str(version),
        "reason": yank.reason[:LONGEST],
    }
    people = _who_pinned(version)
    notify(people, YANKED.name, project=project, key=f"version:{version.uuid}", data=data, by=yank.yanked_by)


def forget_yanked(version: Version) -> None:
    """Takes back what those who pinned it have not read yet: the version counts again."""
    for user in _who_pinned(version):
        withdraw(user, YANKED.name, f"version:{version.uuid}")


def _who_pinned(version: Version) -> list[User]:
    return [pin.user for pin in version.pins.select_related("user")]


def register() -> None:
    """Called once, when the application is ready."""
    notifications.add(YANKED)
    kinds.add(Kind("version.published", _("A dataset version was published"), ("dataset.publish",), _version))
    kinds.add(Kind("alias.moved", _("An alias names another version"), ("dataset.alias",), _version))
    kinds.add(Kind("version.yanked", _("A dataset version was yanked"), ("version.yank",), _version))
    kinds.add(Kind("version.unyanked", _("A yanked version counts again"), ("version.unyank",), _version))
