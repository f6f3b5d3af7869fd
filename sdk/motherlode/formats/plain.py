"""The usual line of an import: boxes in pixels of their image and no more, read and written without a draft for each.

`source.Record.from_json`, `settling.settle` and `texts.as_texts` say the same of such a line; a test holds them
together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from motherlode.formats.texts import Asked
from motherlode.manifest import canonical
from motherlode.media import Image, Media
from motherlode.regions import Texts, text_of_name, uuid_of
from motherlode.shapes import DEFAULT

__all__ = ["Plain", "plain_regions"]

_KIND, _PLACE = DEFAULT.kind, DEFAULT.field
_FIELDS = frozenset({"kind", "label", _PLACE, "area", "iscrowd", "row"})
_NUMBERS = [float] * 4


def plain_regions(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The regions of a line that says of an image that it has these boxes; None where it says more or says it in other
    words, which `Record.from_json` may still read."""
    if "lost" in row or "strict" in row or row.get("labelled") is not True:
        return None
    width, height, regions = row.get("width", 1), row.get("height", 1), row.get("regions")
    if not (type(width) is type(height) is int and width > 0 and height > 0 and type(regions) is list):
        return None
    if not all(type(row.get(name, "")) is str for name in ("path", "file", "split", "control")):
        return None
    return regions if "path" in row and all(map(_is_plain, regions)) else None


def _is_plain(region: Any) -> bool:
    if type(region) is not dict or not region.keys() <= _FIELDS:
        return False
    get = region.get
    place, area = get(_PLACE), get("area", 0.0)
    return (
        get("kind") == _KIND
        and type(place) is list
        and [*map(type, place)] == _NUMBERS
        and type(area) is float
        and isfinite(place[0] + place[1] + place[2] + place[3] + area - area)
        and type(get("label")) is str
        and type(get("row", "")) is str
        and get("iscrowd", True) is True
    )


class Plain:
    """Writes what plain lines say that answer some controls."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._named: dict[str, tuple[str, str]] = {}  # by label: its text, and the fields that follow from it

    def texts(
        self, path: str, row: Mapping[str, Any], regions: Sequence[Mapping[str, Any]], media: Media
    ) -> Texts | None:
        """What a line says of the item `path`, whose `plain_regions` are these, where all of it comes in as it stands,
        as `texts.as_texts` gives it; None where anything must be cut, left out or told."""
        if not isinstance(media, Image) or media.pages > 1:
            return None
        width, height = media.width, media.height
        if ("width" in row or "height" in row) and (row.get("width"), row.get("height")) != (width, height):
            return None
        start, seen, written = f"[{canonical(path)},", dict[str, int](), list[str]()
        for region in regions:
            left, top, right, bottom = region[_PLACE]
            named = self._named.get(region["label"]) or self._name(region["label"])
            if named is None or not (0 <= left < right <= width and 0 <= top < bottom <= height):
                return None
            place = f"[{left + 0.0!r},{top + 0.0!r},{right!r},{bottom!r}]"
            key = f"{start}{named[0]},{place}]"
            number = seen[key] = seen.get(key, -1) + 1  # equal regions are told apart
            area = f'"area":{region["area"] + 0.0!r},' if "area" in region else ""
            crowd = ',"iscrowd":true' if "iscrowd" in region else ""
            written.append(
                f'{{{area}{named[1]},"geometry":{place},"id":"{uuid_of(f"{key}#{number}")}"{crowd},"kind":"{_KIND}"}}'
            )
        return Texts("[]", f"[{','.join(written)}]")

    def _name(self, label: str) -> tuple[str, str] | None:
        control = self._asked[_KIND, label]
        if control is None:
            return None
        class_id = control.class_ids[label]
        numbered = f'"class_id":{class_id},' if class_id else ""
        named = self._named[label] = text_of_name(label), f'{numbered}"control":{text_of_name(control.name)}'
        return named
