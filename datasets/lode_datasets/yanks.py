"""Taking a version back: it stays whole for those who pinned it, who are told; ``latest`` passes over it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_datasets.aliases import MAX_WHY
from lode_datasets.models import Dataset, Version, Yank
from lode_datasets.told import forget_yanked, notify_yanked
from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput

__all__ = ["undo", "yank"]


def yank(version: Version, caller: Caller, reason: str) -> Yank:
    """Takes a version back, saying why; again changes the reason alone. Raises ``BadInput`` (no_reason)."""
    reason = reason.strip()[:MAX_WHY]
    if not reason:
        raise BadInput(_("Say why: those who pinned the version read the reason."), code="no_reason", field="reason")
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=version.dataset_id)
        row = Yank.objects.filter(version=version).first()
        if row is None or row.reason != reason:
            given = {"reason": reason, "yanked_by": caller.user, "yanked_at": timezone.now()}
            row, _is_new = Yank.objects.update_or_create(version=version, defaults=given)
            events.record(
                version.dataset.project, caller.user, "version.yank", version, name=str(version), reason=reason
            )
            notify_yanked(version, row)
    version.yank = row
    return row


def undo(version: Version, caller: Caller) -> None:
    """Lets a version count again; one that is not yanked stays as it is."""
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=version.dataset_id)
        gone, _by_model = Yank.objects.filter(version=version).delete()
        if gone:
            events.record(version.dataset.project, caller.user, "version.unyank", version, name=str(version))
            forget_yanked(version)
