"""Mining rounds: a run's failures and uncertain predictions become a queue, with a random control beside them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from lode_annotation import queues
from lode_annotation.models import Queue, Task
from lode_datasets.models import Dataset
from lode_hooks.evaluations import prelabels
from lode_hooks.evaluations.metrics.rows import MatchRow
from lode_hooks.evaluations.summary import rows_of, stated_threshold
from lode_hooks.failures import record
from lode_hooks.mining import drawn
from lode_hooks.mining.candidates import CandidatePool, SourceIndex, gather, waiting_tasks
from lode_hooks.mining.request import MiningRequest
from lode_hooks.mining.select import CONTROL, Chosen, choose
from lode_hooks.mining.strategies import FailureNumber
from lode_hooks.mining.yields import StrategyYield, notes, strategy_yields
from lode_hooks.models import Evaluation, FailureOccurrence, MinedItem, MiningRound, Run
from lode_platform import events
from lode_platform.callers import Caller
from lode_platform.drawing import Drawn
from lode_platform.errors import BadInput, Conflict
from lode_platform.models import Item, Project, User

PREVIEW_SIZE = 120
"""Candidates of a preview that come with what is drawn on them."""


@dataclass(frozen=True)
class Candidate:
    """An item that a round would take: why, and the regions to draw."""

    item: Item
    strategy: str
    arm: str
    score: float
    reason: dict[str, Any]
    failure: UUID | None
    regions: list[Drawn]
    split: str


@dataclass(frozen=True)
class Preview:
    """What a request would take: the first candidates, what each strategy yields and why not more, and what else to
    know; `budget` is what was asked for."""

    candidates: list[Candidate]
    budget: int
    total: int
    strategies: list[StrategyYield]
    control: int
    notes: list[str]


Tell = Callable[[int, str], None]
"""Hears how many of the `STEPS` are done, and what is done now."""
STEPS = 3


def _nobody(done: int, words: str) -> None:
    pass


def preview(request: MiningRequest, user: User, tell: Tell = _nobody) -> Preview:
    """Choose without writing anything; `create_round` with the same request takes the same items."""
    tell(0, _("Reading what the run predicted"))
    pool = gather(request)
    tell(1, _("Choosing"))
    chosen = _choose(pool, request)
    tell(2, _("Reading what is drawn"))
    shown = chosen[:PREVIEW_SIZE]
    items = Item.objects.in_bulk([pool.items[each.item] for each in shown])
    regions = drawn.of_chosen(pool, shown)
    failures = _recorded(pool, shown)
    return Preview(
        candidates=[
            Candidate(
                item=items[pool.items[each.item]],
                strategy=each.strategy,
                arm=each.arm,
                score=each.score,
                reason=each.reason,
                failure=failures[each.failure].uuid if each.failure in failures else None,
                regions=regions[index],
                split=pool.sources[pool.source_of[each.item]].split,
            )
            for index, each in enumerate(shown)
        ],
        budget=request.budget,
        total=len(chosen),
        strategies=strategy_yields(pool, request, chosen),
        control=sum(each.arm == CONTROL for each in chosen),
        notes=notes(pool, request),
    )


def _choose(pool: CandidatePool, request: MiningRequest) -> list[Chosen]:
    """The choice, the control spread evenly among the rest: half a queue labelled is half of both."""
    try:
        chosen = choose(pool.candidates, request.strategies, request.budget, request.random, request.seed)
    except ValueError as error:
        raise BadInput(f"{error}.", code="bad_request") from None
    mined = [each for each in chosen if each.arm != CONTROL]
    control = [each for each in chosen if each.arm == CONTROL]
    places = [((n + 0.5) / len(mined), 0, n, each) for n, each in enumerate(mined)]
    places += [((n + 0.5) / len(control), 1, n, each) for n, each in enumerate(control)]
    return [each for *_place, each in sorted(places, key=lambda place: place[:3])]


def _bounds(pool: CandidatePool, each: Chosen) -> list[float] | None:
    """Where the failure lies that an item was chosen for, xyxy in pixels: the truth, or the false alarm."""
    number, row = pool.origins[each.failure]
    evaluation = pool.evaluations[number]
    assert evaluation is not None
    rows = rows_of(evaluation)
    found = rows.predicted_box[row] if np.isnan(rows.truth_box[row]).any() else rows.truth_box[row]
    return None if np.isnan(found).any() else found.tolist()


def _page(pool: CandidatePool, each: Chosen) -> int | None:
    """The page that the failure lies on, from 0 on; None for the first."""
    number, row = pool.origins[each.failure]
    evaluation = pool.evaluations[number]
    return None if evaluation is None else rows_of(evaluation).frame[row]


class RecordedFailure(NamedTuple):
    """A failure that is on record: its primary key and uuid."""

    pk: int
    uuid: UUID


def _recorded(pool: CandidatePool, chosen: Sequence[Chosen]) -> dict[FailureNumber, RecordedFailure]:
    """Those of the chosen failures that are on record."""
    by_source: dict[SourceIndex, dict[MatchRow, FailureNumber]] = defaultdict(dict)
    for each in chosen:
        if each.failure >= 0:
            number, row = pool.origins[each.failure]
            by_source[number][row] = each.failure
    found: dict[FailureNumber, RecordedFailure] = {}
    for number, wanted in by_source.items():
        seen = FailureOccurrence.objects.filter(evaluation=pool.evaluations[number], row__in=list(wanted))
        for at, pk, uuid in seen.values_list("row", "failure_id", "failure__uuid"):
            found[wanted[MatchRow(at)]] = RecordedFailure(pk, uuid)
    return found


def create_round(
    request: MiningRequest,
    caller: Caller,
    *,
    queue: str,
    name: str = "",
    uuid: UUID | None = None,
    tell: Tell = _nobody,
    within: Callable[[], AbstractContextManager[None]] = transaction.atomic,
) -> MiningRound:
    """Choose the items and put them into a queue, each with its reason, its failure and the run's suggestion.

    The queue is created if there is none of that name; one that another round has filled, or that has had some of these
    items, is refused. `within` is the transaction that writes it. Raises BadInput where nothing can be chosen, saying
    why; Conflict where somebody else took them.
    """
    user = caller.user
    tell(0, _("Reading what the run predicted"))
    pool = gather(request)
    tell(1, _("Choosing"))
    chosen = _choose(pool, request)
    tell(2, _("Filling the queue"))
    parts = strategy_yields(pool, request, chosen)
    if not chosen:
        why = [f"{part.strategy}: {part.reason}." for part in parts if part.reason]
        raise BadInput(" ".join(["There is nothing to mine.", *why, *notes(pool, request)]), code="nothing")
    _record(pool, chosen)
    failures = _recorded(pool, chosen)
    items = Item.objects.in_bulk([pool.items[each.item] for each in chosen])
    suggested = _suggestions(pool, chosen, items)
    dataset = pool.sources[0].prediction_set.version.dataset
    project = request.run.project
    with within():
        # one round of a dataset at a time: what two chose at once goes to the first of them
        Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
        if waiting_tasks(dataset).filter(item__in=list(items)).exists():
            raise Conflict("Some of these items were put into a queue just now; mine again.", code="items_taken")
        row = _queue(request, caller, dataset, queue, items)
        made = MiningRound.objects.create(
            uuid=uuid or uuid4(),
            project=project,
            dataset=dataset,
            run=request.run,
            name=name or queue,
            settings=_settings(request, pool, parts),
            queue=row,
            created_by=user,
        )
        queues.add_tasks(row, caller, _tasks(request, pool, chosen, made, items, failures, suggested))
        _keep(pool, chosen, made, failures)
        events.record(project, user, "mining.create", made, items=len(chosen), run=str(request.run.uuid))
    return made


def _record(pool: CandidatePool, chosen: Sequence[Chosen]) -> None:
    """Put on record the failures that were chosen and have no row yet."""
    by_source: dict[SourceIndex, list[MatchRow]] = defaultdict(list)
    for each in chosen:
        if each.failure >= 0:
            number, row = pool.origins[each.failure]
            by_source[number].append(row)
    for number, own in by_source.items():
        if evaluation := pool.evaluations[number]:
            record.record(evaluation, rows_of(evaluation), np.array(own, dtype=np.int64))


def refuse_queue(project: Project, dataset: Dataset, name: str) -> Queue | None:
    """The queue of a name, None where there is none yet. Raises Conflict where it can be no queue of a new round."""
    queue = Queue.objects.filter(project=project, name=name).first()
    if queue is None:
        return None
    if MiningRound.objects.filter(queue=queue).exists():
        raise Conflict(f"The queue {name!r} belongs to another round; choose another name.", code="queue_taken")
    if queue.schema_revision.schema_id != dataset.schema_id:
        raise Conflict(f"The queue {name!r} has another schema; choose another name.", code="queue_taken")
    return queue


def _queue(request: MiningRequest, caller: Caller, dataset: Dataset, name: str, items: Mapping[int, Item]) -> Queue:
    """The queue of a name, created if there is none. Raises Conflict where it cannot take this round's items."""
    queue = refuse_queue(request.run.project, dataset, name)
    if queue is None:
        reason = f"Mined from “{request.run.name}”"
        return queues.create_queue(request.run.project, caller, name=name, schema=dataset.schema, reason=reason)
    if Task.objects.filter(queue=queue, item__in=list(items)).exists():
        raise Conflict(f"The queue {name!r} has had some of these items; choose another name.", code="queue_taken")
    return queue


