"""Addresses of the failure viewer: what a number opens."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse

from lode_hooks.models import Evaluation, Run
from lode_platform.models import Project


def matches_url(project: Project, evaluation: Evaluation, threshold: float | None = None, **fields: Any) -> str:
    """The viewer on exactly the matches that ``fields`` (names of ``FailureFilter``) choose."""
    query: dict[str, Any] = {"evaluation": evaluation.uuid}
    if threshold is not None:
        query["threshold"] = number(threshold)
    query |= {name: plain(value) for name, value in fields.items() if value not in (None, "")}
    return f"{_viewer(project.name, get_script_prefix())}?{urlencode(query)}"


@lru_cache(maxsize=256)
def _viewer(project: str, _prefix: str) -> str:
    """A page opens the viewer at hundreds of places, and the resolver takes longer than all else of an address."""
    return reverse("hooks:failures", args=[project])


def run_url(project: Project, run: Run, **fields: Any) -> str:
    """A run's page; ``fields`` are its query: tab, with, evaluation, threshold."""
    query = {name: plain(value) for name, value in fields.items() if value not in (None, "")}
    address = reverse("hooks:run", args=[project.name, run.uuid])
    return f"{address}?{urlencode(query)}" if query else address


def plain(value: Any) -> str:
    """A field's value as it stands in an address."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, tuple):
        return ":".join(str(part) for part in value)
    return str(value)


def number(value: float) -> str:
    """A float so that reading it gives the same float, whole numbers without a point."""
    return str(int(value)) if value == int(value) else repr(float(value))
