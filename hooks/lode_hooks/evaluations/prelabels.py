"""What a run already thinks of an item, as the suggestions an annotator sees: Label Studio regions with a score.

Each says the run's name as its ``model_version``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lode_annotation.models import SchemaRevision
from lode_annotation.rules import rules_of
from lode_hooks.evaluations import files, places
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.evaluators.evaluator import Place
from lode_hooks.evaluations.metrics.kinds import FP
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.models import Evaluation, PredictionSet
from lode_platform.models import Item
from motherlode.masks import of_pixels, polygon_mask
from motherlode.media import Image, Media
from motherlode.regions import BadRegion, Geometry, Region, as_result
from motherlode.shapes import SHAPES

NAMESPACE = uuid5(NAMESPACE_URL, "urn:motherlode:prelabel")

Prelabels = list[dict[str, Any]]
Suggestion = tuple[int, Place | None, float | None]
"""Class id, place (None: a class of the whole image), score."""


def suggestions(evaluation: Evaluation, items: Sequence[Item], threshold: float | None = None) -> dict[int, Prelabels]:
    """For labelled items, by primary key: the wrong predictions at a threshold (default: the evaluation's own).

    The truth itself is shown by the editor; a right prediction would only repeat it. Each carries ``questioned`` in its
    ``meta``: it is at odds with the truth, so the editor shows it apart and takes it only by itself.
    """
    rows = rows_of(evaluation)
    at = rows.at(threshold_or_own(evaluation, threshold))
    wanted = {str(item.uuid): item for item in items}
    suggestions_of: dict[str, list[Suggestion]] = defaultdict(list)
    wrong = [row for row in ((at.listed & (at.state == FP)).nonzero()[0]).tolist() if rows.item[row] in wanted]
    known = places.of_rows(evaluation, wrong)
    for row in wrong:
        score = float(rows.score[row])
        said = score if score > float("-inf") else None
        suggestions_of[rows.item[row]].append((int(rows.predicted_class[row]), known.get(row), said))
    found = _as_results(evaluation.prediction_set, evaluation.version.schema_revision, wanted, suggestions_of)
    return {item: [{**each, "meta": {"questioned": True}} for each in regions] for item, regions in found.items()}


def predicted(prediction_set: PredictionSet, items: Sequence[Item], threshold: float) -> dict[int, Prelabels]:
    """For unlabelled items, by primary key: every prediction with score >= `threshold`, or the likeliest class."""
    wanted = {str(item.uuid): item for item in items}
    suggestions_of: dict[str, list[Suggestion]] = defaultdict(list)
    frame = pl.read_parquet(files.held(prediction_set.columns)).filter(pl.col("item").is_in(list(wanted)))
    evaluator = evaluator_of(prediction_set.task)
    for row in frame.iter_rows(named=True):
        if row["label"] is not None and (not evaluator.located or row["score"] >= threshold):
            suggestions_of[row["item"]].append((row["label"], evaluator.drawn(row), row["score"]))
    return _as_results(prediction_set, prediction_set.version.schema_revision, wanted, suggestions_of)


def _as_results(
    prediction_set: PredictionSet,
    revision: SchemaRevision,
    items: Mapping[str, Item],
    suggestions_of: Mapping[str, Iterable[Suggestion]],
) -> dict[int, Prelabels]:
    rules = rules_of(revision.controls)
    names = revision.class_names
    evaluator = evaluator_of(prediction_set.task)
    results: dict[int, Prelabels] = {}
    for name, found in suggestions_of.items():
        item = items[name]
        result: Prelabels = []
        for number, (class_id, place, score) in enumerate(found):
            if class_id not in names or (place is None) == evaluator.located:
                continue
            own = str(uuid5(NAMESPACE, f"{prediction_set.uuid}/{name}/{number}"))
            kind = place["kind"] if place else min(evaluator.kinds)
            geometry = SHAPES[kind].from_json(place["geometry"]) if place else None
            if geometry is not None:
                kind, geometry = _as_asked(kind, geometry, item.media, rules.kinds)
            frame = place.get("frame") if place else None
            region = Region(own, kind, class_id, names[class_id], geometry, frame=frame, control=prediction_set.control)
            for entry in as_result([region], item.media, rules.asked):
                made = entry | {"model_version": prediction_set.run.name}
                result.append(made if score is None else made | {"score": score})
        results[item.pk] = result
    return results


def _as_asked(kind: str, geometry: Geometry, media: Media, kinds: Collection[str]) -> tuple[str, Geometry]:
    """A place as a kind that the schema asks for: the outlines of a predicted mask are its pixels again."""
    masked = next((SHAPES[asked] for asked in sorted(kinds) if SHAPES[asked].masked), None)
    if kind in kinds or masked is None or not isinstance(media, Image):
        return kind, geometry
    parts = SHAPES[kind].parts(geometry)
    if not parts or not of_pixels(parts, media.width, media.height):
        return kind, geometry
    try:
        return masked.kind, masked.from_mask(polygon_mask(parts, media.width, media.height))
    except BadRegion:  # more runs than a region may have
        return kind, geometry
