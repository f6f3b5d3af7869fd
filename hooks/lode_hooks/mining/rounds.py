"""Mining rounds: a run's out-of-fold failures and doubts become a queue, with a random control beside them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import transaction
from django.urls import reverse

from lode_annotation import queues
from lode_annotation.models import Queue, Task
from lode_datasets.models import Dataset
from lode_hooks.evaluations import prelabels
from lode_hooks.evaluations.metrics.kinds import MISSED
from lode_hooks.evaluations.summary import rows_of, stated_threshold
from lode_hooks.failures import record
from lode_hooks.mining.candidates import Pit, dig, waiting_tasks
from lode_hooks.mining.request import MiningRequest
from lode_hooks.mining.select import CONTROL, Chosen, choose
from lode_hooks.mining.yields import Brought, brought, notes
from lode_hooks.models import Evaluation, MinedItem, MiningRound, Run, Sighting
from lode_platform import events
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, Project, User

SHOWN = 120
"""Candidates of a preview that come with their boxes."""


@dataclass(frozen=True)
class Candidate:
    """An item that a round would take: why, and the boxes to draw (dicts with box, kind, label, score)."""

    item: Item
    strategy: str
    arm: str
    score: float
    reason: dict[str, Any]
    failure: UUID | None
    boxes: list[dict[str, Any]]
    split: str


@dataclass(frozen=True)
class Preview:
    """What a request would take: the first candidates, what each strategy brings and why not more, and what else to
    know; `budget` is what was asked for."""

    candidates: list[Candidate]
    budget: int
    total: int
    strategies: list[Brought]
    control: int
    notes: list[str]


def preview(request: MiningRequest, user: User) -> Preview:
    """Choose without writing anything; `create_round` with the same request takes the same items."""
    pit = dig(request)
    chosen = _choose(pit, request)
    shown = chosen[:SHOWN]
    items = Item.objects.in_bulk([pit.items[each.item] for each in shown])
    boxes = _boxes(pit, shown)
    cases = _cases(pit, shown)
    return Preview(
        candidates=[
            Candidate(
                item=items[pit.items[each.item]],
                strategy=each.strategy,
                arm=each.arm,
                score=each.score,
                reason=each.reason,
                failure=cases.get(each.failure, (None, None))[1],
                boxes=boxes[index],
                split=pit.sources[pit.source_of[each.item]].split,
            )
            for index, each in enumerate(shown)
        ],
        budget=request.budget,
        total=len(chosen),
        strategies=brought(pit, request, chosen),
        control=sum(each.arm == CONTROL for each in chosen),
        notes=notes(pit, request),
    )


def _choose(pit: Pit, request: MiningRequest) -> list[Chosen]:
    """The choice, the control spread evenly among the rest: half a queue labelled is half of both."""
    try:
        chosen = choose(pit.candidates, request.strategies, request.budget, request.random, request.seed)
    except ValueError as error:
        raise BadInput(f"{error}.", code="bad_request") from None
    mined = [each for each in chosen if each.arm != CONTROL]
    control = [each for each in chosen if each.arm == CONTROL]
    places = [((n + 0.5) / len(mined), 0, n, each) for n, each in enumerate(mined)]
    places += [((n + 0.5) / len(control), 1, n, each) for n, each in enumerate(control)]
    return [each for *_place, each in sorted(places, key=lambda place: place[:3])]


def _boxes(pit: Pit, chosen: Sequence[Chosen]) -> list[list[dict[str, Any]]]:
    """What to draw for each: the failure's two boxes, or the boxes the run is least sure of."""
    names = pit.candidates.names
    result = []
    for each in chosen:
        boxes: list[dict[str, Any]] = []
        if each.failure >= 0:
            number, row = pit.origins[each.failure]
            evaluation = pit.evaluations[number]
            assert evaluation is not None
            rows = rows_of(evaluation)
            missed = int(pit.candidates.failures.kind[each.failure]) == MISSED
            for kind, corners, label, score in (
                ("truth", rows.truth_box[row], int(rows.truth_class[row]), None),
                ("prediction", rows.predicted_box[row], int(rows.predicted_class[row]), float(rows.score[row])),
            ):
                if not np.isnan(corners).any() and not (kind == "prediction" and missed):
                    boxes.append({"kind": kind, "box": corners.tolist(), "label": names.get(label, ""), "score": score})
        elif pit.candidates.detections is not None:
            found = pit.candidates.detections
            own = np.flatnonzero(found.image == each.item)
            for at in own[np.argsort(np.abs(found.score[own] - 0.5), kind="stable")][:12].tolist():
                said = names.get(int(found.label[at]), "")
                likely = float(found.score[at])
                boxes.append({"kind": "prediction", "box": found.box[at].tolist(), "label": said, "score": likely})
        result.append(boxes)
    return result


