"""The kinds of regions: one module and one line here each; nothing else in Python names one.

A kind is a `Shape`; regions, labeling configs, validation, label sets, formats and pre-labels ask it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motherlode.shapes.box import BoxShape
from motherlode.shapes.choice import ChoiceShape
from motherlode.shapes.ellipse import EllipseShape
from motherlode.shapes.keypoint import KeypointShape
from motherlode.shapes.mask import MaskShape
from motherlode.shapes.number import NumberShape
from motherlode.shapes.pairwise import PairwiseShape
from motherlode.shapes.polygon import PolygonShape
from motherlode.shapes.polyline import PolylineShape
from motherlode.shapes.ranking import RankingShape
from motherlode.shapes.rating import RatingShape
from motherlode.shapes.rotated_box import RotatedBoxShape
from motherlode.shapes.shape import Asked, BadRegion, Bounds, Broken, Clip, Geometry, Shape
from motherlode.shapes.skeleton import SkeletonShape
from motherlode.shapes.span import SpanShape
from motherlode.shapes.taxonomy import TaxonomyShape
from motherlode.shapes.text import TextShape

__all__ = [
    "BY_TAG",
    "BY_TASK",
    "DEFAULT",
    "LABEL_TASKS",
    "PARTS",
    "RESULT_TYPES",
    "SHAPES",
    "Asked",
    "BadRegion",
    "Bounds",
    "Broken",
    "Clip",
    "Geometry",
    "Shape",
    "asked_as",
    "asked_by_tag",
    "shape_in",
    "shape_of",
]

# the first is the kind that is meant where nothing else is said
_ALL: tuple[Shape, ...] = (
    BoxShape(),
    PolygonShape(),
    PolylineShape(),
    EllipseShape(),
    KeypointShape(),
    SkeletonShape(),
    MaskShape(),
    SpanShape(),
    ChoiceShape(),
    TaxonomyShape(),
    TextShape(),
    NumberShape(),
    RatingShape(),
    PairwiseShape(),
    RankingShape(),
    RotatedBoxShape(),
)

DEFAULT = _ALL[0]
SHAPES = {shape.kind: shape for shape in _ALL}
_ASKED = tuple(shape for shape in _ALL if not shape.variant_of)
BY_TAG = {shape.opening: shape for shape in _ASKED}
"""By the `opening` of their controls: a tag alone, but where several kinds share one."""

RESULT_TYPES = dict.fromkeys(shape.result_type for shape in _ASKED)
BY_TASK = {shape.task: shape for shape in _ASKED}
LABEL_TASKS = [shape.task for shape in _ASKED if shape.labelled and not shape.nested]
"""The tasks that a plain list of labels can answer, as sources of labels hold them."""

PARTS = dict.fromkeys(shape.part for shape in _ASKED if shape.part)
"""The elements that name a class below a control's tag."""


_VARIANTS = {one.kind: tuple(shape for shape in _ALL if shape.variant_of == one.kind) for one in _ASKED}


def asked_as(kind: str) -> str:
    """The kind of the controls that regions of a kind answer: of a variant, the one that it is a variant of."""
    shape = SHAPES.get(kind)
    return (shape.variant_of if shape else "") or kind


def asked_by_tag(tag: str, attributes: Mapping[str, str]) -> Shape | None:
    """The kind that a control of that tag asks for, by what it says; None where the tag is not a control's."""
    said = {name: value.lower() for name, value in attributes.items()}
    told = (
        shape for shape in BY_TAG.values() if shape.tag == tag and shape.says and shape.says.items() <= said.items()
    )
    return next(told, BY_TAG.get(tag))


def shape_in(value: Mapping[str, Any], asked: Shape) -> Shape:
    """The kind of a Label Studio value that a control for `asked` gave: that one, or the variant that claims it."""
    for shape in _VARIANTS.get(asked.kind, ()):
        if shape.claims(value):
            return shape
    return asked


def shape_of(kind: object) -> Shape:
    """The kind of that name. Raises `BadRegion`."""
    try:
        return SHAPES[kind]  # type: ignore[index]  # whatever a file says
    except (KeyError, TypeError):
        raise BadRegion(f"type {kind!r} is not one of {', '.join(map(repr, SHAPES))}") from None
