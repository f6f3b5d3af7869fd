"""What is looked at as the server starts, and by ``manage.py check``."""

from collections.abc import Sequence
from typing import Any

from django.core import checks

from lode_annotation.assist import promptable_model


def register() -> None:
    """Has Django ask."""
    checks.register(assist_model)


def assist_model(app_configs: Sequence[Any] | None, **_more: Any) -> list[checks.CheckMessage]:
    """Whether the model that the operator gives can be used, where one is given."""
    if promptable_model.folder() is None or not (why := promptable_model.fault()):
        return []
    hint = "Give the folder of a model, or leave MOTHERLODE_ASSIST_MODEL out; docs/labeling.md says what it holds."
    return [checks.Error(why, hint=hint, id="annotation.E001")]
