"""Failures on record: the rows of an evaluation's matches linked to what was seen before, written in bulk.

Each batch is linked and written under a lock on its dataset: of two evaluations at once the second sees the failures
that the first has made.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from lode_annotation import identity
from lode_datasets.models import Dataset
from lode_hooks.evaluations.alarms import bounds, items_of, predicted
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.metrics.arrays import Bools, Detections, Floats, Ints
from lode_hooks.evaluations.metrics.columns import BOX_PREDICTIONS
from lode_hooks.evaluations.metrics.kinds import FALSE_ALARM, KINDS, MISSED
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.paired import link
from lode_hooks.evaluations.metrics.rows import Rows
from lode_hooks.evaluations.transitions import thing_at
from lode_hooks.models import Evaluation, Failure, FailureOccurrence
from lode_platform import bulk
from lode_platform.among import among
from lode_platform.errors import Gone
from lode_platform.jobs import Work
from lode_platform.models import Item

NAMESPACE = uuid5(NAMESPACE_URL, "urn:motherlode:failure")

BATCH_SIZE = 2000
"""Rows written in one transaction: well under 200 ms."""

FAILURE = ("uuid", "item_id", "region", "frame", "class_id", "box")
OCCURRENCE = ("failure_id", "row", "kind", "score", "iou", "truth_class", "predicted_class", "predicted_box")
"""The columns that are written."""

AT_ONCE = 2000
"""Failures that become rows before an evaluation is shown; where there are more, a job of their own writes them."""

MAX_RECORDED = 20_000
"""Failures that become rows when an evaluation is made, the most confident first; the rest do when somebody judges,
fixes or mines them."""


def region_failure(project: UUID, item: str, region: str) -> UUID:
    """The uuid of a truth region's failure."""
    return uuid5(NAMESPACE, f"{project}/{item}/{region}")


def false_alarm(
    project: UUID, item: str, frame: int | None, class_id: int, box: Iterable[float] | None, shape: str = ""
) -> UUID:
    """The uuid of a false alarm's failure, from the first box it was seen with, and the shape that fills it or not."""
    where = "" if box is None else ",".join(repr(float(value)) for value in box)
    return uuid5(NAMESPACE, f"{project}/{item}/{frame}/{class_id}/{where}{shape}")


def failure_uuid(project: UUID, rows: Rows, row: int, shape: str = "") -> UUID:
    """The uuid of a failing row's failure, as it is unless an earlier false alarm is continued by it.

    Without its `shape`, a false alarm of a kind that is more than its bounds may be given another one on record.
    """
    region = rows.region[row]
    if region and rows.kind[row] != FALSE_ALARM:
        return region_failure(project, rows.item[row], region)
    box = rows.predicted_box[row]
    place = None if np.isnan(box).any() else box.tolist()
    return false_alarm(project, rows.item[row], rows.frame[row], int(rows.predicted_class[row]), place, shape)


def record_first(evaluation: Evaluation, rows: Rows, work: Work) -> bool:
    """Write the failures that an evaluation's pages need from the start; False if some are left for `record_rest`.

    Those are all where there are few, else those on the items of failures that somebody has judged: a page that asks
    for a verdict shows all that have it.
    """
    chosen = _shown(evaluation, rows)
    whole = len(chosen) <= AT_ONCE
    if not whole:
        judged = Failure.objects.filter(dataset=evaluation.version.dataset_id, verdicts__isnull=False)
        names = {str(uuid) for uuid in judged.values_list("item__uuid", flat=True).distinct()}
        chosen = np.array([row for row in chosen.tolist() if rows.item[row] in names], dtype=np.int64)
    _write_all(evaluation, rows, chosen, work)
    return whole


def record_rest(evaluation: Evaluation, rows: Rows, work: Work) -> bool:
    """Write what `record_first` left, `MAX_RECORDED` failures at most; False if some were left still."""
    chosen = _shown(evaluation, rows)
    whole = len(chosen) <= MAX_RECORDED
    if not whole:
        worth = np.where(rows.detection[chosen], rows.score[chosen], np.inf)
        chosen = np.sort(chosen[np.argsort(-worth, kind="stable")[:MAX_RECORDED]])
    _write_all(evaluation, rows, chosen, work)
    return whole


def _shown(evaluation: Evaluation, rows: Rows) -> Ints:
    """The failures at score 0 and those at the evaluation's own threshold: what pages show unless asked for another."""
    return np.flatnonzero(rows.at(-np.inf).failing | rows.at(evaluation.threshold or -np.inf).failing)


