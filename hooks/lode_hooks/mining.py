"""Mining rounds: a run's out-of-fold failures and doubts become a queue, with a random control beside them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

import numpy as np
import polars as pl
from django.db import transaction
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lode_annotation import queues
from lode_annotation.models import LabelSet, Queue, Task
from lode_datasets import versions
from lode_datasets.models import DatasetItem
from lode_hooks import files, prelabels, sightings
from lode_hooks.evaluate import rows_of, threshold_or_own
from lode_hooks.evaluation.arrays import Detections, Floats
from lode_hooks.evaluation.columns import read_probabilities
from lode_hooks.evaluation.kinds import KINDS, MISSED
from lode_hooks.failures import FailureFilter, rows_matching, visible
from lode_hooks.models import Evaluation, MinedItem, MiningRound, PredictionSet, Run, Sighting
from lode_hooks.predictions import POOL
from lode_hooks.select import CONTROL, Chosen, choose
from lode_hooks.strategies import STRATEGIES as RANKERS
from lode_hooks.strategies import Candidates, FailureRows
from lode_platform import events
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Item, Project, User

Words = str | Promise

MOST = 10_000
"""Items of one round at most."""

SHOWN = 120
"""Candidates of a preview that come with their boxes."""

TRAIN, VALIDATION, TEST = "train", "val", "test"


@dataclass(frozen=True)
class Strategy:
    """A strategy as people choose it."""

    name: str
    title: Words
    text: Words


STRATEGIES: dict[str, Strategy] = {
    "failures": Strategy(
        "failures", _("Failures"), _("Items where the run failed: confident mistakes and large misses first.")
    ),
    "uncertain": Strategy(
        "uncertain", _("Uncertain"), _("Items the run was least sure of: level classes, boxes with a middling score.")
    ),
    "random": Strategy("random", _("Random"), _("Items by lot.")),
}


@dataclass(frozen=True)
class Source:
    """A prediction set of a run that items may be mined from, or may not, and why."""

    prediction_set: PredictionSet
    split: str
    items: int
    allowed: bool
    why_not: Words


def sources(run: Run) -> list[Source]:
    """The newest finished prediction set of each split, the ones to mine from first.

    Train only out of fold: of an item it has learnt by heart a model says nothing. Test never: the report is made on
    it. Validation only where it is asked for or nothing else is there: its relabelled items are then shown apart.
    """
    newest: dict[tuple[str, bool], PredictionSet] = {}
    for sent in run.prediction_sets.filter(state=PredictionSet.State.READY).select_related("version").order_by("pk"):
        newest[(sent.split, sent.out_of_fold)] = sent
    found = []
    for (split, out_of_fold), sent in newest.items():
        why_not: Words = ""
        if split == TEST:
            why_not = _("The test split is for the report; no round touches it.")
        elif split == TRAIN and not out_of_fold:
            why_not = _("These predictions are on items the model was trained on; log them out of fold.")
        found.append(Source(sent, split, sent.items, not why_not, why_not))
    order = {TRAIN: 0, POOL: 1}
    return sorted(found, key=lambda source: (not source.allowed, order.get(source.split, 2), source.split))


@dataclass(frozen=True)
class MiningRequest:
    """What to mine. `strategies` are weights by name, `random` the control's share of the budget.

    `filters` and `failures` say "like these": their kinds and classes in the failures of labelled items, their
    predicted classes in the pool. `splits` empty: out-of-fold train and the pool, or validation if there is neither.
    """

    run: Run
    strategies: Mapping[str, float]
    budget: int
    random: float = 0.2
    seed: int = 0
    filters: FailureFilter = field(default_factory=FailureFilter)
    failures: Sequence[UUID] = ()
    splits: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, project: Project, user: User, body: Mapping[str, Any]) -> Self:
        """From REST's or a page's JSON. Raises BadInput naming the field, NotFound.

        `run` (uuid or name), `strategies` (weights by name, a list, or "a=1,b=2") or `strategy`, `budget`, `random`,
        `seed`, `filters`, `failures`, `splits`.
        """
        given = body.get("strategies") or body.get("strategy") or "failures"
        like = [_as_uuid("failures", uuid) for uuid in body.get("failures") or ()]
        splits = body.get("splits") or ()
        return cls(
            run=find_run(project, user, str(body.get("run", ""))),
            strategies=_weights(given),
            budget=_whole("budget", body.get("budget", 100), 1, MOST),
            random=_share(body.get("random", 0.2)),
            seed=_whole("seed", body.get("seed", 0) or 0, 0, 2**31 - 1),
            filters=FailureFilter.parse(body.get("filters") or {}),
            failures=[failure.uuid for failure in visible(user, project, like)],
            splits=tuple(splits.split(",")) if isinstance(splits, str) else tuple(str(split) for split in splits),
        )


def find_run(project: Project, user: User, name: str) -> Run:
    """A run by its uuid, or the newest one of a name. Raises NotFound."""
    runs = Run.objects.visible_to(user).filter(project=project).select_related("project")
    try:
        run = runs.filter(uuid=UUID(name)).first()
    except ValueError:
        run = runs.filter(name=name).order_by("-pk").first()
    if run is None:
        raise NotFound(f"There is no run {name!r}.")
    return run


def _as_uuid(field_name: str, text: Any) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise BadInput(f"{field_name}: {text!r} is not a uuid.", field=field_name) from None


def _weights(given: Any) -> dict[str, float]:
    parts: Iterable[tuple[str, Any]]
    if isinstance(given, Mapping):
        parts = given.items()
    else:
        names = given.split(",") if isinstance(given, str) else [str(name) for name in given]
        parts = [(name.partition("=")[0].strip(), name.partition("=")[2] or 1) for name in names if name.strip()]
    weights: dict[str, float] = {}
    for name, weight in parts:
        if name not in STRATEGIES:
            raise BadInput(f"There is no strategy {name!r}; there are {', '.join(STRATEGIES)}.", field="strategies")
        try:
            weights[name] = float(weight)
        except (TypeError, ValueError):
            raise BadInput(f"The weight of {name}, {weight!r}, is not a number.", field="strategies") from None
        if not 0 <= weights[name] < 1e9:
            raise BadInput(f"The weight of {name} is not a number from 0 on.", field="strategies")
    if not sum(weights.values()):
        raise BadInput("At least one strategy needs a weight above 0.", field="strategies")
    return weights


def _whole(name: str, value: Any, least: int, most: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise BadInput(f"{name} is {value!r}, not a whole number.", field=name) from None
    if not least <= number <= most:
        raise BadInput(f"{name} lies between {least} and {most}.", field=name)
    return number


def _share(value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        raise BadInput(f"random is {value!r}, not a number.", field="random") from None
    if not 0 <= share <= 1:
        raise BadInput("random is a share between 0 and 1.", field="random")
    return share


# -- candidates -------------------------------------------------------------------------------------------------------


@dataclass
class _Pit:
    """Everything a round may choose from: items of its sources in one order, and what the run said of them."""

    items: list[int]
    names: list[str]
    source_of: list[int]
    sources: list[Source]
    evaluations: list[Evaluation | None]
    candidates: Candidates
    origins: list[tuple[int, int]]
    """For every failure: its source and its row in that source's evaluation."""


