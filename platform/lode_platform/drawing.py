"""Regions as pages draw them: what `<lode-picture>` takes, each with the geometry of its own kind."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NotRequired, TypedDict

from motherlode.regions import Region
from motherlode.shapes import DEFAULT, SHAPES

DIGITS = 2
"""Decimals of a pixel that a page is sent: a hundredth shows at no zoom that a page has."""


class Drawn(TypedDict):
    """A region to draw: its ``kind`` and ``geometry`` as labels are published, in pixels of the upright image.

    ``layer`` says what it means: "class" (drawn in its class's ``color``, 1 to 12), "truth", "prediction", "other", or
    a page's own; ``label`` and ``score`` are named beside it, ``id`` is the region's own where it has one. ``asks`` is
    what its kind is drawn with of that which its class asks, as ``Shape.sketch`` says.
    """

    kind: str
    geometry: Any
    layer: str
    label: str
    color: NotRequired[int]
    score: NotRequired[float]
    asks: NotRequired[Mapping[str, Any]]
    id: NotRequired[str]


def drawn(
    region: Region | Mapping[str, Any],
    *,
    layer: str = "class",
    label: str = "",
    color: int | None = None,
    score: float | None = None,
    asks: Mapping[str, Any] | None = None,
) -> list[Drawn]:
    """A region, or its row as a label set has it, as pages draw it: in a list, which is empty for what has no place and
    for a kind that is not known here. ``asks`` is what its class asks beyond its name, where that is anything."""
    row = region.as_json() if isinstance(region, Region) else region
    shape = SHAPES.get(row.get("kind", ""))
    if shape is None or shape.whole or row.get("geometry") is None:
        return []
    made = Drawn(kind=shape.kind, geometry=row["geometry"], layer=layer, label=label)
    if color is not None:
        made["color"] = color
    if score is not None:
        made["score"] = score
    if asks and (sketch := shape.sketch(asks)):
        made["asks"] = sketch
    if row.get("id"):
        made["id"] = row["id"]
    return [made]


class LegendLine(NamedTuple):
    """A class as regions are drawn in it: its name, its colour (1 to 12) and how many there are."""

    label: str
    color: int
    number: int


def legend(regions: Iterable[Drawn]) -> list[LegendLine]:
    """The classes of regions that are drawn in their class's colour, in the order in which they come."""
    counts = Counter((region["label"], region.get("color", 1)) for region in regions if region["layer"] == "class")
    return [LegendLine(label, color, count) for (label, color), count in counts.items()]


def from_bounds(box: Sequence[float] | None) -> dict[str, Any]:
    """The row of a region of which only the bounds are known, xyxy in pixels; without geometry where not even they."""
    return {"kind": DEFAULT.kind, "geometry": None if box is None else list(box)}


def as_json(regions: Iterable[Drawn]) -> str:
    """Regions as the attribute of `<lode-picture>` has them, without ids and without what is at its default."""
    return json.dumps([_sent(region) for region in regions], separators=(",", ":"), ensure_ascii=False)


def _sent(region: Drawn) -> dict[str, Any]:
    said = {key: value for key, value in region.items() if key != "id" and value != ""}
    return {**said, "geometry": _rounded(region["geometry"])}


def _rounded(geometry: Any) -> Any:
    if isinstance(geometry, float):
        rounded = round(geometry, DIGITS)
        return int(rounded) if rounded.is_integer() else rounded
    if isinstance(geometry, Mapping):
        return {key: _rounded(value) for key, value in geometry.items()}
    if isinstance(geometry, Sequence) and not isinstance(geometry, str):
        return [_rounded(value) for value in geometry]
    return geometry