def _write_all(evaluation: Evaluation, rows: Rows, chosen: Ints, work: Work) -> None:
    """Write failures in batches; what is there already is left as it is."""
    recorder = _Recorder(evaluation, rows, chosen)
    done = 0
    for batch in _batches(rows, chosen):
        work.progress(done, len(chosen), "Recording the failures")
        with work.fenced():
            recorder.write(batch)
        done += len(batch)
        work.step("batch")
    work.progress(done, len(chosen), at_once=True)


def _batches(rows: Rows, chosen: Ints) -> Iterator[Ints]:
    """About `BATCH_SIZE` rows at a time, no item's neighbouring rows torn apart: its alarms are linked together."""
    low = 0
    while low < len(chosen):
        high = min(low + BATCH_SIZE, len(chosen))
        while high < len(chosen) and rows.item[chosen[high]] == rows.item[chosen[high - 1]]:
            high += 1
        yield chosen[low:high]
        low = high


def record(evaluation: Evaluation, rows: Rows, chosen: Ints) -> None:
    """Write a few failures that have no rows yet, such as those of another threshold when somebody judges them."""
    if len(_with_rows(evaluation, chosen)) < len(set(chosen.tolist())):
        recorder = _Recorder(evaluation, rows, chosen)
        with transaction.atomic():
            recorder.write(chosen)


def _with_rows(evaluation: Evaluation, chosen: Ints) -> set[int]:
    """Those of some matches that are on record."""
    return set(evaluation.occurrences.filter(among("row", chosen.tolist())).values_list("row", flat=True))


class _Alarm(NamedTuple):
    """A false alarm on record: where it was first seen."""

    pk: int
    uuid: UUID
    item: int
    frame: int | None
    class_id: int
    box: list[float]


