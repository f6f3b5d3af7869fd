"""What pages draw of a region beyond its box: its outlines, whatever its kind."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from motherlode.regions import Region
from motherlode.shapes import SHAPES, Geometry, Shape

Outlines: TypeAlias = Sequence[Sequence[tuple[float, float]]]
"""Closed rings of points in pixels of the upright image; none where the box is the outline."""


def outlines(region: Region | Mapping[str, Any]) -> Outlines:
    """The outlines of a region, holes too, or of its row in a label set; none for a kind that is not known here."""
    if isinstance(region, Region):
        return _rings(SHAPES[region.type], region.geometry)
    shape = SHAPES.get(region["kind"])
    if shape is None or "geometry" not in region:
        return ()
    return _rings(shape, shape.from_json(region["geometry"]))


def _rings(shape: Shape, geometry: Geometry) -> Outlines:
    return tuple(ring for part in shape.parts(geometry) for ring in part)


def path(rings: Outlines) -> str:
    """Outlines as an SVG path."""
    return "".join(f"M{'L'.join(f'{_number(x)} {_number(y)}' for x, y in ring)}Z" for ring in rings)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
