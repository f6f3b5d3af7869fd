"""Everything a round may choose from: a run's sources, their free items, and what the run said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import NewType

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lode_annotation.models import LabelSet, Task
from lode_datasets import versions
from lode_datasets.models import Dataset, DatasetItem
from lode_hooks.evaluations import files, predictions
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.metrics.arrays import Detections, Floats, Ints
from lode_hooks.evaluations.metrics.columns import BOX, BOX_PREDICTIONS, read_probabilities
from lode_hooks.evaluations.metrics.kinds import KINDS, MISSED
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.rows import MatchRow
from lode_hooks.evaluations.splits import POOL, TEST, TRAIN
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.failures.browse import rows_matching
from lode_hooks.failures.filters import FailureFilter
from lode_hooks.failures.verdicts import Alike, alike
from lode_hooks.mining.request import MiningRequest
from lode_hooks.mining.strategies import Candidates, FailureRows
from lode_hooks.models import Evaluation, PredictionSet, Run
from lode_platform.errors import BadInput, Conflict


@dataclass(frozen=True)
class Source:
    """A prediction set of a run that items may be mined from, or may not, and why."""

    prediction_set: PredictionSet
    split: str
    items: int
    allowed: bool
    why_not: str | Promise


def sources(run: Run) -> list[Source]:
    """The newest finished prediction set of each split of each dataset, the ones to mine from first.

    Train only out of fold: of an item it has learnt by heart a model says nothing. Test never: the report is made on
    it. Validation only where it is asked for or nothing else is there: its relabelled items are then shown apart.
    """
    newest: dict[tuple[int, str, bool], PredictionSet] = {}
    finished = run.prediction_sets.filter(state=PredictionSet.State.READY)
    for sent in finished.select_related("version__dataset").order_by("pk"):
        newest[(sent.version.dataset_id, sent.split, sent.out_of_fold)] = sent
    found = []
    for (_dataset, split, out_of_fold), sent in newest.items():
        why_not: str | Promise = ""
        if split == TEST:
            why_not = _("The test split is for the report; no round uses it.")
        elif split == TRAIN and not out_of_fold:
            why_not = _("These predictions are on items the model was trained on; log them out of fold.")
        found.append(Source(sent, split, sent.items, not why_not, why_not))
    order = {TRAIN: 0, POOL: 1}
    return sorted(found, key=lambda source: (not source.allowed, order.get(source.split, 2), source.split))


SourceIndex = NewType("SourceIndex", int)
"""A source's place among those of a pool."""


@dataclass(frozen=True)
class CandidatePool:
    """Everything a round may choose from: items of its sources in one order, and what the run said of them.

    `items` (primary keys), `names` (uuids) and `source_of` are indexed by `CandidateIndex`, `sources` and `evaluations`
    by `SourceIndex`, `origins` by `FailureNumber`: for every failure its source and its row in that source's matches.
    `is_like` says that the request narrows down which failures it means.
    """

    items: list[int]
    names: list[str]
    source_of: list[SourceIndex]
    sources: list[Source]
    evaluations: list[Evaluation | None]
    candidates: Candidates
    origins: list[tuple[SourceIndex, MatchRow]]
    is_like: bool


def gather(request: MiningRequest) -> CandidatePool:
    """The free items of a request's sources. Raises BadInput and Conflict where there is no source to mine from."""
    chosen = chosen_sources(request)
    evaluations = [_evaluation_of(source) for source in chosen]
    parts = [_free_items(source).with_columns(source=pl.lit(number)) for number, source in enumerate(chosen)]
    free = pl.concat(parts).unique("pk", keep="first", maintain_order=True).with_row_index("place")
    like = _SimilarTo.of(request)
    failures, origins = _failures(request, evaluations, free, like)
    located = all(evaluator_of(source.prediction_set.task).located for source in chosen)
    revision = chosen[0].prediction_set.version.schema_revision
    candidates = Candidates(
        count=len(free),
        detections=_detections(chosen, free, like) if located else None,
        probabilities=None if located else _probabilities(chosen, free),
        failures=failures,
        names=revision.class_names,
    )
    is_like = like.triples is not None or bool(replace(request.filters, threshold=None, sort="confident").query())
    return CandidatePool(
        items=free["pk"].to_list(),
        names=free["item"].to_list(),
        source_of=free["source"].to_list(),
        sources=chosen,
        evaluations=evaluations,
        candidates=candidates,
        origins=origins,
        is_like=is_like,
    )


