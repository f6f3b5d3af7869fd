"""Failures as people go through them: one filter for every count and every list, cards, facets, verdicts, fixing."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

import numpy as np
from django.db import transaction
from django.urls import reverse

from lode_annotation import queues
from lode_annotation.models import Queue, Task
from lode_datasets import versions
from lode_datasets.models import Entry, Version
from lode_hooks import prelabels, sightings, transitions
from lode_hooks.evaluate import class_names, rows_of, threshold_or_own
from lode_hooks.evaluation.arrays import Bools, Floats, Ints
from lode_hooks.evaluation.kinds import EXPLAINED, FN, FP, IGNORED, KINDS, MISSED, NONE, STATES, TP
from lode_hooks.evaluation.rows import RowsAt, cells, size_names
from lode_hooks.models import Evaluation, Failure, Run, Sighting, Verdict
from lode_platform import events
from lode_platform.errors import BadInput, Conflict, NotFound
from lode_platform.models import Item, Project, User

STATE_CHOICES = ("", "tp", "fp", "fn", "truths", "all")
KIND_CHOICES = ("missed", "false_alarm", "wrong_class", "bad_location", "duplicate", "explained")
SIZES = ("small", "medium", "large")
SORTS = ("confident", "score", "iou", "size", "path")
UNJUDGED = "none"
WITHDRAWN = "withdrawn"
MOST_CARDS = 500
FIXES = "Fixes"
FIX_PRIORITY = 1_000_000


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which cards: the closed list of fields that addresses and REST may carry.

    `state`: "" failures (wrong predictions and missed truths), tp, fp, fn, truths (found or not) or all. `cell` is a
    cell of the confusion matrix, "truth:prediction", 0 for nothing. Scores, IoUs and sizes (square root of the area in
    pixels, of the truth, else of the prediction) are bounded inclusively. `threshold` None is the evaluation's own.
    `transition` compares with the evaluation `against`: fixed, regressed, still, ok of truths; new, persisting, gone of
    wrong predictions.
    """

    state: str = ""
    kind: str = ""
    truth_class: int | None = None
    predicted_class: int | None = None
    cell: tuple[int, int] | None = None
    min_score: float | None = None
    max_score: float | None = None
    min_iou: float | None = None
    max_iou: float | None = None
    min_size: float | None = None
    max_size: float | None = None
    size: str = ""
    verdict: str = ""
    item: UUID | None = None
    threshold: float | None = None
    against: UUID | None = None
    transition: str = ""
    sort: str = "confident"

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> Self:
        """From an address's query or a JSON object; unknown fields are passed over. BadInput names a wrong one."""
        read: dict[str, Any] = {}
        for name, reader in READERS.items():
            text = query.get(name)
            if text is None or text == "":
                continue
            try:
                read[name] = reader(str(text))
            except ValueError as error:
                raise BadInput(f"{name}={text} {error}", code="bad_filter", field=name) from None
        if read.get("transition") and "against" not in read:
            raise BadInput(
                "transition= needs against=, the evaluation to compare with", code="bad_filter", field="against"
            )
        return cls(**read)

    def query(self) -> dict[str, str]:
        """The inverse of `parse`: what differs from the default."""
        said: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                said[field.name] = f"{value[0]}:{value[1]}" if field.name == "cell" else str(value)
        return said


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("is not a class id")
    return int(text)


def _cell(text: str) -> tuple[int, int]:
    truth, colon, predicted = text.partition(":")
    if not colon:
        raise ValueError("is not truth:prediction")
    return _whole(truth), _whole(predicted)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("is not a uuid") from None


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is not one of {', '.join(choice for choice in choices if choice)}")
        return text

    return read


