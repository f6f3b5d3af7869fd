"""What pages draw of a region beyond its box: its outlines, whatever its kind."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from motherlode.regions import Region
from motherlode.shapes import SHAPES

Outlines: TypeAlias = Sequence[Sequence[tuple[float, float]]]
"""Closed rings of points in pixels of the upright image; none where the box is the outline."""


def outlines(region: Region | Mapping[str, Any]) -> Outlines:
    """The outlines of a region, or of its row as a label set has it; none for a kind that is not known here."""
    if isinstance(region, Region):
        return SHAPES[region.type].outlines(region.geometry)
    shape = SHAPES.get(region["kind"])
    if shape is None or "geometry" not in region:
        return ()
    return shape.outlines(shape.from_json(region["geometry"]))


def path(rings: Outlines) -> str:
    """Outlines as an SVG path."""
    return "".join(f"M{'L'.join(f'{_number(x)} {_number(y)}' for x, y in ring)}Z" for ring in rings)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