def chosen_sources(request: MiningRequest) -> list[Source]:
    """The sources that a request means. Raises BadInput where there is none to mine from."""
    known = sources(request.run)
    if not known:
        raise BadInput("This run has no finished predictions to mine from.", code="no_predictions")
    datasets = {source.prediction_set.version.dataset.name for source in known}
    if request.dataset:
        known = [source for source in known if source.prediction_set.version.dataset.name == request.dataset]
        if not known:
            have = ", ".join(sorted(datasets))
            words = f"This run has no finished predictions on {request.dataset!r}; it has on {have}."
            raise BadInput(words, code="no_predictions", field="dataset")
    elif len(datasets) > 1:
        words = f"This run predicted on {', '.join(sorted(datasets))}; say which of them to mine: dataset is its name."
        raise BadInput(words, code="which_dataset", field="dataset")
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
    return allowed


def _evaluation_of(source: Source) -> Evaluation | None:
    """The evaluation on the newest truth; None for the pool, which has none."""
    found = source.prediction_set.evaluations.ready().whole().order_by("-version__number", "-pk").first()
    if found is None and source.split != POOL:
        raise Conflict("These predictions are not evaluated yet; the job is on its way.", code="not_evaluated")
    return None if source.split == POOL else found


def _free_items(source: Source) -> pl.DataFrame:
    """Items of a source that may be asked for, `pk` and `item` (uuid), by path: predicted on, alive, still in the
    dataset, waiting in no queue of the same schema. An item that the run said nothing of is none of its failures, and
    no fair part of the control.

    Of the pool, those that nobody has labelled since and whose split, decided when they were imported, is train: the
    others will be validation or test.
    """
    sent = source.prediction_set
    dataset = sent.version.dataset
    selected = DatasetItem.objects.filter(dataset=dataset, item=OuterRef("item"))
    if source.split == POOL:
        selected = selected.filter(split=TRAIN)
    held = versions.entries(sent.version, sent.split).select_related(None)
    rows = held.filter(Exists(selected), item__trashed_at=None).exclude(item__in=waiting_tasks(dataset).values("item"))
    if source.split == POOL:
        labelled = LabelSet.objects.current().filter(schema=dataset.schema_id, item=OuterRef("item"))
        rows = rows.exclude(Exists(labelled))
    # as text, which a million rows are read as in a fraction of the time
    found = rows.values_list("item_id", Cast("item__uuid", TextField()))
    free = pl.DataFrame(list(found), schema={"pk": pl.Int64, "item": pl.String}, orient="row")
    said = predictions.predicted(sent)
    return free.with_columns(_dashed("item")).join(said.to_frame(), on="item", how="semi", maintain_order="left")


def _dashed(name: str) -> pl.Expr:
    """A column of uuids as their text has them, wherever a database keeps the digits alone."""
    digits = pl.col(name).str.replace_all("-", "", literal=True)
    bounds = (0, 8, 12, 16, 20, 32)
    parts = (digits.str.slice(low, high - low) for low, high in pairwise(bounds))
    return pl.concat_str(parts, separator="-").alias(name)


def waiting_tasks(dataset: Dataset) -> QuerySet[Task]:
    """Tasks under a dataset's schema that nobody has finished."""
    return Task.objects.filter(
        queue__project=dataset.project_id,
        queue__schema_revision__schema=dataset.schema_id,
        state__in=[Task.State.OPEN, Task.State.SUBMITTED],
    )


@dataclass(frozen=True)
class _SimilarTo:
    """What "like these" asks for: triples (kind, truth, prediction), and classes for the pool; None: anything."""

    triples: frozenset[Alike] | None
    classes: frozenset[int] | None

    @classmethod
    def of(cls, request: MiningRequest) -> _SimilarTo:
        filters = request.filters
        classes: set[int] = set()
        if filters.cell is not None:
            classes |= {number for number in filters.cell if number}
        classes |= {number for number in (filters.truth_class, filters.predicted_class) if number}
        triples: frozenset[Alike] | None = None
        if request.failures:
            triples = alike(request.failures, request.run, filters.threshold)
            classes |= {number for _kind, *both in triples for number in both if number}
        return cls(triples, frozenset(classes) or None)


