"""Failures as people go through them: one filter for every count and every list, matches, facets and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef

from lode_hooks.evaluations import places, transitions
from lode_hooks.evaluations.evaluators.evaluator import Place
from lode_hooks.evaluations.metrics.arrays import Bools, Floats, Ints
from lode_hooks.evaluations.metrics.kinds import FN, FP, IGNORED, KINDS, MISSED, NONE, STATES, TP
from lode_hooks.evaluations.metrics.rows import RowsAt, cells, size_names
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.failures import record
from lode_hooks.failures.filters import SIZES, STATE_CHOICES, UNJUDGED, FailureFilter
from lode_hooks.failures.verdicts import standing
from lode_hooks.models import Evaluation, Failure, FailureOccurrence, Verdict
from lode_platform.errors import NotFound
from lode_platform.models import Item
from motherlode.frames import pages_of

MAX_MATCHES = 500


@dataclass(frozen=True, slots=True)
class Match:
    """A matched pair, a wrong prediction or a truth that was not found. Boxes are xyxy in pixels of the upright image;
    the places are the whole geometry of the two.

    `row` names it in its evaluation for good (of a "resolved" match: -1 - the row in the other one). `failure` is the
    failure that it is an occurrence of; a correct prediction has one only if its object failed elsewhere. A failure
    that is not on record has no row in the database yet: it gets one when somebody judges, fixes or mines it, and its
    uuid may then be that of an earlier false alarm.
    """

    row: int
    failure: UUID | None
    on_record: bool
    item: UUID
    path: str
    medium: str
    width: int
    height: int
    pages: int
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
    truth_place: Place | None = None
    predicted_place: Place | None = None


@dataclass(frozen=True, slots=True)
class MatchPage:
    """How many matches a filter has, and some of them."""

    count: int
    matches: list[Match]


def matches(evaluation: Evaluation, chosen: FailureFilter, *, offset: int = 0, limit: int = 200) -> MatchPage:
    """The matches of a filter, in its order; `count` is how many there are in all."""
    look = _View.of(evaluation, chosen)
    rows = look.sorted(look.mask())
    return MatchPage(count=len(rows), matches=look.matches(rows[offset : offset + min(limit, MAX_MATCHES)]))


def count(evaluation: Evaluation, chosen: FailureFilter) -> int:
    """How many matches a filter has: the same rows as `matches` lists."""
    return int(_View.of(evaluation, chosen).mask().sum())


def rows_matching(evaluation: Evaluation, chosen: FailureFilter) -> Ints:
    """The rows of a filter's matches, in the order of the file."""
    rows: Ints = np.flatnonzero(_View.of(evaluation, chosen).mask()).astype(np.int64)
    return rows


def match_at(evaluation: Evaluation, row: int, chosen: FailureFilter | None = None) -> Match:
    """One match by its row, at a filter's threshold. Raises NotFound where that leaves no such match."""
    look = _View.of(evaluation, chosen or FailureFilter())
    place = row if look.after is None else -1 - row
    if not 0 <= place < len(look.rows) or not look.at.listed[place]:
        raise NotFound("There is no such match at this threshold.")
    return look.matches(np.array([place], dtype=np.int64))[0]


@dataclass(frozen=True, slots=True)
class Facet:
    """A value a field could take, as it stands in the address, and how many matches it would leave."""

    value: str
    count: int


MAX_CELLS = 30
BINS = 10


def facets(evaluation: Evaluation, chosen: FailureFilter) -> dict[str, list[Facet]]:
    """For each field its values with their counts, counted with that field itself let go."""
    look = _View.of(evaluation, chosen)
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
    # a transition says itself which states it has: "" would open more than the failures that are counted here
    choices = [name for name in STATE_CHOICES if name or not chosen.transition]
    found["state"] = [Facet(name, int((states & _state_mask(at, name)).sum())) for name in choices]
    free_kind = look.mask(without=("kind",))
    shown = {code: name for code, name in enumerate(KINDS) if code != NONE}
    found["kind"] = tally(at.kind.astype(np.int64), free_kind, shown)
    mask = look.mask(without=("truth_class",))
    found["truth_class"] = tally(rows.truth_class, mask & (rows.truth_class >= 0))
    mask = look.mask(without=("predicted_class",))
    found["predicted_class"] = tally(look.predicted, mask & (look.predicted >= 0))
    mask = look.mask(without=("cell", "state", "kind"))
    found["cell"] = _cell_facets(look, mask)
    found["score"] = _bins(look.score, look.mask(without=("min_score", "max_score")) & np.isfinite(look.score))
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