def _tasks(
    request: MiningRequest,
    pool: CandidatePool,
    chosen: Sequence[Chosen],
    made: MiningRound,
    items: Mapping[int, Item],
    failures: Mapping[FailureNumber, RecordedFailure],
    suggested: Mapping[int, prelabels.Prelabels],
) -> list[queues.TaskSpec]:
    """A task for every chosen item, the first with the highest priority."""
    specs = []
    for place, each in enumerate(chosen):
        pk = pool.items[each.item]
        known = failures.get(each.failure)
        reason = _reason(request.run, made, each, known.uuid if known else None)
        if each.failure >= 0:
            reason["threshold"] = _threshold(pool, each, request)
            if box := _bounds(pool, each):
                reason["box"] = box
                if page := _page(pool, each):
                    reason["page"] = page
        priority = len(chosen) - place
        specs.append(queues.TaskSpec(item=items[pk], priority=priority, reason=reason, prelabels=suggested.get(pk, [])))
    return specs


def _keep(
    pool: CandidatePool,
    chosen: Sequence[Chosen],
    made: MiningRound,
    failures: Mapping[FailureNumber, RecordedFailure],
) -> None:
    """The round's own rows: which item was chosen by which strategy, and its task."""
    wanted = [pool.items[each.item] for each in chosen]
    tasks = dict(Task.objects.filter(queue=made.queue, item__in=wanted).values_list("item_id", "pk"))
    MinedItem.objects.bulk_create(
        MinedItem(
            round=made,
            item_id=pool.items[each.item],
            task_id=tasks.get(pool.items[each.item]),
            failure_id=failures[each.failure].pk if each.failure in failures else None,
            strategy=each.strategy,
            arm=each.arm,
            score=each.score,
            reason=each.reason,
        )
        for each in chosen
    )


