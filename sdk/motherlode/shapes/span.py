"""Spans of texts: from one character to another (Label Studio's Labels), which may overlap and lie in each other.

Offsets count Unicode code points of the decoded text, line ends as they are in the file; what a span quotes is kept
beside them, so that a text that was changed, or offsets that count something else, are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from motherlode.media import Media, Text
from motherlode.shapes.shape import BadRegion, Bounds, Broken, Clip, PointMap, Shape

__all__ = ["Span", "SpanShape"]

SHOWN = 60  # code points of a quote that a message shows at most


class Span(NamedTuple):
    """From `start` to before `end`, in code points, and what stands there."""

    start: int
    end: int
    text: str


class SpanShape(Shape):
    """A span's geometry is a `Span`. As a place it is (start, 0, end, 1), so that two are alike as intervals are."""

    kind = "span"
    task = "spans"
    noun = "span"
    tag = "Labels"
    result_type = "labels"
    field = "span"
    media = frozenset({"text"})
    quotes = True
    looks = frozenset(
        {"showInline", "opacity", "fillColor", "strokeColor", "strokeWidth", "strokewidth", "maxUsages", "allowEmpty"}
    )
    part_looks = frozenset({"background", "size", "selected", "category", "showAlias", "aliasStyle"})

    def check(self, value: Mapping[str, Any], media: Media) -> Broken | None:
        if not isinstance(media, Text):
            return Broken("object", "A span is part of a text.")
        for name in ("start", "end"):
            offset = value.get(name)
            if isinstance(offset, str):
                places = "as those in HTML and dialogues have them, which are not supported"
                return Broken("number", f"{name} is {offset!r:.60}, a path {places}; it must be a whole number.")
            if not isinstance(offset, int) or isinstance(offset, bool):
                return Broken("number", f"{name} is {offset!r:.40}, not a whole number.")
        start, end, text = int(value["start"]), int(value["end"]), value.get("text")
        if start >= end:
            return Broken("area", f"The span from {start} to {end} holds no character.")
        if start < 0 or end > media.length:
            return Broken("outside", f"The span from {start} to {end} is not within the {media.length:,} characters.")
        if not isinstance(text, str):
            return Broken("text", f"The span from {start} to {end} does not quote what stands there, as text.")
        if len(text) != end - start:
            counted = f"it quotes {len(text):,} characters, and from {start} to {end} there are {end - start:,}"
            return Broken("text", f"{counted}; offsets count Unicode code points.")
        return None

    def misquoted(self, geometry: Span, text: str) -> str:
        start, end, quote = geometry
        there = text[start:end]
        if there == quote:
            return ""
        said = f'it quotes "{_short(quote)}", and from {start} to {end} the text says "{_short(there)}"'
        units = text.encode("utf-16-le", "surrogatepass")
        if units[2 * start : 2 * end] == quote.encode("utf-16-le", "surrogatepass"):
            start = len(units[: 2 * start].decode("utf-16-le", "replace"))
            said += f"; offsets count Unicode code points, not UTF-16 units: it is from {start} to {start + len(quote)}"
        return said

    def from_result(self, value: Mapping[str, Any], media: Media) -> Span:
        return self.from_json({name: value[name] for name in Span._fields})

    def to_result(self, geometry: Span, media: Media) -> dict[str, Any]:
        return geometry._asdict()

    def canonical(self, geometry: Span) -> dict[str, Any]:
        return geometry._asdict()

    def from_json(self, value: Any) -> Span:
        if not isinstance(value, Mapping) or value.keys() != set(Span._fields):
            raise BadRegion(f"{value!r:.60} is not a span, which has start, end and text")
        start, end, text = (value[name] for name in Span._fields)
        for offset in (start, end):
            if not isinstance(offset, int) or isinstance(offset, bool):
                raise BadRegion(f"{offset!r:.40} is not the place of a character, which is a whole number")
        if not isinstance(text, str) or not 0 <= start < end or len(text) != end - start:
            raise BadRegion(f"a span from {start} to {end} does not quote {_short(str(text))!r}")
        return Span(start, end, text)

    def bounds(self, geometry: Span) -> Bounds:
        return (float(geometry.start), 0.0, float(geometry.end), 1.0)

    def area(self, geometry: Span) -> float:
        return float(geometry.end - geometry.start)

    def clip(self, geometry: Span, media: Media) -> tuple[Span | None, Clip]:
        assert isinstance(media, Text)
        start, end, text = geometry
        if start >= media.length:
            return None, "outside"
        if end <= media.length:
            return geometry, "ok"
        return Span(start, media.length, text[: media.length - start]), "clipped"

    def similarity(self, one: Span, two: Span) -> float:
        shared = min(one.end, two.end) - max(one.start, two.start)
        return shared / (max(one.end, two.end) - min(one.start, two.start)) if shared > 0 else 0.0

    def mapped(self, geometry: Span, point: PointMap) -> Span:
        return geometry

    def near(self, one: Span, two: Span, most: float = 1e-6) -> bool:
        return one == two

    def words(self, geometry: Span) -> str:
        return f'{geometry.start} to {geometry.end}, "{_short(geometry.text)}"'


def _short(text: str) -> str:
    """A quote for a sentence."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
