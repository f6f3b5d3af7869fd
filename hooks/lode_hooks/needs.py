"""The runs that used versions, as a reason to keep what those hold."""

from collections.abc import Iterable

from django.db.models import QuerySet

from lode_datasets import needs
from lode_datasets.models import Version
from lode_hooks.models import RunUse


def register() -> None:
    """Registers them; twice changes nothing."""
    needs.add("runs", "run", lambda: Version.objects.filter(run_uses__isnull=False), _names)


def _names(versions: QuerySet[Version]) -> Iterable[tuple[int, str]]:
    rows = RunUse.objects.filter(version__in=versions).order_by("pk")
    told = rows.values_list("version", "run__project__name", "run__name", "run__uuid")
    return ((version, f"{project}/{name} ({uuid})") for version, project, name, uuid in told)
