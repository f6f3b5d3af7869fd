"""A text with what was said of its parts, as pages show it: spans that may overlap, each with a line of its own."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from lode_platform.drawing import Drawn
from motherlode.shapes import SHAPES

LEVELS = 6
"""So many lines lie below each other; further ones lie on the last."""


class _Span(NamedTuple):
    """Code points from ``start`` to before ``end``, what is drawn there, and the ``level`` of its line."""

    start: int
    end: int
    region: Drawn
    level: int


def marked(text: str, regions: Iterable[Drawn]) -> SafeString:
    """The text, escaped, with the ``regions`` that quote parts of it."""
    places = sorted(_places(text, regions), key=lambda place: (place[0], -place[1]))
    spans = _levelled(places)
    edges = sorted({0, len(text), *(edge for one in spans for edge in (one.start, one.end))})
    parts, begun, at = [], list[_Span](), 0
    for start, end in zip(edges, edges[1:], strict=False):
        while at < len(spans) and spans[at].start <= start:
            begun.append(spans[at])
            at += 1
        begun = [one for one in begun if one.end > start]
        parts.append(_part(text[start:end], begun))
    return SafeString("".join(parts))


def _places(text: str, regions: Iterable[Drawn]) -> Iterator[tuple[int, int, Drawn]]:
    for region in regions:
        shape = SHAPES.get(region["kind"])
        if shape is not None and shape.quotes and region["geometry"] is not None:
            place: Any = shape.from_json(region["geometry"])
            if place.start < len(text):
                yield place.start, min(place.end, len(text)), region


def _levelled(places: Sequence[tuple[int, int, Drawn]]) -> list[_Span]:
    """Each on the first line that is free where it begins."""
    free: list[int] = []
    spans = []
    for start, end, region in places:
        level = next((level for level, until in enumerate(free) if until <= start), len(free))
        free[level : level + 1] = [end]
        spans.append(_Span(start, end, region, min(level, LEVELS - 1)))
    return spans


def _part(text: str, spans: Sequence[_Span]) -> SafeString:
    """A stretch of text within the same spans: the lowest line is the outermost element's."""
    said = conditional_escape(text)
    title = ", ".join(one.region["label"] for one in spans)
    for one in sorted(spans, key=lambda one: one.level):
        css = f"text-span at{one.level} {_look(one.region)}"
        said = format_html('<span class="{}" title="{}">{}</span>', css, title, said)
    return SafeString(said)


def _look(region: Drawn) -> str:
    layer = region["layer"]
    return f"c{region.get('color', 1)}" if layer == "class" else f"is-{layer}"
