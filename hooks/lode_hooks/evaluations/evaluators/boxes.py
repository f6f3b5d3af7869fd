"""Boxes on images, by the IoU of their areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.utils.translation import gettext_lazy as _

from lode_hooks.evaluations.evaluators.evaluator import Line
from lode_hooks.evaluations.evaluators.located import Located, Row
from motherlode.numbers import are_numbers, is_number
from motherlode.shapes import SHAPES, asked_as


class Boxes(Located):
    """A box is x1, y1, x2, y2 in pixels of the upright image.

    A rotated box, or an outline, counts as the box around it.
    """

    task = "boxes"
    title = _("Boxes")
    kinds = frozenset({"box"})
    overlap = _("IoU")
    field = "boxes"

    def truth(self, region: Mapping[str, Any]) -> Mapping[str, Any] | None:
        shape = SHAPES.get(region["kind"])
        return {} if shape and (asked_as(shape.kind) in self.kinds or shape.segmented) else None

    def read_place(self, line: Line, number: int, value: Any) -> tuple[Sequence[float], Row]:
        if not isinstance(value, list) or len(value) != 4 or not all(is_number(side) for side in value):
            raise line.bad(f"has a box that is not four finite numbers: {value!r}")
        return [float(side) for side in value], ()

    def read_places(self, line: Line, values: Sequence[Any]) -> Sequence[tuple[Sequence[float], Row]]:
        if set(map(type, values)) <= {list} and set(map(len, values)) <= {4}:
            sides = [*chain.from_iterable(values)]
            if are_numbers(sides):
                return [(box, ()) for box in values]
        return super().read_places(line, values)


EVALUATOR = Boxes()