READERS: Mapping[str, Callable[[str], Any]] = {
    "state": _one_of(*STATE_CHOICES),
    "kind": _one_of(*KIND_CHOICES),
    "truth_class": _whole,
    "predicted_class": _whole,
    "cell": _cell,
    "min_score": _number,
    "max_score": _number,
    "min_iou": _number,
    "max_iou": _number,
    "min_size": _number,
    "max_size": _number,
    "size": _one_of(*SIZES),
    "verdict": _one_of(*Verdict.Kind.values, UNJUDGED),
    "item": _uuid,
    "threshold": _number,
    "against": _uuid,
    "transition": _one_of(*transitions.OF_TRUTHS, *transitions.OF_ALARMS),
    "sort": _one_of(*SORTS),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A matched pair, a wrong prediction or a truth that was not found. Boxes are xyxy in pixels of the upright image.

    `row` names it in its evaluation for good (of a "gone" card: -1 - the row in the other one). `failure` is its case;
    a right one has a case only if it failed elsewhere.
    """

    row: int
    failure: UUID | None
    item: UUID
    path: str
    width: int
    height: int
    state: str
    kind: str
    truth_class: int | None
    predicted_class: int | None
    box: list[float] | None
    predicted_box: list[float] | None
    region: str
    score: float | None
    iou: float | None
    verdict: str
    frame: int | None


@dataclass(frozen=True, slots=True)
class Cards:
    """How many cards a filter has, and some of them."""

    count: int
    cards: list[Card]


def cards(evaluation: Evaluation, chosen: FailureFilter, *, offset: int = 0, limit: int = 200) -> Cards:
    """The cards of a filter, in its order; `count` is how many there are in all."""
    look = _Look.of(evaluation, chosen)
    rows = look.sorted(look.mask())
    return Cards(count=len(rows), cards=look.cards(rows[offset : offset + min(limit, MOST_CARDS)]))


def count(evaluation: Evaluation, chosen: FailureFilter) -> int:
    """How many cards a filter has: the same rows as `cards` lists."""
    return int(_Look.of(evaluation, chosen).mask().sum())


def rows_matching(evaluation: Evaluation, chosen: FailureFilter) -> Ints:
    """The rows of a filter's cards, in the order of the file."""
    rows: Ints = np.flatnonzero(_Look.of(evaluation, chosen).mask()).astype(np.int64)
    return rows


def card(evaluation: Evaluation, row: int, chosen: FailureFilter | None = None) -> Card:
    """One card by its row. Raises NotFound where the threshold leaves no such card."""
    look = _Look.of(evaluation, replace(chosen or FailureFilter(), transition="", against=None))
    if not 0 <= row < len(look.rows) or not look.at.card[row]:
        raise NotFound("There is no such card at this threshold.")
    return look.cards(np.array([row], dtype=np.int64))[0]


@dataclass(frozen=True, slots=True)
class Facet:
    """A value a field could take, as it stands in the address, and how many cards it would leave."""

    value: str
    count: int


MOST_CELLS = 30
BINS = 10


def facets(evaluation: Evaluation, chosen: FailureFilter) -> dict[str, list[Facet]]:
    """For each field its values with their counts, counted with that field itself let go."""
    look = _Look.of(evaluation, chosen)
    rows, at = look.rows, look.at

    def tally(labels: Ints, mask: Bools, names: Mapping[int, str] | None = None) -> list[Facet]:
        values, numbers = np.unique(labels[mask], return_counts=True)
        order = np.argsort(-numbers, kind="stable")
        return [
            Facet(names[int(values[n])] if names else str(int(values[n])), int(numbers[n]))
            for n in order.tolist()
            if names is None or int(values[n]) in names
        ]

    found: dict[str, list[Facet]] = {}
    states = look.mask(without=("state", "kind", "cell"))
    found["state"] = [Facet(name, int((states & _state_mask(at, name)).sum())) for name in STATE_CHOICES]
    free_kind = look.mask(without=("kind",))
    shown = {code: name for code, name in enumerate(KINDS) if code != NONE}
    found["kind"] = tally(at.kind.astype(np.int64), free_kind, shown)
    mask = look.mask(without=("truth_class",))
    found["truth_class"] = tally(rows.truth_class, mask & (rows.truth_class >= 0))
    mask = look.mask(without=("predicted_class",))
    found["predicted_class"] = tally(look.predicted, mask & (look.predicted >= 0))
    mask = look.mask(without=("cell", "state", "kind"))
    found["cell"] = _cell_facets(look, mask)
    found["score"] = _bins(rows.score, look.mask(without=("min_score", "max_score")) & np.isfinite(rows.score))
    found["iou"] = _bins(look.iou, look.mask(without=("min_iou", "max_iou")) & np.isfinite(look.iou))
    sizes = size_names(rows.area).astype(np.int64)
    mask = look.mask(without=("size",))
    found["size"] = [Facet(name, int((mask & (sizes == code)).sum())) for code, name in enumerate(SIZES)]
    mask = look.mask(without=("verdict",))
    judged = look.verdicts()
    by_kind = {kind: [row for row, said in judged.items() if said == kind] for kind in Verdict.Kind.values}
    found["verdict"] = [Facet(kind, int(mask[of_kind].sum())) for kind, of_kind in by_kind.items()]
    found["verdict"].append(Facet(UNJUDGED, int(mask.sum()) - sum(facet.count for facet in found["verdict"])))
    return {name: [facet for facet in values if facet.count] for name, values in found.items()}


def _cell_facets(look: "_Look", mask: Bools) -> list[Facet]:
    truth, predicted, has_cell = look.cells
    off = mask & has_cell & (truth != predicted)
    pairs = np.stack((truth[off], predicted[off]), axis=1)
    values, numbers = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-numbers, kind="stable")[:MOST_CELLS]
    return [Facet(f"{values[n][0]}:{values[n][1]}", int(numbers[n])) for n in order.tolist()]


