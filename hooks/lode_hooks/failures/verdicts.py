"""Where a failure was seen, and what people say of it."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from django.db import transaction

from lode_datasets import versions
from lode_datasets.models import Entry, Version
from lode_hooks.evaluations.metrics.kinds import FP, KINDS
from lode_hooks.evaluations.predictions import scope
from lode_hooks.evaluations.summary import rows_of, stated_threshold, threshold_or_own
from lode_hooks.failures import record
from lode_hooks.models import Evaluation, Failure, FailureOccurrence, Run, Verdict
from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, NotFound
from lode_platform.models import Project, User

WITHDRAWN = "withdrawn"
MISSED = FailureOccurrence.Kind.MISSED


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A failure in one evaluation: of which kind it is there at its threshold of best F1, "" where it is right.

    `threshold` is None of whole-image classes. `score` is the wrong prediction's; a missed object has none.
    """

    run: Run
    evaluation: Evaluation
    version: Version
    kind: str
    score: float | None
    threshold: float | None
    when: datetime


def history(failure: Failure) -> list[HistoryEntry]:
    """The failure in every evaluation whose predictions mean its item, oldest first."""
    evaluations = (
        Evaluation.objects.filter(state=Evaluation.State.READY, version__dataset=failure.dataset_id)
        .select_related("prediction_set__run", "prediction_set__version__dataset", "version__dataset")
        .defer("metrics", "per_class", "curves")
        .order_by("pk")
    )
    spans = list(Entry.objects.filter(dataset=failure.dataset_id, item=failure.item_id))

    def entry(version: Version) -> Entry | None:
        number = version.number
        return next((e for e in spans if e.first <= number and (e.last is None or e.last >= number)), None)

    seen: dict[int, list[FailureOccurrence]] = defaultdict(list)
    for occurrence in failure.occurrences.order_by("row"):
        seen[occurrence.evaluation_id].append(occurrence)
    entries = []
    for evaluation in evaluations:
        predicted = evaluation.prediction_set
        covered, truth = entry(predicted.version), entry(evaluation.version)
        held = covered is not None and covered.split == predicted.split
        meant = scope(predicted) if held else None
        held = held and (meant is None or str(failure.item.uuid) in meant)
        if not held or truth is None or truth.label_set_id is None:
            continue
        shown = shown_at(seen[evaluation.pk], threshold_or_own(evaluation, None))
        kind, score = (shown.kind, None if shown.kind == MISSED else shown.score) if shown else ("", None)
        if not seen[evaluation.pk] and not evaluation.counts.get("all_recorded", True):
            kind = _kind_in(evaluation, failure)
        threshold = stated_threshold(evaluation)
        at = evaluation.created_at
        entries.append(HistoryEntry(predicted.run, evaluation, evaluation.version, kind, score, threshold, at))
    return entries


def occurrences_at(seen: Sequence[FailureOccurrence], threshold: float) -> list[FailureOccurrence]:
    """The occurrences of a failure in one evaluation that are matches at a threshold: its wrong predictions, the most
    confident first, else the object itself if nothing finds it. A missed object's occurrence keeps the score of what
    finds it below.
    """

    def score(occurrence: FailureOccurrence) -> float:
        return -math.inf if occurrence.score is None else occurrence.score

    wrong = [each for each in seen if each.kind != MISSED and score(each) >= threshold]
    lost = [each for each in seen if each.kind == MISSED and (each.score is None or each.score < threshold)]
    return sorted(wrong, key=lambda each: -score(each)) or lost[:1]


def shown_at(seen: Sequence[FailureOccurrence], threshold: float) -> FailureOccurrence | None:
    """What a failure is in one evaluation at a threshold, of its occurrences there; None where it is right."""
    return next(iter(occurrences_at(seen, threshold)), None)


@dataclass(frozen=True, slots=True)
class LatestView:
    """A failure as the evaluation that saw it last has it; of a failure that no evaluation holds, as it was first seen.

    `occurrence` is what it is there at `threshold`: the evaluation's own, or 0 where it fails only below that.
    """

    occurrence: FailureOccurrence | None
    threshold: float | None
    class_id: int
    box: list[float] | None


def latest_view(failure: Failure) -> LatestView:
    """The newest occurrence, with the class and box that its truth gives the object: labels may have changed since."""
    newest = failure.occurrences.order_by("-evaluation_id").values("evaluation")[:1]
    seen = list(
        failure.occurrences.filter(evaluation__in=newest)
        .select_related("evaluation__prediction_set__run", "evaluation__version__schema_revision")
        .order_by("row")
    )
    if not seen:
        return LatestView(None, None, failure.class_id, failure.box)
    own = threshold_or_own(seen[0].evaluation, None)
    at_own = shown_at(seen, own)
    occurrence = at_own or shown_at(seen, -math.inf) or seen[0]
    threshold = stated_threshold(occurrence.evaluation, None if at_own else 0.0)
    if not failure.region:
        return LatestView(occurrence, threshold, failure.class_id, failure.box)
    box = rows_of(occurrence.evaluation).truth_box[occurrence.row]
    class_id = failure.class_id if occurrence.truth_class is None else occurrence.truth_class
    return LatestView(occurrence, threshold, class_id, None if np.isnan(box).any() else box.tolist())


Alike = tuple[str, int | None, int | None]
"""What "like these" compares: kind, class of the truth, class of the prediction."""