def _cell_facets(look: "_View", mask: Bools) -> list[Facet]:
    truth, predicted, has_cell = look.cells
    off = mask & has_cell & (truth != predicted)
    pairs = np.stack((truth[off], predicted[off]), axis=1)
    values, numbers = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-numbers, kind="stable")[:MAX_CELLS]
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
        mask = at.listed & right
    elif state == "fp":
        mask = at.listed & wrong
    elif state == "fn":
        mask = at.listed & lost
    elif state == "truths":
        mask = at.listed & (right | lost)
    else:
        mask = at.listed
    return mask


class _View:
    """An evaluation under a filter: the rows, what they are at the threshold, and a mask for every field."""

    def __init__(self, evaluation: Evaluation, chosen: FailureFilter, after: Evaluation | None = None) -> None:
        self.evaluation, self.chosen, self.after = evaluation, chosen, after
        self.rows = rows = rows_of(evaluation)
        self.at = rows.at(threshold_or_own(evaluation, chosen.threshold))
        self.cells = cells(rows, self.at)
        # what a match shows of its prediction, which at this threshold may be another one than at score 0, or none
        shown, is_shown = self.at.shown, self.at.shown >= 0
        self.predicted = np.where(is_shown, rows.predicted_class[shown], -1)
        self.score = np.where(is_shown, rows.score[shown], -np.inf)
        self.iou = np.where(is_shown, rows.iou[shown], np.nan)
        self._masks: dict[str, Bools] | None = None

    @classmethod
    def of(cls, evaluation: Evaluation, chosen: FailureFilter) -> "_View":
        """The look of a filter; "resolved" looks at the rows of the other evaluation."""
        if chosen.transition == "resolved":
            return cls(against(evaluation, chosen), chosen, after=evaluation)
        return cls(evaluation, chosen)

    def mask(self, without: Sequence[str] = ()) -> Bools:
        """Matches that every field of the filter lets through, those in `without` let go."""
        if self._masks is None:
            self._masks = self._fields()
        mask = self.at.listed.copy()
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
        for name, values in (("score", self.score), ("iou", self.iou), ("size", size)):
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
            return transitions.of(self.evaluation, self.after, chosen.threshold).resolved
        found = transitions.of(against(self.evaluation, chosen), self.evaluation, chosen.threshold)
        return found.mask(chosen.transition)

    def sorted(self, mask: Bools) -> Ints:
        """Rows of a mask in the filter's order."""
        rows, at = self.rows, self.at
        kept = np.flatnonzero(mask)
        score = self.score[kept]
        area = np.nan_to_num(rows.area, nan=0.0)[kept]
        unit = rows.unit[kept]
        sort = self.chosen.sort
        if sort == "confident":
            # predictions by score, then truths that nothing found, the largest first
            order = np.lexsort((kept, -area, -score, at.kind[kept] == MISSED))
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
        """Verdicts by row, of failures judged at the label set that this evaluation's truth holds for the item."""
        seen = FailureOccurrence.objects.filter(
            Exists(Verdict.objects.filter(failure=OuterRef("failure"))), evaluation=self.evaluation
        )
        judged = list(seen.values_list("row", "failure_id", "failure__item_id"))
        if not judged:
            return {}
        failures = {failure: item for _row, failure, item in judged}
        stand = standing(self.evaluation.version, failures, self.chosen.as_of)
        return {row: stand[failure] for row, failure, _item in judged if failure in stand}

    def matches(self, chosen: Ints) -> list[Match]:
        """The matches of some rows, in their order."""
        rows = self.rows
        names = {rows.item[row] for row in chosen.tolist()}
        items = {str(item.uuid): item for item in Item.objects.filter(uuid__in=names)}
        failures = self._on_record(chosen)
        judged = self.verdicts()
        picked = chosen.tolist()
        drawn = {row for each in picked for row in (self._truth_row(each), int(self.at.shown[each]))}
        known = places.of_rows(self.evaluation, drawn)
        return [
            self._match(row, items[rows.item[row]], failures.get(row), judged.get(row, ""), known) for row in picked
        ]

    def _on_record(self, chosen: Ints) -> dict[int, UUID]:
        """The failure of each row that has one: by its occurrence, else by its region if that has failed elsewhere."""
        picked = chosen.tolist()
        seen = FailureOccurrence.objects.filter(evaluation=self.evaluation, row__in=picked)
        failures = dict(seen.values_list("row", "failure__uuid"))
        project = self.evaluation.prediction_set.run.project.uuid
        regions = {
            record.region_failure(project, self.rows.item[row], region): row
            for row in picked
            if row not in failures and (region := self.rows.region[row])
        }
        for uuid in Failure.objects.filter(uuid__in=regions).values_list("uuid", flat=True):
            failures[regions[uuid]] = uuid
        return failures

    def _match(self, row: int, item: Item, failure: UUID | None, verdict: str, known: Mapping[int, Place]) -> Match:
        rows, at = self.rows, self.at
        kind, state = int(at.kind[row]), int(at.state[row])
        on_record = failure is not None
        if failure is None and at.failing[row]:
            failure = record.failure_uuid(self.evaluation.prediction_set.run.project.uuid, rows, row)
        truth, predicted, shown = int(rows.truth_class[row]), int(self.predicted[row]), int(at.shown[row])
        score, iou = float(self.score[row]), float(self.iou[row])
        return Match(
            row=row if self.after is None else -1 - row,
            failure=failure,
            on_record=on_record,
            item=item.uuid,
            path=item.path,
            medium=item.kind,
            width=item.width,
            height=item.height,
            pages=pages_of(item.media),
            state=STATES[state],
            kind=KINDS[kind],
            truth_class=truth if truth >= 0 else None,
            predicted_class=predicted if predicted >= 0 else None,
            box=_box(rows.truth_box[row]),
            predicted_box=_box(rows.predicted_box[shown]) if shown >= 0 else None,
            region=rows.region[row] or "",
            score=score if np.isfinite(score) else None,
            iou=iou if np.isfinite(iou) else None,
            verdict=verdict,
            frame=rows.frame[row],
            truth_place=known.get(self._truth_row(row)),
            predicted_place=known.get(shown),
        )

    def _truth_row(self, row: int) -> int:
        """The row of a match's truth, -1 where it has none."""
        return int(self.rows.partner[row]) if self.rows.detection[row] else row