def _bins(values: Floats, mask: Bools) -> list[Facet]:
    """Ten bins from 0 to 1, named by their inclusive bounds: a value on an edge is counted in both, as filters do."""
    edges = np.linspace(0, 1, BINS + 1).round(1).tolist()
    inside = values[mask]
    result = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        result.append(Facet(f"{low:g}-{high:g}", int(((inside >= low) & (inside <= high)).sum())))
    return result


def _state_mask(at: RowsAt, state: str) -> Bools:
    wrong, lost, right = at.state == FP, at.state == FN, at.state == TP
    mask: Bools
    if state == "":
        mask = at.failing
    elif state == "tp":
        mask = at.card & right
    elif state == "fp":
        mask = at.card & wrong
    elif state == "fn":
        mask = at.card & lost
    elif state == "truths":
        mask = at.card & (right | lost)
    else:
        mask = at.card
    return mask


class _Look:
    """An evaluation under a filter: the rows, what they are at the threshold, and a mask for every field."""

    def __init__(self, evaluation: Evaluation, chosen: FailureFilter, after: Evaluation | None = None) -> None:
        self.evaluation, self.chosen, self.after = evaluation, chosen, after
        self.rows = rows = rows_of(evaluation)
        self.at = rows.at(threshold_or_own(evaluation, chosen.threshold))
        self.cells = cells(rows, self.at)
        # a truth that nothing found or explains at this threshold has no prediction, whatever it has at score 0
        self.predicted = np.where(self.at.kind == MISSED, -1, rows.predicted_class)
        self.iou = np.where(self.at.kind == MISSED, np.nan, rows.iou)
        self._masks: dict[str, Bools] | None = None

    @classmethod
    def of(cls, evaluation: Evaluation, chosen: FailureFilter) -> "_Look":
        """The look of a filter; "gone" looks at the rows of the other evaluation."""
        if chosen.transition == "gone":
            return cls(against(evaluation, chosen), chosen, after=evaluation)
        return cls(evaluation, chosen)

    def mask(self, without: Sequence[str] = ()) -> Bools:
        """Cards that every field of the filter lets through, those in `without` let go."""
        if self._masks is None:
            self._masks = self._fields()
        mask = self.at.card.copy()
        for name, own in self._masks.items():
            if name not in without:
                mask &= own
        return mask

    def _fields(self) -> dict[str, Bools]:
        rows, chosen = self.rows, self.chosen
        masks: dict[str, Bools] = {}
        if chosen.kind:
            masks["kind"] = self.at.kind == KINDS.index(chosen.kind)
        if chosen.cell is not None:
            truth, predicted, has_cell = self.cells
            masks["cell"] = has_cell & (truth == chosen.cell[0]) & (predicted == chosen.cell[1])
        # a kind or a cell says itself which states it has; without one, "" means the failures
        implied = (chosen.kind or chosen.cell is not None or chosen.transition) and chosen.state == ""
        if not implied:
            masks["state"] = _state_mask(self.at, chosen.state)
        if chosen.truth_class is not None:
            masks["truth_class"] = rows.truth_class == chosen.truth_class
        if chosen.predicted_class is not None:
            masks["predicted_class"] = self.predicted == chosen.predicted_class
        size = np.sqrt(np.maximum(rows.area, 0))
        for name, values in (("score", rows.score), ("iou", self.iou), ("size", size)):
            low, high = getattr(chosen, f"min_{name}"), getattr(chosen, f"max_{name}")
            if low is not None:
                masks[f"min_{name}"] = values >= low
            if high is not None:
                masks[f"max_{name}"] = np.isfinite(values) & (values <= high)
        if chosen.size:
            masks["size"] = size_names(rows.area) == SIZES.index(chosen.size)
        if chosen.item is not None:
            name = str(chosen.item)
            masks["item"] = np.fromiter((item == name for item in rows.item), dtype=np.bool_, count=len(rows))
        if chosen.verdict:
            judged = self.verdicts()
            own = np.zeros(len(rows), dtype=np.bool_)
            own[[row for row, said in judged.items() if chosen.verdict in (said, UNJUDGED)]] = True
            masks["verdict"] = ~own if chosen.verdict == UNJUDGED else own
        if chosen.transition:
            masks["transition"] = self._transition()
        return masks

    def _transition(self) -> Bools:
        chosen = self.chosen
        if self.after is not None:
            return transitions.of(self.evaluation, self.after, chosen.threshold).gone
        found = transitions.of(against(self.evaluation, chosen), self.evaluation, chosen.threshold)
        return found.mask(chosen.transition)

    def sorted(self, mask: Bools) -> Ints:
        """Rows of a mask in the filter's order."""
        rows, at = self.rows, self.at
        kept = np.flatnonzero(mask)
        score = np.where(np.isfinite(rows.score), rows.score, -np.inf)[kept]
        area = np.nan_to_num(rows.area, nan=0.0)[kept]
        unit = rows.unit[kept]
        sort = self.chosen.sort
        if sort == "confident":
            # predictions by score, then truths that nothing found, the largest first
            explained = at.kind[kept] == EXPLAINED
            shown = np.where(explained, rows.claim_score[kept], np.where(rows.detection[kept], score, -np.inf))
            order = np.lexsort((kept, -area, -shown, at.kind[kept] == MISSED))
        elif sort == "score":
            order = np.lexsort((kept, np.where(np.isfinite(score), score, np.inf)))
        elif sort == "iou":
            order = np.lexsort((kept, np.nan_to_num(self.iou[kept], nan=np.inf)))
        elif sort == "size":
            order = np.lexsort((kept, -area))
        else:
            order = np.lexsort((kept, unit))
        rows_in_order: Ints = kept[order].astype(np.int64)
        return rows_in_order

    def verdicts(self) -> dict[int, str]:
        """Verdicts by row, of cases judged at the label set that this evaluation's truth holds for the item."""
        seen = Sighting.objects.filter(evaluation=self.evaluation).exclude(failure__verdict="")
        judged = list(seen.values_list("row", "failure_id", "failure__item_id"))
        if not judged:
            return {}
        stand = standing(self.evaluation.version, {failure: item for _row, failure, item in judged})
        return {row: stand[failure] for row, failure, _item in judged if failure in stand}

    def cards(self, chosen: Ints) -> list[Card]:
        """The cards of some rows, in their order; a failing one that has no case yet gets one."""
        rows, at = self.rows, self.at
        failing = at.failing[chosen]
        sightings.record(self.evaluation, rows, chosen[failing])
        names = {rows.item[row] for row in chosen.tolist()}
        items = {str(item.uuid): item for item in Item.objects.filter(uuid__in=names)}
        cases = self._cases(chosen)
        judged = self.verdicts()
        return [self._card(row, items[rows.item[row]], cases.get(row), judged.get(row, "")) for row in chosen.tolist()]

    def _cases(self, chosen: Ints) -> dict[int, UUID]:
        """The case of each row: by its sighting, else by its region where that has failed elsewhere."""
        picked = chosen.tolist()
        seen = Sighting.objects.filter(evaluation=self.evaluation, row__in=picked)
        cases = dict(seen.values_list("row", "failure__uuid"))
        project = self.evaluation.prediction_set.run.project.uuid
        regions = {
            sightings.region_failure(project, self.rows.item[row], region): row
            for row in picked
            if row not in cases and (region := self.rows.region[row])
        }
        for uuid in Failure.objects.filter(uuid__in=regions).values_list("uuid", flat=True):
            cases[regions[uuid]] = uuid
        return cases

    def _card(self, row: int, item: Item, case: UUID | None, verdict: str) -> Card:
        rows, at = self.rows, self.at
        kind, state = int(at.kind[row]), int(at.state[row])
        missed = kind == MISSED
        score = float(rows.claim_score[row] if kind == EXPLAINED else rows.score[row])
        lonely = missed or not np.isfinite(score)
        truth, predicted = int(rows.truth_class[row]), int(self.predicted[row])
        iou = float(self.iou[row])
        return Card(
            row=row if self.after is None else -1 - row,
            failure=case,
            item=item.uuid,
            path=item.path,
            width=item.width,
            height=item.height,
            state=STATES[state],
            kind=KINDS[kind],
            truth_class=truth if truth >= 0 else None,
            predicted_class=predicted if predicted >= 0 else None,
            box=_box(rows.truth_box[row]),
            predicted_box=None if missed else _box(rows.predicted_box[row]),
            region=rows.region[row] or "",
            score=None if lonely else score,
            iou=iou if np.isfinite(iou) else None,
            verdict=verdict,
            frame=rows.frame[row],
        )