def _cases(pit: Pit, chosen: Sequence[Chosen]) -> dict[int, tuple[int | None, UUID | None]]:
    """Primary key and uuid of the case behind each failure that was chosen."""
    by_source: dict[int, dict[int, int]] = defaultdict(dict)
    for each in chosen:
        if each.failure >= 0:
            number, row = pit.origins[each.failure]
            by_source[number][row] = each.failure
    cases: dict[int, tuple[int | None, UUID | None]] = {}
    for number, wanted in by_source.items():
        seen = Sighting.objects.filter(evaluation=pit.evaluations[number], row__in=list(wanted))
        for row, pk, uuid in seen.values_list("row", "failure_id", "failure__uuid"):
            cases[wanted[row]] = (pk, uuid)
    return cases


def create_round(request: MiningRequest, user: User, *, queue: str, name: str = "") -> MiningRound:
    """Choose the items and put them into a queue, each with its reason, its case and the run's suggestion.

    The queue is made if there is none of that name; one that another round has filled, or that has had some of these
    items, is refused. Raises BadInput where nothing can be chosen, saying why; Conflict where somebody else took them.
    """
    pit = dig(request)
    chosen = _choose(pit, request)
    parts = brought(pit, request, chosen)
    if not chosen:
        why = [f"{part.strategy}: {part.reason}." for part in parts if part.reason]
        raise BadInput(" ".join(["There is nothing to mine.", *why, *notes(pit, request)]), code="nothing")
    for number, evaluation in enumerate(pit.evaluations):
        if evaluation is not None:
            own = [
                row
                for source, row in (pit.origins[each.failure] for each in chosen if each.failure >= 0)
                if source == number
            ]
            record.record(evaluation, rows_of(evaluation), np.array(own, dtype=np.int64))
    cases = _cases(pit, chosen)
    items = Item.objects.in_bulk([pit.items[each.item] for each in chosen])
    suggested = _suggestions(pit, chosen, items)
    dataset = pit.sources[0].prediction_set.version.dataset
    project = request.run.project
    with transaction.atomic():
        # one round of a dataset at a time: what two chose at once goes to the first of them
        Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
        if waiting_tasks(dataset).filter(item__in=list(items)).exists():
            raise Conflict("Some of these items were put into a queue just now; mine again.", code="items_taken")
        row = Queue.objects.filter(project=project, name=queue).first()
        if row is None:
            reason = f"Mined from {request.run.name}"
            row = queues.create_queue(project, user, name=queue, schema=dataset.schema, reason=reason)
        elif MiningRound.objects.filter(queue=row).exists():
            raise Conflict(f"The queue {queue!r} belongs to another round; choose another name.", code="queue_taken")
        elif row.schema_revision.schema_id != dataset.schema_id:
            raise Conflict(f"The queue {queue!r} has another schema; choose another name.", code="queue_taken")
        elif Task.objects.filter(queue=row, item__in=list(items)).exists():
            raise Conflict(f"The queue {queue!r} has had some of these items; choose another name.", code="queue_taken")
        made = MiningRound.objects.create(
            project=project,
            dataset=dataset,
            run=request.run,
            name=name or queue,
            settings=_settings(request, pit, parts),
            queue=row,
            created_by=user,
        )
        specs = []
        boxes = _boxes(pit, chosen)
        for place, each in enumerate(chosen):
            pk = pit.items[each.item]
            _case, uuid = cases.get(each.failure, (None, None))
            reason_json = _reason(project, request.run, made, each, uuid)
            if each.failure >= 0:
                reason_json["threshold"] = _threshold(pit, each, request)
                if boxes[place]:
                    reason_json["box"] = boxes[place][0]["box"]
            specs.append(
                queues.TaskSpec(
                    item=items[pk], priority=len(chosen) - place, reason=reason_json, prelabels=suggested.get(pk, [])
                )
            )
        queues.add_tasks(row, user, specs)
        tasks = dict(Task.objects.filter(queue=row, item__in=list(items)).values_list("item_id", "pk"))
        MinedItem.objects.bulk_create(
            MinedItem(
                round=made,
                item_id=pit.items[each.item],
                task_id=tasks.get(pit.items[each.item]),
                failure_id=cases.get(each.failure, (None, None))[0],
                strategy=each.strategy,
                arm=each.arm,
                score=each.score,
                reason=each.reason,
            )
            for each in chosen
        )
        events.record(project, user, "mining.create", made, items=len(chosen), run=str(request.run.uuid))
    return made