def _failures(
    request: MiningRequest,
    evaluations: Sequence[Evaluation | None],
    free: pl.DataFrame,
    like: _SimilarTo,
) -> tuple[FailureRows, list[tuple[SourceIndex, MatchRow]]]:
    """The failures of the sources' evaluations that the filters let through, and where each comes from."""
    filters = replace(request.filters, against=None, transition="", item=None, sort="confident")
    if filters.state not in ("", "fp", "fn"):
        filters = replace(filters, state="")
    parts: list[FailureRows] = []
    origins: list[tuple[SourceIndex, MatchRow]] = []
    for number, evaluation in enumerate(evaluations):
        if evaluation is None:
            continue
        own = free.filter(pl.col("source") == number)
        place = dict(zip(own["item"].to_list(), own["place"].to_list(), strict=True))
        found, rows = _failures_of(evaluation, filters, place, like)
        parts.append(replace(found, number=np.arange(len(origins), len(origins) + len(rows), dtype=np.int64)))
        origins += [(SourceIndex(number), MatchRow(row)) for row in rows.tolist()]
    if not parts:
        return FailureRows.none(), origins
    columns = [field.name for field in fields(FailureRows)]
    return FailureRows(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns)), origins


def _failures_of(
    evaluation: Evaluation, filters: FailureFilter, place: Mapping[str, int], like: _SimilarTo
) -> tuple[FailureRows, Ints]:
    """One evaluation's failures on the items that have a `place`, and the rows of its matches that they are."""
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, filters.threshold))
    chosen = rows_matching(evaluation, filters)
    chosen = chosen[at.failing[chosen]]
    chosen = np.array([row for row in chosen.tolist() if rows.item[row] in place], dtype=np.int64)
    missed = at.kind[chosen] == MISSED
    predicted = np.where(missed, -1, rows.predicted_class[chosen])
    if like.triples is not None:
        triples = zip(at.kind[chosen].tolist(), rows.truth_class[chosen].tolist(), predicted.tolist(), strict=True)
        kept = [
            (KINDS[kind], truth if truth >= 0 else None, said if said >= 0 else None) in like.triples
            for kind, truth, said in triples
        ]
        mask = np.array(kept, dtype=np.bool_)
        chosen, missed, predicted = chosen[mask], missed[mask], predicted[mask]
    score = np.where(missed, np.nan, rows.score[chosen])
    found = FailureRows(
        item=np.array([place[rows.item[row]] for row in chosen.tolist()], dtype=np.int64),
        kind=at.kind[chosen],
        score=np.where(np.isinf(score), np.nan, score),
        size=np.sqrt(np.maximum(np.nan_to_num(rows.area[chosen], nan=0.0), 0.0)),
        number=np.zeros(0, dtype=np.int64),
        truth_class=rows.truth_class[chosen],
        predicted_class=predicted,
    )
    return found, chosen


def _detections(chosen: Sequence[Source], free: pl.DataFrame, like: _SimilarTo) -> Detections:
    """The boxes of all sources on their candidates; with "like these", those of its classes."""
    parts = []
    for number, source in enumerate(chosen):
        held = files.held(source.prediction_set.columns)
        frame = pl.read_parquet(held, columns=list(BOX_PREDICTIONS)).filter(pl.col("label").is_not_null())
        if like.classes is not None:
            frame = frame.filter(pl.col("label").is_in(list(like.classes)))
        own = free.filter(pl.col("source") == number).select("item", pl.col("place").cast(pl.Int64))
        parts.append(frame.join(own, on="item", how="inner", maintain_order="left"))
    whole = pl.concat(parts)
    return Detections.of(
        whole["place"].to_numpy(),
        whole["label"].to_numpy(),
        whole.select(BOX).to_numpy(),
        whole["score"].to_numpy(),
    )


def _probabilities(chosen: Sequence[Source], free: pl.DataFrame) -> Floats:
    """Probabilities of every candidate by its own source; NaN where the run said nothing."""
    names, source_of = free["item"].to_list(), free["source"].to_numpy()
    tables = [read_probabilities(files.held(source.prediction_set.columns), names) for source in chosen]
    classes = sorted({class_id for known, _values in tables for class_id in known})
    result = np.full((len(names), max(len(classes), 1)), np.nan)
    for number, (known, values) in enumerate(tables):
        own = source_of == number
        columns = [classes.index(class_id) for class_id in known]
        if not columns:
            continue
        said = own & ~np.isnan(values).any(axis=1)
        result[said] = 0.0
        result[np.ix_(said, columns)] = values[said]
    return result
