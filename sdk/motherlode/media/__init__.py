"""The media: one module and one line here each. A file's medium is told by the ending of its name.

A medium is a `Media`: items, labeling configs, imports, validation, versions and samples ask it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from motherlode.media.image import Image
from motherlode.media.list import List
from motherlode.media.medium import BadMedia, Media, Other
from motherlode.media.text import Text

__all__ = [
    "BY_SUFFIX",
    "BY_TAG",
    "MEDIA",
    "BadMedia",
    "Image",
    "List",
    "Media",
    "Other",
    "Text",
    "from_block",
    "named",
    "of",
]

# the first is the medium that is meant where nothing else is said
MEDIA: dict[str, type[Media]] = {medium.kind: medium for medium in (Image, Text, List)}
BY_TAG = {medium.tag: medium for medium in MEDIA.values()}
BY_SUFFIX = {suffix: medium for medium in MEDIA.values() for suffix in medium.suffixes}


def named(path: str) -> type[Media] | None:
    """The medium that the ending of a file's name says, None for an ending of none."""
    at = path.rfind(".")
    medium = BY_SUFFIX.get(path[at:].lower()) if at > 0 else None
    if medium is None or path[at - 1] not in "./":
        return medium
    return BY_SUFFIX.get(os.path.splitext(path)[1].lower())  # a name that begins with dots may be all name


def of(kind: str, *, width: int = 0, height: int = 0, length: int = 0) -> Media:
    """The media of a row: of the numbers, those that the medium has. The `length` of a picture is its number of pages,
    where there are several. Raises `BadMedia` for an unknown kind."""
    try:
        medium = MEDIA[kind]
    except KeyError:
        raise BadMedia(f"{kind!r} is not one of the media {', '.join(MEDIA)}", "upgrade Motherlode") from None
    numbers = {"width": width, "height": height, "length": length, "pages": max(1, length)}
    return medium(*[numbers[name] for name in medium.__slots__])


def from_block(block: Mapping[str, Any]) -> Media:
    """Read a media block; one of an unknown kind or with unknown fields is kept as `Other`. Raises `BadMedia`."""
    kind = block.get("kind")
    if not isinstance(kind, str):
        raise BadMedia(f"{dict(block)!r} is not a media block, which names its kind", "publish the version again")
    fields = {name: block[name] for name in block if name != "kind"}
    medium = MEDIA.get(kind)
    if medium is None:
        return Other(kind, fields)
    said = {**medium.unsaid, **fields}
    if said.keys() != set(medium.__slots__):
        return Other(kind, fields)
    return medium(*[int(said[name]) for name in medium.__slots__])
