"""The ids of imported regions, which are made of what they say: the same import gives the same ids."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from hashlib import sha1
from math import isfinite
from uuid import NAMESPACE_URL, uuid5

from motherlode.shapes import SHAPES, Geometry

__all__ = ["REGION_NAMESPACE", "ids_of", "place_text", "region_ids", "text_of_name", "uuid_of"]

REGION_NAMESPACE = uuid5(NAMESPACE_URL, "urn:motherlode:region")
_NAMESPACE = REGION_NAMESPACE.bytes

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def region_ids(path: str, drafts: Iterable[tuple[str, str, Geometry]], used: Collection[str] = ()) -> list[str]:
    """Ids for the imported regions of one item, from its path and each region's label, kind and geometry.

    The same import gives the same ids; equal regions of one item are told apart by the order they come in. Ids that
    the item has `used` for other regions are passed over.
    """
    return ids_of(path, [(label, place_text(kind, geometry)) for label, kind, geometry in drafts], used)


@lru_cache(maxsize=4096)  # a schema has few labels and controls, and an import says them often
def text_of_name(name: str) -> str:
    """The name of a label or a control as canonical JSON text."""
    return _encode(name)


def ids_of(path: str, places: Iterable[tuple[str, str]], used: Collection[str] = ()) -> list[str]:
    """As `region_ids`, of labels and `place_text`s."""
    seen: dict[str, int] = {}
    ids = []
    start = f"[{_encode(path)},"
    for label, place in places:
        key = f"{start}{text_of_name(label)},{place}]"
        own = ""
        while not own or own in used:
            number = seen.get(key, 0)
            own = uuid_of(f"{key}#{number}")
            seen[key] = number + 1
        ids.append(own)
    return ids


def place_text(kind: str, geometry: Geometry) -> str:
    """A geometry as canonical JSON text, "null" where there is none."""
    if geometry is None:
        return "null"
    place = SHAPES[kind].canonical(geometry)
    if type(place) is list and {*map(type, place)} == {float} and isfinite(sum(place)):
        return f"[{','.join(map(repr, place))}]"  # the encoder takes four times as long
    return _encode(place)


def uuid_of(name: str) -> str:
    """`str(uuid5(REGION_NAMESPACE, name))` without an object in between: an import makes one a region."""
    text = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
