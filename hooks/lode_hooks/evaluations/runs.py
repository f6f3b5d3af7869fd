"""Runs: what a training says of itself, and which versions it used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from lode_datasets.models import Version
from lode_hooks.models import Metric, Run, RunUse
from lode_platform import events
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Project, User
from motherlode.numbers import is_number

MAX_METRICS = 10_000
"""Numbers taken in one call."""


@dataclass(frozen=True)
class Use:
    """A version that a run uses: with which split ("" for all of them) and for what purpose."""

    version: Version
    split: str = ""
    purpose: str = "training"


@dataclass(frozen=True)
class Tracker:
    """The run's other home: which tracker, its id and its page there."""

    name: str = ""
    run_id: str = ""
    url: str = ""


def start(
    project: Project,
    user: User,
    *,
    name: str,
    uuid: UUID | None = None,
    params: Mapping[str, Any] | None = None,
    uses: Iterable[Use] = (),
    code_commit: str = "",
    tracker: Tracker | None = None,
) -> Run:
    """Start a run. The client makes the uuid: starting it again gives the same run, with the uses added."""
    linked = tracker or Tracker()
    with transaction.atomic():
        run, made = Run.objects.get_or_create(
            uuid=uuid or uuid4(),
            defaults={
                "project": project,
                "name": name,
                "params": dict(params or {}),
                "code_commit": code_commit,
                "tracker": linked.name,
                "tracker_id": linked.run_id,
                "tracker_url": linked.url,
                "created_by": user,
            },
        )
        if run.project_id != project.pk:
            raise Conflict("This run's uuid is taken.", code="uuid_taken")
        add_uses(run, uses)
        if made:
            events.record(project, user, "run.start", run, name=name)
    return run


def add_uses(run: Run, uses: Iterable[Use]) -> None:
    """Say that the run uses these versions; saying it twice changes nothing."""
    rows = []
    for use in uses:
        if use.version.dataset.project_id != run.project_id:
            raise BadInput(f"{use.version} is not a version of this project.", code="other_project")
        rows.append(RunUse(run=run, version=use.version, split=use.split, purpose=use.purpose))
    RunUse.objects.bulk_create(rows, ignore_conflicts=True)


def change(
    run: Run,
    user: User,
    *,
    state: str = "",
    tracker: Tracker | None = None,
    name: str = "",
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """Finish a run, link it to its tracker, rename it, or add parameters and tags to those it has.

    A run that is over may be said to be over again, or to go on.
    """
    if name:
        run.name = name
    if params or tags:
        with transaction.atomic():
            known = Run.objects.select_for_update().get(pk=run.pk)
            run.params, run.tags = {**known.params, **(params or {})}, {**known.tags, **(tags or {})}
            run.save(update_fields=["params", "tags"])
    if tracker is not None:
        run.tracker, run.tracker_id, run.tracker_url = tracker.name, tracker.run_id, tracker.url
    changed = bool(state and state != run.state)
    if changed:
        if state not in Run.State.values:
            raise BadInput(f"A run is one of {', '.join(Run.State.values)}, not {state!r}.", code="bad_state")
        run.state = state
        run.ended_at = None if state == Run.State.RUNNING else timezone.now()
    with transaction.atomic():
        run.save(update_fields=["name", "tracker", "tracker_id", "tracker_url", "state", "ended_at"])
        if changed:
            events.record(run.project, user, f"run.{state}", run)
    return run


@dataclass(frozen=True)
class Step:
    """Numbers by name that a run logged at a step, and when; "nan", "inf" and "-inf" stand for those JSON lacks."""

    metrics: Mapping[str, Any]
    step: int = 0
    at: datetime | None = None


def log_metrics(run: Run, steps: Sequence[Step], *, again: bool = False) -> int:
    """Keep numbers of a run; answers how many are new. Refuses what is not a number, by name.

    `again`: these may have come before, so that those that are there with the same name, step and time are passed over.
    """
    if sum(len(step.metrics) for step in steps) > MAX_METRICS:
        raise BadInput(f"At most {MAX_METRICS} metrics in one call.", code="too_many")
    now = timezone.now()
    rows = [
        Metric(run=run, key=key[:200], step=step.step, at=step.at or now, **_kept(key, value))
        for step in steps
        for key, value in step.metrics.items()
    ]
    if again and rows:
        numbers = {row.step for row in rows}
        there = set(run.metrics.filter(step__in=numbers).values_list("key", "step", "at"))
        rows = [row for row in rows if (row.key, row.step, row.at) not in there]
    return len(Metric.objects.bulk_create(rows))


def _kept(key: str, value: Any) -> dict[str, Any]:
    """A number as columns: its value, or null and what it is instead."""
    if is_number(value):
        return {"value": float(value)}
    flag = value.strip().lower() if isinstance(value, str) else ""
    if flag not in Metric.Flag.values:
        raise BadInput(
            f"The metric {key!r} is {value!r}: no number, and none of {', '.join(Metric.Flag.values)}.",
            code="bad_metric",
            metric=key,
        )
    return {"value": None, "flag": flag}


def latest_metrics(run: Run) -> list[Metric]:
    """The value of every key at its last step, by key."""
    from_last = Window(RowNumber(), partition_by="key", order_by=[F("step").desc(), F("pk").desc()])
    newest = run.metrics.annotate(place=from_last).filter(place=1)
    return sorted(newest, key=lambda metric: metric.key)