def _dig(request: MiningRequest) -> _Pit:
    chosen = _chosen_sources(request)
    evaluations = [_evaluation_of(source) for source in chosen]
    items: list[int] = []
    names: list[str] = []
    source_of: list[int] = []
    seen: set[int] = set()
    for number, source in enumerate(chosen):
        for pk, uuid in _free_items(source):
            if pk not in seen:
                seen.add(pk)
                items.append(pk)
                names.append(str(uuid))
                source_of.append(number)
    place = {name: index for index, name in enumerate(names)}
    like = _Like.of(request)
    failures, origins = _failures(request, evaluations, place, source_of, like)
    is_boxes = all(source.prediction_set.task == PredictionSet.Task.BOXES for source in chosen)
    revision = chosen[0].prediction_set.version.schema_revision
    candidates = Candidates(
        count=len(items),
        detections=_detections(chosen, place, source_of, like) if is_boxes else None,
        probabilities=None if is_boxes else _probabilities(chosen, names, source_of),
        failures=failures,
        names={int(row["id"]): str(row["name"]) for row in revision.classes},
    )
    return _Pit(items, names, source_of, chosen, evaluations, candidates, origins)


def _chosen_sources(request: MiningRequest) -> list[Source]:
    known = sources(request.run)
    if not known:
        raise BadInput("This run has no finished predictions to mine from.", code="no_predictions")
    asked = request.splits
    wanted = [source for source in known if source.split in (asked or (TRAIN, POOL))]
    allowed = [source for source in wanted if source.allowed]
    if not allowed and not asked:
        wanted = known
        allowed = [source for source in known if source.allowed]
    refused = next((source for source in wanted if not source.allowed), None)
    if not allowed and refused is not None:
        raise BadInput(str(refused.why_not), code="not_minable", split=refused.split)
    if not allowed:
        raise BadInput(f"This run has no predictions on {', '.join(asked)}.", code="no_predictions")
    datasets = {source.prediction_set.version.dataset_id for source in allowed}
    first = allowed[0].prediction_set.version.dataset_id
    return [source for source in allowed if source.prediction_set.version.dataset_id == first] if datasets else []