def _box(values: Floats) -> list[float] | None:
    return None if np.isnan(values).any() else [float(value) for value in values]


def against(evaluation: Evaluation, chosen: FailureFilter) -> Evaluation:
    """The other evaluation a filter names, of the same project. Raises NotFound."""
    if chosen.against is None:
        raise NotFound("There is no evaluation to compare with.")
    project = evaluation.prediction_set.run.project_id
    known = Evaluation.objects.filter(uuid=chosen.against, prediction_set__run__project=project)
    other = known.ready().whole().first()
    if other is None:
        raise NotFound("There is no such evaluation to compare with.")
    return other


@dataclass(frozen=True, slots=True)
class SceneBox:
    """A box of a picture. `row` is its match's row (of a found truth: its detection's), None for what has no match."""

    row: int | None
    class_id: int
    box: list[float]
    score: float | None
    state: str
    kind: str
    crowd: bool = False
    place: Place | None = None


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
    here = [row for row, own in enumerate(rows.item) if own == name]
    known = places.of_rows(evaluation, here)
    for row in here:
        place = known.get(row)
        truth_box, predicted_box = _box(rows.truth_box[row]), _box(rows.predicted_box[row])
        state, kind = STATES[at.state[row]], KINDS[at.kind[row]]
        ignored = at.state[row] == IGNORED
        if rows.detection[row]:
            score = float(rows.score[row])
            if predicted_box and score >= limit:
                label = int(rows.predicted_class[row])
                predictions.append(
                    SceneBox(None if ignored else row, label, predicted_box, score, state, kind, place=place)
                )
        elif truth_box:
            own_row = int(rows.partner[row]) if at.found[row] else row
            label = int(rows.truth_class[row])
            truths.append(
                SceneBox(None if ignored else own_row, label, truth_box, None, state, kind, bool(ignored), place)
            )
    return Scene(truths=truths, predictions=predictions)
