"""What Pillow does not tell cheaply of a TIFF: how many pages it has."""

from __future__ import annotations

import struct
from typing import BinaryIO

__all__ = ["MOST_PAGES", "ONE_PAGE", "pages", "said"]

MOST_PAGES = 1000
"""More are not counted."""

ONE_PAGE = "an item is one picture: split it into a file for each page"

_NEW_SUBFILE_TYPE = 254
_REDUCED, _MASK = 1, 4


def pages(file: BinaryIO) -> int:
    """The pages of a TIFF, 0 of what is none; smaller copies of a page and masks are not pages. Counts to
    `MOST_PAGES` + 1 and follows no directory twice."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        return 0
    big = head[2:4] in (b"+\x00", b"\x00+")
    count_of, entry, offset = (f"{order}Q", 20, f"{order}Q") if big else (f"{order}H", 12, f"{order}I")
    found, seen = 0, set[int]()
    try:
        (at,) = struct.unpack_from(offset, head, 8 if big else 4)
        while at and at not in seen and found <= MOST_PAGES and len(seen) <= 2 * MOST_PAGES:
            seen.add(at)
            file.seek(at)
            (count,) = struct.unpack(count_of, file.read(struct.calcsize(count_of)))
            found += _is_page(file.read(entry), order, big)  # tags go upwards: this one is the first
            file.seek(at + struct.calcsize(count_of) + count * entry)
            (at,) = struct.unpack(offset, file.read(struct.calcsize(offset)))
    except (struct.error, OverflowError, OSError):
        pass  # cut short: what Pillow says of it counts
    return found


def _is_page(entry: bytes, order: str, big: bool) -> bool:
    tag, _, _, value = struct.unpack(f"{order}HHQQ" if big else f"{order}HHII", entry)
    return tag != _NEW_SUBFILE_TYPE or not value & (_REDUCED | _MASK)


def said(count: int) -> str:
    """A number of pages, in words."""
    return str(count) if count <= MOST_PAGES else f"more than {MOST_PAGES:,}"