def _evaluation_of(source: Source) -> Evaluation | None:
    """The evaluation on the newest truth; None for the pool, which has none."""
    found = (
        source.prediction_set.evaluations.filter(state=Evaluation.State.READY)
        .select_related("prediction_set__run__project", "version__dataset", "version__schema_revision")
        .order_by("-version__number", "-pk")
        .first()
    )
    if found is None and source.split != POOL:
        raise Conflict("These predictions are not evaluated yet; the job is on its way.", code="not_evaluated")
    return None if source.split == POOL else found


def _free_items(source: Source) -> list[tuple[int, UUID]]:
    """Items of a source that may be asked for: alive, still in the dataset, waiting in no queue of the same schema.

    Of the pool, those that nobody has labelled since and whose split, decided when they came in, is train: the others
    will be validation or test.
    """
    sent = source.prediction_set
    dataset = sent.version.dataset
    held = versions.entries(sent.version, sent.split).select_related(None)
    rows = held.filter(item__trashed_at=None).values_list("item_id", "item__uuid")
    selected = DatasetItem.objects.filter(dataset=dataset)
    if source.split == POOL:
        selected = selected.filter(split=TRAIN)
    kept = set(selected.values_list("item_id", flat=True))
    waiting = set(
        Task.objects.filter(
            queue__project=dataset.project_id,
            queue__schema_revision__schema=dataset.schema_id,
            state__in=[Task.State.OPEN, Task.State.SUBMITTED],
        ).values_list("item_id", flat=True)
    )
    if source.split == POOL:
        waiting |= set(LabelSet.objects.current().filter(schema=dataset.schema_id).values_list("item_id", flat=True))
    return [(pk, uuid) for pk, uuid in rows if pk in kept and pk not in waiting]


@dataclass(frozen=True)
class _Like:
    """What "like these" asks for: triples (kind, truth, prediction), and classes for the pool; None: anything."""

    triples: frozenset[tuple[str, int | None, int | None]] | None
    classes: frozenset[int] | None

    @classmethod
    def of(cls, request: MiningRequest) -> "_Like":
        filters = request.filters
        classes: set[int] = set()
        if filters.cell is not None:
            classes |= {number for number in filters.cell if number}
        classes |= {number for number in (filters.truth_class, filters.predicted_class) if number}
        triples: frozenset[tuple[str, int | None, int | None]] | None = None
        if request.failures:
            seen = Sighting.objects.filter(
                failure__uuid__in=request.failures, evaluation__prediction_set__run=request.run
            )
            found = set(seen.values_list("kind", "truth_class", "predicted_class"))
            if not found:
                any_run = Sighting.objects.filter(failure__uuid__in=request.failures)
                found = set(any_run.values_list("kind", "truth_class", "predicted_class"))
            triples = frozenset(found)
            classes |= {number for _kind, *both in found for number in both if number}
        return cls(triples, frozenset(classes) or None)