def _box(values: Floats) -> list[float] | None:
    return None if np.isnan(values).any() else [float(value) for value in values]


def against(evaluation: Evaluation, chosen: FailureFilter) -> Evaluation:
    """The other evaluation a filter names, of the same project. Raises NotFound."""
    if chosen.against is None:
        raise NotFound("There is no evaluation to compare with.")
    other = (
        Evaluation.objects.filter(
            uuid=chosen.against,
            state=Evaluation.State.READY,
            prediction_set__run__project=evaluation.prediction_set.run.project_id,
        )
        .select_related("prediction_set__run__project", "version__dataset", "version__schema_revision")
        .first()
    )
    if other is None:
        raise NotFound("There is no such evaluation to compare with.")
    return other


# -- one picture ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SceneBox:
    """A box of a picture. `row` is its card's row (of a found truth: its detection's), None for what has no card."""

    row: int | None
    class_id: int
    box: list[float]
    score: float | None
    state: str
    kind: str
    crowd: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything in one picture of an evaluation."""

    truths: list[SceneBox]
    predictions: list[SceneBox]


def scene(evaluation: Evaluation, item: Item, *, threshold: float | None = None) -> Scene:
    """Truths and, from a threshold on, predictions of one item."""
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, threshold))
    limit = threshold_or_own(evaluation, threshold)
    name = str(item.uuid)
    truths, predictions = [], []
    for row in [row for row, own in enumerate(rows.item) if own == name]:
        truth_box, predicted_box = _box(rows.truth_box[row]), _box(rows.predicted_box[row])
        state, kind = STATES[at.state[row]], KINDS[at.kind[row]]
        ignored = at.state[row] == IGNORED
        if rows.detection[row]:
            score = float(rows.score[row])
            if predicted_box and score >= limit:
                label = int(rows.predicted_class[row])
                predictions.append(SceneBox(None if ignored else row, label, predicted_box, score, state, kind))
        elif truth_box:
            own_row = int(rows.partner[row]) if at.found[row] else row
            label = int(rows.truth_class[row])
            truths.append(SceneBox(None if ignored else own_row, label, truth_box, None, state, kind, bool(ignored)))
    return Scene(truths=truths, predictions=predictions)


# -- one case ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dot:
    """A case in one evaluation: of which kind it was there, "" where it was right."""

    run: Run
    evaluation: Evaluation
    version: Version
    kind: str
    score: float | None
    when: datetime


def history(failure: Failure) -> list[Dot]:
    """The case in every evaluation that held its item, oldest first."""
    evaluations = (
        Evaluation.objects.filter(state=Evaluation.State.READY, version__dataset=failure.dataset_id)
        .select_related("prediction_set__run", "prediction_set__version__dataset", "version__dataset")
        .order_by("pk")
    )
    spans = list(Entry.objects.filter(dataset=failure.dataset_id, item=failure.item_id))

    def entry(version: Version) -> Entry | None:
        number = version.number
        return next((e for e in spans if e.first <= number and (e.last is None or e.last >= number)), None)

    seen: dict[int, Sighting] = {}
    for sighting in failure.sightings.order_by("-row"):
        seen[sighting.evaluation_id] = sighting
    dots = []
    for evaluation in evaluations:
        predicted = evaluation.prediction_set
        covered, truth = entry(predicted.version), entry(evaluation.version)
        held = covered is not None and covered.split == predicted.split
        if not held or truth is None or truth.label_set_id is None:
            continue
        sighting_here = seen.get(evaluation.pk)
        kind = sighting_here.kind if sighting_here else ""
        score = sighting_here.score if sighting_here else None
        if sighting_here is None and not evaluation.counts.get("all_recorded", True):
            kind = _kind_in(evaluation, failure)
        dots.append(Dot(predicted.run, evaluation, evaluation.version, kind, score, evaluation.created_at))
    return dots


def _kind_in(evaluation: Evaluation, failure: Failure) -> str:
    """What a truth's case is in an evaluation too large to have recorded it; false alarms are not looked for."""
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, None))
    name = str(failure.item.uuid)
    for row in np.flatnonzero(at.failing).tolist():
        if failure.region and rows.region[row] == failure.region and rows.item[row] == name:
            return KINDS[at.kind[row]]
    return ""