@dataclass
class _Recorder:
    """Writes the chosen rows as occurrences of the failures that they belong to."""

    evaluation: Evaluation
    rows: Rows
    chosen: Ints

    def __post_init__(self) -> None:
        self.project = self.evaluation.prediction_set.run.project
        self.dataset = self.evaluation.version.dataset
        self.evaluator = evaluator_of(self.evaluation.prediction_set.task)
        names = sorted({self.rows.item[row] for row in self.chosen.tolist()})
        found = Item.objects.filter(among("uuid", map(UUID, names)), project=self.project)
        self.items = {str(uuid): pk for uuid, pk in found.values_list("uuid", "pk")}
        self.names = {pk: name for name, pk in self.items.items()}

    def _uuids(self, batch: list[int]) -> dict[int, UUID]:
        """The failure of each row: linked to an earlier one of the same object or false alarm, else its own."""
        rows = self.rows
        alarms = [row for row in batch if not rows.region[row] or rows.kind[row] == FALSE_ALARM]
        again = self._renamed(sorted(set(batch) - set(alarms)))
        said = predicted(self.evaluation, np.array(alarms, dtype=np.int64)) if alarms else pl.DataFrame()
        shapes = dict(zip(alarms, self._shapes(said), strict=True))
        own = {row: failure_uuid(self.project.uuid, rows, row, shapes.get(row, "")) for row in batch}
        return own | again | self._earlier(alarms, said)

    def _renamed(self, failing: list[int]) -> dict[int, UUID]:
        """Truths that continue a failure whose region the truth has no more: by class and place, inside the item.

        Labels that were made elsewhere, or imported before regions kept their ids, give the same objects new ids. All
        of an item's truths that have no failure of their own are looked at, those that were found as well: each failure
        goes on with the one that it is most like.
        """
        rows = self.rows
        items = sorted({self.items[rows.item[row]] for row in failing})
        lost: set[int] = set()
        held = self._known_truths(items).values_list("item_id", "region")
        lost.update(item for item, region in held if (self.names[item], region) not in self._regions)
        failures: dict[str, list[tuple[str, UUID, identity.Thing]]] = {}
        columns = ("item_id", "region", "uuid", "frame", "class_id", "box")
        before_them = self._known_truths(sorted(lost)).order_by("pk").values_list(*columns) if lost else ()
        for of, region, uuid, frame, label, box in before_them:
            place = None if box is None else (box[0], box[1], box[2], box[3])
            failures.setdefault(self.names[of], []).append((region, uuid, identity.Thing(label, place, frame)))
        again: dict[tuple[str, str | None], UUID] = {}
        for item, before in failures.items():
            after, own = self._truths[item], {region for region, _uuid, _thing in before}
            old = [(uuid, thing) for region, uuid, thing in before if region not in after]
            new = [(region, thing_at(rows, row)) for region, row in after.items() if region not in own]
            pairs = identity.paired([thing for _, thing in old], [thing for _, thing in new])
            again.update(((item, new[right][0]), old[left][0]) for right, left in pairs.items())
        places = ((row, (rows.item[row], rows.region[row])) for row in failing)
        return {row: again[place] for row, place in places if place in again}

    def _known_truths(self, items: Sequence[int]) -> QuerySet[Failure]:
        """The failures of truths of these items that are on record."""
        return Failure.objects.filter(among("item", items), dataset=self.dataset).exclude(region="")

    @cached_property
    def _regions(self) -> set[tuple[str, str | None]]:
        """The truths, by item and region."""
        return set(zip(self.rows.item, self.rows.region, strict=True))

    @cached_property
    def _truths(self) -> dict[str, dict[str, int]]:
        """Of each item, a row of each of its truths by region."""
        found: dict[str, dict[str, int]] = {}
        rows = self.rows
        for row, (item, region) in enumerate(zip(rows.item, rows.region, strict=True)):
            if region:
                found.setdefault(item, {}).setdefault(region, row)
        return found

    def _shapes(self, said: pl.DataFrame) -> list[str]:
        """What predictions are beside their bounds, as text."""
        beside = [name for name in said.columns if name in self.evaluator.predictions and name not in BOX_PREDICTIONS]
        return [json.dumps(values) for values in said.select(beside).iter_rows()] if beside else [""] * len(said)

    def _earlier(self, alarms: list[int], said: pl.DataFrame) -> dict[int, UUID]:
        """False alarms that continue an earlier failure: same item, frame and class, IoU >= .5, one to one.

        The IoU is that of their kind, between what is predicted now and what the failure was first seen as. A failure
        this evaluation has seen already is another alarm's, recorded before a stop or at another threshold.
        """
        if not alarms:
            return {}
        rows = self.rows
        here = [(self.items[rows.item[row]], rows.frame[row]) for row in alarms]
        known = self._known({item for item, _frame in here})
        seen, known = self._as_seen(known, set(zip(here, rows.predicted_class[alarms].tolist(), strict=True)))
        if not known:
            return {}
        places: dict[tuple[int, int | None], int] = {}
        images = [places.setdefault((each.item, each.frame), len(places)) for each in known]
        boxes = [each.box for each in known]
        before = Detections.of(images, [each.class_id for each in known], boxes, [0.0] * len(known))
        now = [places.get(place, -1) for place in here]
        after = Detections.of(now, rows.predicted_class[alarms], rows.predicted_box[alarms], rows.score[alarms])
        partners = link(before, after, self.evaluator.similarity(seen, said, self._sizes))
        return {row: known[old].uuid for row, old in zip(alarms, partners.tolist(), strict=True) if old >= 0}

    def _known(self, items: Collection[int]) -> list[_Alarm]:
        """The false alarms of these items that are on record, without those that this evaluation has seen."""
        known = (
            Failure.objects.filter(among("item", items), dataset=self.dataset, region="", box__isnull=False)
            .exclude(pk__in=self.evaluation.occurrences.values("failure"))
            .order_by("pk")
        )
        return [*map(_Alarm._make, known.values_list("pk", "uuid", "item_id", "frame", "class_id", "box"))]

    def _as_seen(
        self, known: list[_Alarm], meant: Container[tuple[tuple[int, int | None], int]]
    ) -> tuple[pl.DataFrame, list[_Alarm]]:
        """The predictions that earlier false alarms were first seen as, a row each, and these alarms.

        Of kinds that are more than their bounds, those that can be `meant` (of this item, frame and class) and whose
        predictions are still in the store.
        """
        if self.evaluator.is_drawn_by_bounds:
            boxes = np.array([each.box for each in known], dtype=np.float64).reshape(-1, 4)
            return bounds([self.names[each.item] for each in known], boxes), known
        close = {each.pk: each for each in known if ((each.item, each.frame), each.class_id) in meant}
        first: dict[int, tuple[int, int]] = {}
        keys = list(close)
        seen = FailureOccurrence.objects.filter(
            among("failure", keys), evaluation__prediction_set__task=self.evaluator.task
        )
        for failure, at, row in seen.order_by("-pk").values_list("failure_id", "evaluation_id", "row"):
            first[failure] = (at, row)
        evaluations = Evaluation.objects.whole().in_bulk({key for key, _row in first.values()})
        frames, kept = [], []
        for key, evaluation in sorted(evaluations.items()):
            own = [failure for failure in keys if failure in first and first[failure][0] == key]
            try:
                frames.append(predicted(evaluation, np.array([first[each][1] for each in own], dtype=np.int64)))
            except Gone:
                continue
            kept += [close[failure] for failure in own]
        order = np.argsort([each.pk for each in kept], kind="stable")
        return (pl.concat(frames)[order] if frames else pl.DataFrame()), [kept[place] for place in order.tolist()]

    @cached_property
    def _sizes(self) -> pl.DataFrame:
        return items_of(self.evaluation)

    def write(self, batch: Ints) -> None:
        """Failures and occurrences of those rows that have none yet, in the caller's transaction."""
        rows = self.rows
        Dataset.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=self.dataset.pk)
        known = _with_rows(self.evaluation, batch)
        kept = [row for row in batch.tolist() if row not in known and rows.item[row] in self.items]
        uuids = self._uuids(kept)
        first: dict[UUID, int] = {}
        for row in kept:
            first.setdefault(uuids[row], row)
        keys = _keys(first)
        new = {uuid: row for uuid, row in first.items() if uuid not in keys}
        same = {"project_id": self.project.pk, "dataset_id": self.dataset.pk}
        bulk.insert(Failure, FAILURE, self._failures(new), same=same, ignore_conflicts=True)
        keys |= _keys(new)
        seen = self._occurrences(kept, [keys[uuids[row]] for row in kept])
        same = {"evaluation_id": self.evaluation.pk}
        bulk.insert(FailureOccurrence, OCCURRENCE, seen, same=same, ignore_conflicts=True)

    def _failures(self, new: Mapping[UUID, int]) -> Iterator[tuple[object, ...]]:
        """The columns `FAILURE` of failures that are first seen in these rows."""
        rows = self.rows
        at = np.fromiter(new.values(), dtype=np.int64, count=len(new))
        alarm = rows.kind[at] == FALSE_ALARM
        boxes = np.where(alarm[:, None], rows.predicted_box[at], rows.truth_box[at])
        classes = np.where(alarm, rows.predicted_class[at], rows.truth_class[at])
        regions = (
            "" if said else rows.region[row] or "" for row, said in zip(at.tolist(), alarm.tolist(), strict=True)
        )
        items = (self.items[rows.item[row]] for row in new.values())
        frames = (rows.frame[row] for row in new.values())
        return zip(new, items, regions, frames, classes.tolist(), _boxes(boxes), strict=True)

    def _occurrences(self, kept: list[int], failures: list[int]) -> Iterator[tuple[object, ...]]:
        """The columns `OCCURRENCE` of rows, each of its failure."""
        rows, at = self.rows, np.array(kept, dtype=np.int64)
        sent = rows.detection[at]
        score, iou = rows.score[at], rows.iou[at]
        truth, predicted = rows.truth_class[at], rows.predicted_class[at]
        return zip(
            failures,
            kept,
            [KINDS[kind] for kind in np.where(sent, rows.kind[at], MISSED).tolist()],
            _where(np.isfinite(score), score),
            _where(np.isfinite(iou) & sent, iou),
            _where(truth >= 0, truth),
            _where((predicted >= 0) & sent, predicted),
            _boxes(np.where(sent[:, None], rows.predicted_box[at], np.nan)),
            strict=True,
        )


def _keys(uuids: Collection[UUID]) -> dict[UUID, int]:
    """The primary keys of the failures that are on record."""
    return dict(Failure.objects.filter(among("uuid", uuids)).values_list("uuid", "pk")) if uuids else {}


def _where(there: Bools, values: Ints | Floats) -> list[Any]:
    """The values that are there; None in place of the others."""
    return [value if kept else None for value, kept in zip(values.tolist(), there.tolist(), strict=True)]


def _boxes(boxes: Floats) -> list[str | None]:
    """Boxes as JSON; None where there is none."""
    return [None if math.isnan(sum(box)) else f"[{', '.join(map(repr, box))}]" for box in boxes.tolist()]