def _failures(
    request: MiningRequest,
    evaluations: Sequence[Evaluation | None],
    place: Mapping[str, int],
    source_of: Sequence[int],
    like: _Like,
) -> tuple[FailureRows, list[tuple[int, int]]]:
    """The failures of the sources' evaluations that the filters let through, and where each comes from."""
    filters = replace(request.filters, against=None, transition="", item=None, sort="confident")
    if filters.state not in ("", "fp", "fn"):
        filters = replace(filters, state="")
    columns: dict[str, list[Any]] = defaultdict(list)
    origins: list[tuple[int, int]] = []
    for number, evaluation in enumerate(evaluations):
        if evaluation is None:
            continue
        rows = rows_of(evaluation)
        at = rows.at(threshold_or_own(evaluation, filters.threshold))
        for row in rows_matching(evaluation, filters).tolist():
            item = place.get(rows.item[row], -1)
            if item < 0 or source_of[item] != number or not at.failing[row]:
                continue
            kind = int(at.kind[row])
            truth = int(rows.truth_class[row])
            predicted = -1 if kind == MISSED else int(rows.predicted_class[row])
            triple = (KINDS[kind], truth if truth >= 0 else None, predicted if predicted >= 0 else None)
            if like.triples is not None and triple not in like.triples:
                continue
            area = float(rows.area[row])
            columns["item"].append(item)
            columns["kind"].append(kind)
            columns["score"].append(float("nan") if kind == MISSED else float(rows.score[row]))
            columns["size"].append(area**0.5 if area > 0 else 0.0)
            columns["row"].append(len(origins))
            columns["truth"].append(truth)
            columns["predicted"].append(predicted)
            origins.append((number, row))

    def ints(name: str) -> Any:
        return np.array(columns[name], dtype=np.int64)

    score = np.array(columns["score"], dtype=np.float64)
    rows_found = FailureRows(
        item=ints("item"),
        kind=np.array(columns["kind"], dtype=np.int8),
        score=np.where(np.isinf(score), np.nan, score),
        size=np.array(columns["size"], dtype=np.float64),
        row=ints("row"),
        truth_class=ints("truth"),
        predicted_class=ints("predicted"),
    )
    return rows_found, origins


def _detections(
    chosen: Sequence[Source], place: Mapping[str, int], source_of: Sequence[int], like: _Like
) -> Detections:
    """The boxes of all sources on their candidates; with "like these", those of its classes."""
    parts = []
    for number, source in enumerate(chosen):
        frame = pl.read_parquet(files.at(source.prediction_set.columns)).filter(pl.col("label").is_not_null())
        if like.classes is not None:
            frame = frame.filter(pl.col("label").is_in(list(like.classes)))
        own = [place.get(name, -1) for name in frame["item"].to_list()]
        kept = [row for row, item in enumerate(own) if item >= 0 and source_of[item] == number]
        frame = frame[kept].with_columns(pl.Series("place", [own[row] for row in kept], dtype=pl.Int64))
        parts.append(frame.select("place", "label", "x1", "y1", "x2", "y2", "score"))
    whole = pl.concat(parts)
    return Detections.of(
        whole["place"].to_numpy(),
        whole["label"].to_numpy(),
        whole.select("x1", "y1", "x2", "y2").to_numpy(),
        whole["score"].to_numpy(),
    )


def _probabilities(chosen: Sequence[Source], names: Sequence[str], source_of: Sequence[int]) -> Floats:
    """Probabilities of every candidate by its own source; NaN where the run said nothing."""
    tables = [read_probabilities(files.at(source.prediction_set.columns), names) for source in chosen]
    classes = sorted({class_id for known, _values in tables for class_id in known})
    result = np.full((len(names), max(len(classes), 1)), np.nan)
    for number, (known, values) in enumerate(tables):
        own = np.array(source_of, dtype=np.int64) == number
        columns = [classes.index(class_id) for class_id in known]
        if not columns:
            continue
        said = own & ~np.isnan(values).any(axis=1)
        result[said] = 0.0
        result[np.ix_(said, columns)] = values[said]
    return result