def standing(version: Version, failures: Mapping[int, int]) -> dict[int, str]:
    """The newest verdict of cases (primary key -> item's), where it was given at the label set that `version` holds."""
    newest: dict[int, Verdict] = {}
    for verdict in Verdict.objects.filter(failure__in=failures).order_by("pk"):
        newest[verdict.failure_id] = verdict
    held = dict(
        Entry.objects.filter(
            versions.holding(version.number), dataset=version.dataset_id, item__in=set(failures.values())
        ).values_list("item_id", "label_set_id")
    )
    return {
        failure: verdict.kind
        for failure, verdict in newest.items()
        if verdict.kind and verdict.label_set_id in (None, held.get(failures[failure]))
    }


def judge(failure: Failure, user: User, *, kind: str, note: str = "") -> Verdict:
    """Say what a case is, at the label set that its newest sighting showed; "withdrawn" takes the last word back.

    Append-only: the newest verdict counts, and only while the truth is the one it was given at.
    """
    if kind != WITHDRAWN and kind not in Verdict.Kind.values:
        raise BadInput(f"A verdict is one of {', '.join(Verdict.Kind.values)}, not {kind!r}.", code="bad_verdict")
    said = "" if kind == WITHDRAWN else kind
    with transaction.atomic():
        locked = Failure.objects.select_for_update(of=("self",)).select_related("project").get(pk=failure.pk)
        sighting = failure.sightings.select_related("evaluation__version").order_by("-pk").first()
        entry = None
        if sighting is not None:
            version = sighting.evaluation.version
            entry = Entry.objects.filter(
                versions.holding(version.number), dataset=version.dataset_id, item=failure.item_id
            ).first()
        verdict = Verdict.objects.create(
            failure=locked, kind=said, label_set_id=entry.label_set_id if entry else None, note=note, user=user
        )
        locked.verdict = said
        locked.save(update_fields=["verdict"])
        events.record(locked.project, user, "failure.judge", locked, kind=kind)
    failure.verdict = said
    return verdict


