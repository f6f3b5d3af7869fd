"""The page that a region lies on: its `frame`, and Label Studio's `item_index` of a result's entry.

Both count from 0. A frame of 0 is not kept, so that a region of the first page reads as one of a picture of one page;
an entry names its page wherever the picture has several. Under a schema that names each picture of an item, an entry
names its picture by `to_name` instead: the `page` of its control.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motherlode.media import Image, Media
from motherlode.shapes import BadRegion

__all__ = ["ITEM_INDEX", "frame_of", "item_index", "page_kept", "pages_of"]

ITEM_INDEX = "item_index"


def pages_of(media: Media) -> int:
    """How many pages an item has, 1 of another medium."""
    return media.pages if isinstance(media, Image) else 1


def frame_of(entry: Mapping[str, Any], media: Media, page: int | None = None) -> int | None:
    """The frame of a region whose entry this is, under a control about that `page`, where it is about one. Raises
    `BadRegion` for a page that is not there."""
    index = entry.get(ITEM_INDEX)
    if index is None and page is None:
        return None
    pages = pages_of(media)
    if page is not None:
        if index is not None:
            raise BadRegion(f"{ITEM_INDEX} {index!r} has no meaning here: its control says which picture it lies on")
        if page >= pages:
            raise BadRegion(f"control is about picture {page + 1} of the item, which has {pages}")
        return page or None
    if type(index) is not int or not 0 <= index < pages:
        there = f"they are numbered 0 to {pages - 1}" if pages > 1 else "it has one"
        raise BadRegion(f"{ITEM_INDEX} {index!r} is none of the item's pages: {there}")
    return index or None


def item_index(frame: int | None, media: Media, page: int | None = None) -> dict[str, int]:
    """What an entry says of its page: nothing, where there is one, or where its control is about that `page`."""
    return {ITEM_INDEX: frame or 0} if page is None and pages_of(media) > 1 else {}


def page_kept(entry: Mapping[str, Any], media: Media) -> dict[str, int]:
    """Where an entry's page is gone, since the item got another file: the last one there is, as `item_index`."""
    index, last = entry.get(ITEM_INDEX), pages_of(media) - 1
    return {ITEM_INDEX: last} if type(index) is int and index > last else {}