def _settings(request: MiningRequest, pool: CandidatePool, parts: Sequence[StrategyYield]) -> dict[str, Any]:
    return {
        "strategies": dict(request.strategies),
        "budget": request.budget,
        "random": request.random,
        "seed": request.seed,
        "filters": request.filters.query(),
        "failures": [str(uuid) for uuid in request.failures],
        "splits": [source.split for source in pool.sources],
        "prediction_sets": [str(source.prediction_set.uuid) for source in pool.sources],
        "candidates": len(pool.items),
        "brought": [asdict(part) for part in parts],
        "notes": notes(pool, request),
    }


def _reason(run: Run, made: MiningRound, each: Chosen, failure: UUID | None) -> dict[str, Any]:
    """A task's reason. It does not tell the arms apart: who labels must not know the control."""
    reason: dict[str, Any] = {
        **each.reason,
        "run": str(run.uuid),
        "run_name": run.name,
        "round": str(made.uuid),
    }
    if each.arm == CONTROL:
        reason["text"] = "chosen at random"
    if failure is not None:
        reason["failure"] = str(failure)
        reason["failure_url"] = reverse("hooks:failure", args=[run.project.name, failure])
    return reason


def _threshold(pool: CandidatePool, each: Chosen, request: MiningRequest) -> float | None:
    """The score at which the failure that caused a choice is what its reason says."""
    evaluation = pool.evaluations[pool.origins[each.failure][0]]
    return stated_threshold(evaluation, request.filters.threshold) if evaluation is not None else None


def _suggestions(
    pool: CandidatePool, chosen: Sequence[Chosen], items: Mapping[int, Item]
) -> dict[int, prelabels.Prelabels]:
    """For labelled items the wrong predictions; for pool items all from the run's own threshold on."""
    result: dict[int, prelabels.Prelabels] = {}
    for number, source in enumerate(pool.sources):
        own = [items[pool.items[each.item]] for each in chosen if pool.source_of[each.item] == number]
        evaluation = pool.evaluations[number]
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