# -- fixing at once ---------------------------------------------------------------------------------------------------


def open_for_fixing(evaluation: Evaluation, row: int, user: User) -> Task:
    """A task for a card's item in the project's queue of fixes, before all others there, with reason and suggestions.

    Raises Conflict where the item waits for review there: its answer is not to be overtaken.
    """
    shown = card(evaluation, row)
    item = Item.objects.select_related("project").get(uuid=shown.item)
    project = evaluation.prediction_set.run.project
    names = class_names(evaluation)
    dataset = evaluation.version.dataset
    suggestions = prelabels.suggestions(evaluation, [item])
    reason = why(evaluation, shown, names) | {"strategy": "fix"}
    with transaction.atomic():
        for number in range(1, 1000):
            name = FIXES if number == 1 else f"{FIXES} {number}"
            queue = Queue.objects.filter(project=project, name=name).first()
            if queue is None:
                queue = queues.create_queue(
                    project, user, name=name, schema=dataset.schema, reason="Opened from the failures, to fix at once"
                )
            known = Task.objects.filter(queue=queue, item=item).first()
            if known is not None and known.state == Task.State.OPEN:
                return known
            if known is not None and known.state == Task.State.SUBMITTED:
                raise Conflict("This item's fix waits for review.", code="waits_for_review")
            same_schema = queue.schema_revision.schema_id == dataset.schema_id
            if known is None and same_schema and queue.state == Queue.State.OPEN:
                spec = queues.TaskSpec(
                    item=item, priority=FIX_PRIORITY, reason=reason, prelabels=suggestions.get(item.pk, [])
                )
                queues.add_tasks(queue, user, [spec])
                return Task.objects.select_related("queue").get(queue=queue, item=item)
    raise Conflict("This item was opened for fixing too often.", code="too_many_fixes")


