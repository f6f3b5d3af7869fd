"""The pages of a file: which they are, and whether they can be one item."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from motherlode.dicoms import FORMAT

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ALIKE", "MOST_PAGES", "TOO_MANY", "differing", "pages", "places_of", "turn_to"]

MOST_PAGES = 1000
"""Of an item; more are not counted."""

TOO_MANY = (f"has more than {MOST_PAGES:,} pages", "split it into several files")
ALIKE = "the pages of an item have one size and one kind of pixels: split it into a file for each page"

_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4


def pages(file: BinaryIO) -> list[int]:
    """The pages of a TIFF, each by the number of its directory, from 0 on; none of another file. Smaller copies of a
    page and masks are not pages. Finds at most `MOST_PAGES` + 1 and follows no directory twice."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return []
    big = head[2:4] in (b"+\x00", b"\x00+")
    count_of, entry, offset = (f"{order}Q", 20, f"{order}Q") if big else (f"{order}H", 12, f"{order}I")
    found, seen = list[int](), set[int]()
    try:
        (at,) = struct.unpack_from(offset, head, 8 if big else 4)
        while at and at not in seen and len(found) <= MOST_PAGES and len(seen) <= 2 * MOST_PAGES:
            file.seek(at)
            (count,) = struct.unpack(count_of, file.read(struct.calcsize(count_of)))
            if _is_page(file.read(entry), order, big):  # tags go upwards: this one is the first
                found.append(len(seen))
            seen.add(at)
            file.seek(at + struct.calcsize(count_of) + count * entry)
            (at,) = struct.unpack(offset, file.read(struct.calcsize(offset)))
    except (struct.error, OverflowError, OSError):
        if found:  # cut short: the page that is lost is not passed over, and cannot be turned to
            found.append(len(seen))
    return found


def places_of(image: Image.Image, file: BinaryIO) -> Sequence[int]:
    """What `turn_to` needs to know of an opened image's pages, one each; nothing of a picture that has none."""
    if image.format == "TIFF":
        return pages(file)
    return range(getattr(image, "n_frames", 1)) if image.format == FORMAT else ()


def _is_page(entry: bytes, order: str, big: bool) -> bool:
    tag, _, _, value = struct.unpack(f"{order}HHQQ" if big else f"{order}HHII", entry)
    return tag != _NEW_SUBFILE_TYPE or not value & (_REDUCED | _MASK)


def turn_to(image: Image.Image, places: Sequence[int], page: int) -> None:
    """Turns an opened image to a page, by its place among `places`; one of a single page stays as it was opened. Raises
    what Pillow raises for bytes that are cut short."""
    if len(places) > 1:
        image.seek(places[page])


def differing(image: Image.Image, places: Sequence[int]) -> str:
    """In which way the pages of an opened image are not alike, as what follows its name; "" where they are. Reads
    directories and no pixels. Pillow gives each page upright by its own tag."""
    first = _of_page(image, places, 0)
    for page in range(1, len(places)):
        if (other := _of_page(image, places, page)) != first:
            return f"has pages that differ: page 1 is {_said(first)}, page {page + 1} {_said(other)}"
    return ""


def _of_page(image: Image.Image, places: Sequence[int], page: int) -> tuple[int, int, str]:
    turn_to(image, places, page)
    return *image.size, image.mode


def _said(page: tuple[int, int, str]) -> str:
    width, height, mode = page
    return f"{width} x {height} pixels of {mode}"
