"""What of this room webhooks are told of: runs, predictions, verdicts, mining rounds."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from lode_hooks.models import Run
from lode_platform.models import Event
from lode_platform.webhooks import kinds
from lode_platform.webhooks.kinds import Kind


def _run(event: Event, target: Model | None) -> Mapping[str, Any]:
    assert isinstance(target, Run)
    return {"run": {"id": target.uuid, "name": target.name, "state": target.state}}


def register() -> None:
    """Called once, when the application is ready."""
    for kind in (
        Kind("run.started", _("A run was logged"), ("run.start",), _run),
        Kind("run.finished", _("A run finished"), ("run.finished",), _run),
        Kind("run.failed", _("A run failed"), ("run.failed",), _run),
        Kind("predictions.finished", _("A run's predictions are complete"), ("predictions.finish",)),
        Kind("failure.judged", _("Somebody judged a failure"), ("failure.judge",)),
        Kind("mining_round.created", _("A mining round was created"), ("mining.create",)),
    ):
        kinds.add(kind)
