"""What of this room webhooks are told of: versions and the aliases that name them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from lode_datasets.models import Version
from lode_platform.models import Event
from lode_platform.webhooks import kinds
from lode_platform.webhooks.kinds import Kind


def _version(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Version)
    return {
        "version": {"id": target.uuid, "name": str(target), "number": target.number, "digest": target.digest},
        "dataset": target.dataset.name,
        **{name: value for name, value in event.data.items() if name not in ("name", "digest")},
    }


def register() -> None:
    """Called once, when the application is ready."""
    kinds.add(Kind("version.published", _("A dataset version was published"), ("dataset.publish",), _version))
    kinds.add(Kind("alias.moved", _("An alias names another version"), ("dataset.alias",), _version))
    kinds.add(Kind("version.yanked", _("A dataset version was yanked"), ("version.yank",), _version))
    kinds.add(Kind("version.unyanked", _("A yanked version counts again"), ("version.unyank",), _version))