def alike(failures: Iterable[UUID], run: Run, threshold: float | None = None) -> frozenset[Alike]:
    """What failures are in a run's evaluation that saw them last, at a threshold or its own; else in any run's."""
    seen = FailureOccurrence.objects.filter(failure__uuid__in=list(failures)).select_related(
        "evaluation__prediction_set"
    )
    by_failure: dict[int, dict[int, list[FailureOccurrence]]] = defaultdict(lambda: defaultdict(list))
    for occurrence in seen.order_by("evaluation_id", "row"):
        by_failure[occurrence.failure_id][occurrence.evaluation_id].append(occurrence)
    found = set()
    for evaluations in by_failure.values():
        own = [rows for rows in evaluations.values() if rows[0].evaluation.prediction_set.run_id == run.pk]
        rows = (own or list(evaluations.values()))[-1]
        shown = shown_at(rows, threshold_or_own(rows[0].evaluation, threshold)) or shown_at(rows, -math.inf) or rows[0]
        found.add((shown.kind, shown.truth_class, shown.predicted_class))
    return frozenset(found)


def said_of(failure: Failure, latest: LatestView) -> str:
    """The newest verdict that holds on the truth evaluated last, "" for none; without an evaluation the newest."""
    if latest.occurrence is not None:
        return standing(latest.occurrence.evaluation.version, {failure.pk: failure.item_id}).get(failure.pk, "")
    newest = failure.verdicts.order_by("-pk").first()
    return newest.kind if newest else ""


def _kind_in(evaluation: Evaluation, failure: Failure) -> str:
    """What a truth's failure is in an evaluation too large to have recorded it; false alarms are not looked for."""
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, None))
    name = str(failure.item.uuid)
    for row in np.flatnonzero(at.failing).tolist():
        if failure.region and rows.region[row] == failure.region and rows.item[row] == name:
            return KINDS[int(at.kind[row])]
    return ""


def standing(version: Version, failures: Mapping[int, int], as_of: datetime | None = None) -> dict[int, str]:
    """The newest verdict of failures (primary key -> item's) of those given at the label set that `version` holds."""
    held = dict(
        Entry.objects.filter(
            versions.holding(version.number), dataset=version.dataset_id, item__in=set(failures.values())
        ).values_list("item_id", "label_set_id")
    )
    said = Verdict.objects.filter(failure__in=failures).order_by("pk")
    if as_of is not None:
        said = said.filter(created_at__lte=as_of)
    newest = {
        verdict.failure_id: verdict.kind
        for verdict in said
        if verdict.label_set_id in (None, held.get(failures[verdict.failure_id]))
    }
    return {failure: kind for failure, kind in newest.items() if kind}


def judge(failure: Failure, user: User, *, kind: str, note: str = "", evaluation: Evaluation | None = None) -> Verdict:
    """Say what a failure is, at the label set that the `evaluation` looked at shows (default: that which saw it last).

    "withdrawn" takes the last word back. Append-only: the newest verdict counts, and only on the truth it was given at.
    """
    if kind != WITHDRAWN and kind not in Verdict.Kind.values:
        raise BadInput(f"A verdict is one of {', '.join(Verdict.Kind.values)}, not {kind!r}.", code="bad_verdict")
    if evaluation is not None and evaluation.version.dataset_id != failure.dataset_id:
        raise BadInput("This evaluation is of another dataset.", code="other_dataset", field="evaluation")
    said = "" if kind == WITHDRAWN else kind
    with transaction.atomic():
        locked = Failure.objects.select_for_update(of=("self",)).select_related("project").get(pk=failure.pk)
        if evaluation is None:
            occurrence = failure.occurrences.select_related("evaluation__version").order_by("-evaluation_id").first()
            evaluation = occurrence.evaluation if occurrence else None
        entry = None
        if evaluation is not None:
            version = evaluation.version
            entry = Entry.objects.filter(
                versions.holding(version.number), dataset=version.dataset_id, item=failure.item_id
            ).first()
        verdict = Verdict.objects.create(
            failure=locked, kind=said, label_set_id=entry.label_set_id if entry else None, note=note, user=user
        )
        events.record(locked.project, user, "failure.judge", locked, kind=kind)
    return verdict


def on_record(uuid: UUID, project: Project, *, evaluation: Evaluation | None = None, row: int | None = None) -> Failure:
    """The failure of a match that somebody judges or mines, put on record now if the match's evaluation has none.

    `row` is the match's row in `evaluation`; without them only a failure that is on record is found. A false alarm that
    continues an earlier one is that one's failure, whose uuid may differ. Raises NotFound for a row without a failure.
    """
    if evaluation is not None and row is not None:
        rows = rows_of(evaluation)
        if not 0 <= row < len(rows) or (rows.detection[row] and rows.state[row] != FP):
            raise NotFound("There is no such failure.")
        named = record.failure_uuid(evaluation.prediction_set.run.project.uuid, rows, row)
        known = evaluation.occurrences.filter(row=row, failure__uuid=uuid)
        if named == uuid or known.exists():
            record.record(evaluation, rows, np.array([row], dtype=np.int64))
            return Failure.objects.select_related("project").get(
                occurrences__evaluation=evaluation, occurrences__row=row
            )
    found = Failure.objects.filter(project=project, uuid=uuid).select_related("project").first()
    if found is None:
        raise NotFound("There is no such failure.")
    return found


def visible(caller: Caller, project: Project, uuids: Iterable[UUID]) -> list[Failure]:
    """Failures of a project that the person may see. Raises NotFound if any is not among them."""
    wanted = set(uuids)
    found = list(Failure.objects.visible_to(caller).filter(project=project, uuid__in=wanted))
    if len(found) < len(wanted):
        raise NotFound("There is no such failure.")
    return found
