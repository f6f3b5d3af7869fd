"""The column that this room adds to tables of items."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy

from lode_hooks.failures.kinds import KIND_TITLES
from lode_hooks.models import Evaluation, FailureOccurrence
from lode_platform import item_columns
from lode_platform.item_columns import Column
from lode_platform.models import Item, User


def _failures(items: Sequence[Item], _user: User) -> dict[int, str]:
    """The kinds of failure in any evaluation."""
    rows = FailureOccurrence.objects.filter(
        evaluation__state=Evaluation.State.READY, failure__item__in=[item.pk for item in items]
    )
    found: dict[int, list[str]] = {}
    for item, kind in rows.order_by("kind").values_list("failure__item", "kind").distinct():
        found.setdefault(item, []).append(str(KIND_TITLES[kind]))
    return {item: ", ".join(kinds) for item, kinds in found.items()}


def register() -> None:
    """Called once, when the application is ready."""
    item_columns.add(Column("failure", gettext_lazy("Failures"), _failures))
