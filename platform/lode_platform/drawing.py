"""Regions as pages draw them: what `<lode-picture>` takes, each with the geometry of its own kind."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NotRequired, TypedDict

from motherlode.regions import Region, box_of
from motherlode.shapes import DEFAULT, SHAPES

DIGITS = 2
"""Decimals of a pixel that a page is sent: a hundredth shows at no zoom that a page has."""


class Link(TypedDict):
    """An arrow from a region to another one, of which the bounds are ``to``; ``both``: it points both ways."""

    to: list[float]
    label: str
    color: NotRequired[int]
    both: NotRequired[bool]


class Drawn(TypedDict):
    """A region to draw: its ``kind`` and ``geometry`` as labels are published, in pixels of the upright image.

    ``layer`` says what it means: "class" (drawn in its class's ``color``, 1 to 12), "truth", "prediction", "other", or
    a page's own; ``label`` and ``score`` are named beside it, ``id`` is the region's own where it has one, ``frame``
    the page of the picture that it lies on, left out for the first. ``links`` are the arrows that begin at it, ``asks``
    is what its kind is drawn with of that which its class asks, as ``Shape.sketch`` says.
    """

    kind: str
    geometry: Any
    layer: str
    label: str
    color: NotRequired[int]
    score: NotRequired[float]
    asks: NotRequired[Mapping[str, Any]]
    id: NotRequired[str]
    links: NotRequired[list[Link]]
    frame: NotRequired[int]


class Pin(TypedDict):
    """A numbered pin on a picture: ``x`` and ``y`` in pixels of the upright image, on the ``page`` of that number, left
    out for the first. ``title`` is said of it, ``off`` draws it as done with."""

    number: int
    x: float
    y: float
    title: str
    page: NotRequired[int]
    off: NotRequired[bool]


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
    if row.get("frame"):
        made["frame"] = row["frame"]
    return [made]


def linked(
    regions: Iterable[Drawn],
    relations: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    names: Mapping[int, str],
    color_of: Callable[[int], int],
) -> list[Drawn]:
    """Regions with the arrows of ``relations`` between them, as label sets hold these; ``rows`` are those of the
    regions, ``names`` and ``color_of`` say the classes' names and colours."""
    held = list(relations)
    places = {row["id"]: row for row in rows} if held else {}
    links: dict[str, list[Link]] = {}
    for one in held:
        begin, end = places.get(one["from"]), places.get(one["to"])
        bounds = box_of(end) if end else None
        if begin is None or end is None or bounds is None or begin.get("frame", 0) != end.get("frame", 0):
            continue  # no arrow leads to another page
        link = Link(to=bounds, label=names.get(one.get("class_id", 0), ""))
        if "class_id" in one:
            link["color"] = color_of(one["class_id"])
        if one.get("both"):
            link["both"] = True
        links.setdefault(one["from"], []).append(link)
    return [{**one, "links": links[one["id"]]} if one.get("id") in links else one for one in regions]


def page_of(regions: Iterable[Drawn]) -> int:
    """The page to show, from 0 on, where nobody chose one: that of the first region that something is said of."""
    told = sorted(regions, key=lambda region: region["layer"] == "calm")
    return told[0].get("frame", 0) if told else 0


def on_page(regions: Iterable[Drawn], page: int) -> list[Drawn]:
    """The regions that lie on a page, from 0 on."""
    return [region for region in regions if region.get("frame", 0) == page]


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
    """Regions as the attribute of `<lode-picture>` has them, without ids, pages and what is at its default."""
    return json.dumps([_sent(region) for region in regions], separators=(",", ":"), ensure_ascii=False)


def pins_as_json(pins: Iterable[Pin], page: int = 0) -> str:
    """The pins of a page as the attribute of `<lode-picture>` has them; "" for none."""
    here = [
        {key: _rounded(value) for key, value in pin.items() if key != "page"}
        for pin in pins
        if pin.get("page", 0) == page
    ]
    return json.dumps(here, separators=(",", ":"), ensure_ascii=False) if here else ""


def _sent(region: Drawn) -> dict[str, Any]:
    said = {key: value for key, value in region.items() if key not in ("id", "frame") and value != ""}
    links = {"links": [{**one, "to": _rounded(one["to"])} for one in region["links"]]} if "links" in region else {}
    return {**said, **links, "geometry": _rounded(region["geometry"])}


def _rounded(geometry: Any) -> Any:
    if isinstance(geometry, float):
        rounded = round(geometry, DIGITS)
        return int(rounded) if rounded.is_integer() else rounded
    if isinstance(geometry, Mapping):
        return {key: _rounded(value) for key, value in geometry.items()}
    if isinstance(geometry, Sequence) and not isinstance(geometry, str):
        return [_rounded(value) for value in geometry]
    return geometry
