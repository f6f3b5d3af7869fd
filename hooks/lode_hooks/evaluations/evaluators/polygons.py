"""Outlines of objects, by the IoU of their masks: COCO's `segm`.

A prediction may be a mask as a run-length code: it stays one, and its pixels count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from lode_hooks.evaluations.evaluators.evaluator import Inputs, Line, Place
from lode_hooks.evaluations.evaluators.located import Located, Row
from lode_hooks.evaluations.metrics.columns import (
    OUTLINE,
    OUTLINE_PREDICTIONS,
    OUTLINE_TRUTHS,
    BoxColumns,
    masks,
)
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.overlaps import MaskIoU, Similarity
from motherlode.masks import Mask, Rings, mask_polygon
from motherlode.outlines import outline_bounds, read_outline
from motherlode.regions import BadRegion, from_json
from motherlode.shapes import SHAPES
from motherlode.shapes.shape import Point

KIND = "polygon"


class Polygons(Located):
    """An object is an outline as `motherlode.outlines.read_outline` reads it, or a mask of the item's own size."""

    task = "polygons"
    title = _("Polygons")
    kinds = frozenset(shape.kind for shape in SHAPES.values() if shape.segmented)
    overlap = _("mask IoU")
    field = "polygons"
    linked = _("linked inside an image by class and mask IoU ≥ .5")
    predictions = OUTLINE_PREDICTIONS
    truths = OUTLINE_TRUTHS
    truth_file = "outlines"

    def read_place(self, line: Line, number: int, value: Any) -> tuple[Sequence[float], Row]:
        try:
            outline = read_outline(value)
            if isinstance(outline, Mask):
                if (outline.height, outline.width) != (line.height, line.width):
                    raise BadRegion(
                        f"the mask is of {outline.height} x {outline.width} pixels (height x width), the image of"
                        f" {line.height} x {line.width}"
                    )
                return outline_bounds(outline) or (0.0, 0.0, 0.0, 0.0), _counts(outline)
            return outline_bounds(outline) or (), (*_numbers(outline), None, None)
        except BadRegion as error:
            words = f"has a polygon that cannot be read, number {number} of {line.row.get('path')!r}: {error}"
            raise line.bad(words) from None

    def truth(self, region: Mapping[str, Any]) -> Mapping[str, Any] | None:
        shape = SHAPES.get(region["kind"])
        if shape is None or not shape.segmented:
            return None
        found = from_json(region)
        area = shape.area(found.geometry) if found.area is None else found.area
        place: Row = (*_numbers(found.geometry), None, None) if shape.outlined else _counts(shape.mask(found.geometry))
        return {"area": area, **dict(zip(OUTLINE, place, strict=True))}

    def similarity(self, truths: pl.DataFrame, predictions: pl.DataFrame, items: pl.DataFrame) -> MaskIoU:
        crowd = truths["crowd"].to_numpy() if "crowd" in truths.columns else np.zeros(len(truths), dtype=np.bool_)
        return MaskIoU(masks(truths, items), masks(predictions, items), crowd.astype(np.bool_, copy=False))

    def sides(self, inputs: Inputs) -> tuple[BoxColumns, Similarity | None]:
        found, similarity = super().sides(inputs)
        assert isinstance(similarity, MaskIoU)
        area = similarity.detections.area.astype(np.float64)
        return replace(found, detections=replace(found.detections, area=area)), similarity

    def drawn(self, row: Mapping[str, Any]) -> Place | None:
        polygon: Rings
        if row["counts"] is None:
            polygon = _polygon(row["points"], row["rings"], row["parts"])
        else:
            height, counts = row["height"], row["counts"]
            try:
                polygon = mask_polygon(Mask(height, sum(counts) // height, tuple(counts)))
            except BadRegion:  # without a pixel there is nothing to draw
                return None
        return {"kind": KIND, "geometry": SHAPES[KIND].canonical(polygon), "frame": row["frame"]}


def _counts(mask: Mask) -> Row:
    return (None, None, None, list(mask.counts), mask.height)


def _numbers(polygon: Rings) -> tuple[list[float], list[int], list[int]]:
    rings = [ring for part in polygon for ring in part]
    return (
        [number for ring in rings for point in ring for number in point],
        [len(ring) for ring in rings],
        [len(part) for part in polygon],
    )


def _polygon(numbers: Sequence[float], rings: Sequence[int], parts: Sequence[int]) -> Rings:
    points = iter(zip(numbers[::2], numbers[1::2], strict=True))
    outlines: Iterator[tuple[Point, ...]] = iter([tuple(islice(points, count)) for count in rings])
    return tuple(tuple(islice(outlines, count)) for count in parts)


EVALUATOR = Polygons()