def why(evaluation: Evaluation, shown: Card, names: Mapping[int, str]) -> dict[str, Any]:
    """A task's reason from a card: the words, and where they come from."""
    project, run = evaluation.prediction_set.run.project, evaluation.prediction_set.run
    reason: dict[str, Any] = {
        "text": words(shown.kind, names.get(shown.truth_class or 0, ""), names.get(shown.predicted_class or 0, "")),
        "run": str(run.uuid),
        "run_name": run.name,
        "kind": shown.kind,
        "score": shown.score,
    }
    if shown.failure:
        reason["failure"] = str(shown.failure)
        reason["failure_url"] = reverse("hooks:failure", args=[project.name, shown.failure])
    return reason


def words(kind: str, truth: str, predicted: str) -> str:
    """A failure in a few words: "missed RBC", "RBC taken for WBC"."""
    return {
        "missed": f"missed {truth}",
        "false_alarm": f"false alarm {predicted}",
        "wrong_class": f"{truth} taken for {predicted}",
        "bad_location": f"badly placed {predicted}",
        "duplicate": f"{predicted} found twice",
        "explained": f"{truth} taken for {predicted}" if truth != predicted else f"badly placed {predicted}",
    }.get(kind, truth or predicted)


def visible(user: User, project: Project, uuids: Iterable[UUID]) -> list[Failure]:
    """Cases of a project that the person may see. Raises NotFound if any is not among them."""
    wanted = set(uuids)
    found = list(Failure.objects.visible_to(user).filter(project=project, uuid__in=wanted))
    if len(found) < len(wanted):
        raise NotFound("There is no such failure.")
    return found