# -- preview ----------------------------------------------------------------------------------------------------------


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
    """What a request would take: the first candidates, how many each strategy brings, and how many it could bring."""

    candidates: list[Candidate]
    total: int
    by_strategy: dict[str, int]
    available: dict[str, int]
    control: int
    sources: list[Source]


def preview(request: MiningRequest, user: User) -> Preview:
    """Choose without writing anything; `create_round` with the same request takes the same items."""
    pit = _dig(request)
    chosen = _choose(pit, request)
    by_strategy: dict[str, int] = dict.fromkeys(request.strategies, 0)
    for each in chosen:
        if each.arm != CONTROL:
            by_strategy[each.strategy] = by_strategy.get(each.strategy, 0) + 1
    available = {
        name: int(np.isfinite(RANKERS[name].rank(pit.candidates, request.seed).score).sum()) for name in RANKERS
    }
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
        total=len(chosen),
        by_strategy=by_strategy,
        available=available,
        control=sum(each.arm == CONTROL for each in chosen),
        sources=sources(request.run),
    )


def _choose(pit: _Pit, request: MiningRequest) -> list[Chosen]:
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


def _boxes(pit: _Pit, chosen: Sequence[Chosen]) -> list[list[dict[str, Any]]]:
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


def _cases(pit: _Pit, chosen: Sequence[Chosen]) -> dict[int, tuple[int | None, UUID | None]]:
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


# -- making the round -------------------------------------------------------------------------------------------------


def create_round(request: MiningRequest, user: User, *, queue: str, name: str = "") -> MiningRound:
    """Choose the items and put them into a queue, each with its reason, its case and the run's suggestion.

    The queue is made if there is none of that name; one that another round has filled is refused. Raises BadInput where
    nothing can be chosen.
    """
    pit = _dig(request)
    chosen = _choose(pit, request)
    if not chosen:
        raise BadInput(
            "There is nothing to mine: no item that these strategies have something to say of.", code="nothing"
        )
    for number, evaluation in enumerate(pit.evaluations):
        if evaluation is not None:
            own = [
                row
                for source, row in (pit.origins[each.failure] for each in chosen if each.failure >= 0)
                if source == number
            ]
            sightings.record(evaluation, rows_of(evaluation), np.array(own, dtype=np.int64))
    cases = _cases(pit, chosen)
    items = Item.objects.in_bulk([pit.items[each.item] for each in chosen])
    suggested = _suggestions(pit, chosen, items)
    dataset = pit.sources[0].prediction_set.version.dataset
    project = request.run.project
    with transaction.atomic():
        row = Queue.objects.filter(project=project, name=queue).first()
        if row is None:
            reason = f"Mined from {request.run.name}"
            row = queues.create_queue(project, user, name=queue, schema=dataset.schema, reason=reason)
        elif MiningRound.objects.filter(queue=row).exists():
            raise Conflict(f"The queue {queue!r} belongs to another round; choose another name.", code="queue_taken")
        elif row.schema_revision.schema_id != dataset.schema_id:
            raise Conflict(f"The queue {queue!r} has another schema.", code="queue_taken")
        made = MiningRound.objects.create(
            project=project,
            dataset=dataset,
            run=request.run,
            name=name or queue,
            settings=_settings(request, pit),
            queue=row,
            created_by=user,
        )
        specs = []
        for place, each in enumerate(chosen):
            pk = pit.items[each.item]
            _case, uuid = cases.get(each.failure, (None, None))
            reason_json = _reason(project, request.run, made, each, uuid)
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


def _settings(request: MiningRequest, pit: _Pit) -> dict[str, Any]:
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


def _suggestions(pit: _Pit, chosen: Sequence[Chosen], items: Mapping[int, Item]) -> dict[int, prelabels.Prelabels]:
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
