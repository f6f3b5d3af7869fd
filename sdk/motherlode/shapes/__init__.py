"""The kinds of regions: one module and one line here each; nothing else in Python names one.

A kind is a `Shape`; regions, labeling configs, validation, label sets, formats and pre-labels ask it.
"""

from __future__ import annotations

from motherlode.shapes.box import BoxShape
from motherlode.shapes.choice import ChoiceShape
from motherlode.shapes.ellipse import EllipseShape
from motherlode.shapes.polygon import PolygonShape
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, Geometry, Shape

__all__ = [
    "BY_RESULT_TYPE",
    "BY_TAG",
    "BY_TASK",
    "DEFAULT",
    "PARTS",
    "SHAPES",
    "BadRegion",
    "Bounds",
    "Broken",
    "Clip",
    "Geometry",
    "Shape",
    "shape_of",
]

# the first is the kind that is meant where nothing else is said
_ALL: tuple[Shape, ...] = (
    BoxShape(),
    PolygonShape(),
    EllipseShape(),
    ChoiceShape(),
)

DEFAULT = _ALL[0]
SHAPES = {shape.kind: shape for shape in _ALL}
BY_TAG = {shape.tag: shape for shape in _ALL}
BY_RESULT_TYPE = {shape.result_type: shape for shape in _ALL}
BY_TASK = {shape.task: shape for shape in _ALL}
PARTS = dict.fromkeys(shape.part for shape in _ALL)
"""The elements that name a class below a control's tag."""


def shape_of(kind: object) -> Shape:
    """The kind of that name. Raises `BadRegion`."""
    try:
        return SHAPES[kind]  # type: ignore[index]  # whatever a file says
    except (KeyError, TypeError):
        raise BadRegion(f"type {kind!r} is not one of {', '.join(map(repr, SHAPES))}") from None