def _settings(request: MiningRequest, pit: Pit, parts: Sequence[Brought]) -> dict[str, Any]:
    return {
        "strategies": dict(request.strategies),
        "budget": request.budget,
        "random": request.random,
        "seed": request.seed,
        "filters": request.filters.query(),
        "failures": [str(uuid) for uuid in request.failures],
        "splits": [source.split for source in pit.sources],
        "prediction_sets": [str(source.prediction_set.uuid) for source in pit.sources],
        "candidates": len(pit.items),
        "brought": [asdict(part) for part in parts],
        "notes": notes(pit, request),
    }


def _reason(project: Project, run: Run, made: MiningRound, each: Chosen, failure: UUID | None) -> dict[str, Any]:
    """A task's reason. It does not tell the arms apart: who labels must not know the control."""
    reason: dict[str, Any] = {
        **each.reason,
        "run": str(run.uuid),
        "run_name": run.name,
        "round": str(made.uuid),
    }
    if each.arm == CONTROL:
        reason["text"] = "drawn at random"
    if failure is not None:
        reason["failure"] = str(failure)
        reason["failure_url"] = reverse("hooks:failure", args=[project.name, failure])
    return reason


def _threshold(pit: Pit, each: Chosen, request: MiningRequest) -> float | None:
    """The score at which the failure that caused a choice is what its reason says."""
    evaluation = pit.evaluations[pit.origins[each.failure][0]]
    return stated_threshold(evaluation, request.filters.threshold) if evaluation is not None else None


def _suggestions(pit: Pit, chosen: Sequence[Chosen], items: Mapping[int, Item]) -> dict[int, prelabels.Prelabels]:
    """For labelled items the wrong predictions; for pool items all from the run's own threshold on."""
    result: dict[int, prelabels.Prelabels] = {}
    for number, source in enumerate(pit.sources):
        own = [items[pit.items[each.item]] for each in chosen if pit.source_of[each.item] == number]
        evaluation = pit.evaluations[number]
        if evaluation is not None:
            result |= prelabels.suggestions(evaluation, own)
        else:
            result |= prelabels.predicted(source.prediction_set, own, usual_threshold(source.prediction_set.run))
    return result


def usual_threshold(run: Run) -> float:
    """The threshold of best F1 in the run's newest evaluation of boxes; .5 where there is none."""
    known = (
        Evaluation.objects.filter(prediction_set__run=run, state=Evaluation.State.READY, threshold__isnull=False)
        .order_by("-pk")
        .values_list("threshold", flat=True)
        .first()
    )
    return 0.5 if known is None else known
