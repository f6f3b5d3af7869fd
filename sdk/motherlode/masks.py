"""Masks as COCO's run-length codes: read, written, measured, turned, made of outlines, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from motherlode.errors import BadRegion

if TYPE_CHECKING:
    from motherlode.shapes.shape import Bounds, Point, PointMap

__all__ = [
    "Mask",
    "boxed_mask",
    "crossings",
    "in_box",
    "mapped_mask",
    "mask_area",
    "mask_bounds",
    "mask_iou",
    "mask_polygon",
    "of_pixels",
    "polygon_mask",
    "read_mask",
    "tidy",
    "transposed",
    "written",
]

Corner: TypeAlias = tuple[int, int]
Rings: TypeAlias = tuple[tuple[tuple[tuple[float, float], ...], ...], ...]
"""Parts, each an outer ring and its holes."""
MAX_SIDE = 100_000  # pixels; no format of pictures that is read has more
LONGEST = 60  # bits of a number in COCO's text


class Mask(NamedTuple):
    """Pixels of an image of `height` x `width`: `counts` of background and of mask by turns, down each column."""

    height: int
    width: int
    counts: tuple[int, ...]


def read_mask(value: Mapping[str, Any]) -> Mask:
    """The mask of a code `{"size": [height, width], "counts": ...}`; counts are numbers, or COCO's text of them.

    Raises `BadRegion`.
    """
    size, counts = value.get("size"), value.get("counts")
    if not (isinstance(size, list | tuple) and len(size) == 2 and all(map(_is_side, size))):
        raise BadRegion(f"a mask's size is [height, width] in pixels, not {size!r:.60}")
    if isinstance(counts, bytes):
        counts = counts.decode("latin-1")
    if isinstance(counts, str):
        numbers = _numbers(counts)
    elif isinstance(counts, list | tuple) and all(type(count) is int for count in counts):
        numbers = list(counts)
    else:
        raise BadRegion(f"a mask's counts are whole numbers, or COCO's text of them, not {counts!r:.60}")
    if any(count < 0 for count in numbers) or sum(numbers) != size[0] * size[1]:
        raise BadRegion(f"a mask's counts sum up to {sum(numbers):,}, not to its {size[0]} x {size[1]} pixels")
    return Mask(size[0], size[1], tuple(numbers))


def _is_side(value: object) -> bool:
    return type(value) is int and 0 < value <= MAX_SIDE


def _numbers(text: str) -> list[int]:
    """The counts of COCO's text: 5 bits a character from the lowest on, from the third on less the last but one."""
    numbers: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64:
            raise BadRegion(f"a mask's counts hold {character!r}, which COCO's text never does")
        value |= (bits & 0x1F) << shift
        shift += 5
        if shift > LONGEST:
            raise BadRegion("a mask's counts hold a number that is larger than any image")
        if not bits & 0x20:
            if bits & 0x10:
                value -= 1 << shift
            numbers.append(value + (numbers[-2] if len(numbers) > 2 else 0))
            value = shift = 0
    if shift:
        raise BadRegion("a mask's counts break off within a number")
    return numbers


def written(mask: Mask) -> dict[str, Any]:
    """The mask as COCO's compressed code."""
    text = []
    for at, count in enumerate(mask.counts):
        value = count - (mask.counts[at - 2] if at > 2 else 0)
        while True:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            text.append(chr(48 + bits + (0x20 if more else 0)))
            if not more:
                break
    return {"size": [mask.height, mask.width], "counts": "".join(text)}


def mask_bounds(mask: Mask) -> Bounds | None:
    """The box around its pixels; None where it has none."""
    columns = dict(_columns(mask))
    if not columns:
        return None
    tops = min(runs[0] for runs in columns.values())
    return (
        float(min(columns)),
        float(tops),
        float(max(columns) + 1),
        float(max(runs[-1] for runs in columns.values())),
    )


def mask_polygon(mask: Mask) -> Rings:
    """Its outlines along the edges of its pixels: a part for all that hangs together by sides, holes included.

    Drawn again, they are the same pixels. Raises `BadRegion` for a mask without pixels.
    """
    loops = [(ring, _twice_area(ring)) for ring in _loops(mask)]
    parts = [[ring] for ring, area in sorted(loops, key=lambda loop: loop[1]) if area > 0]
    if not parts:
        raise BadRegion("the mask has no pixels")
    for hole in (ring for ring, area in loops if area < 0):
        # the pixel of the mask that lies right of the hole's first edge
        (x, y), (to_x, to_y) = hole[0], hole[1]
        along, down = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
        beside = (x + (along - down) / 2, y + (down + along) / 2)
        next(part for part in parts if _holds(part[0], beside)).append(hole)  # the smallest part around it
    return tuple(tuple(tuple((float(x), float(y)) for x, y in ring) for ring in part) for part in reversed(parts))


def of_pixels(parts: Sequence[Sequence[Sequence[Point]]], width: int, height: int) -> bool:
    """Whether all rings run along the edges of pixels of an image of that size, so that their mask is they, whole."""
    return all(
        (a[0] == b[0] or a[1] == b[1])
        and int(a[0]) == a[0]
        and int(a[1]) == a[1]
        and 0 <= a[0] <= width
        and 0 <= a[1] <= height
        for part in parts
        for ring in part
        for a, b in pairwise(chain(ring, ring[:1]))
    )


def polygon_mask(parts: Sequence[Sequence[Sequence[Point]]], width: int, height: int) -> Mask:
    """The mask of outlines that are `of_pixels`, in an image of that size: what `mask_polygon` gives comes back.

    Within a part rings are even-odd; a mask is the union of its parts.
    """
    runs = []
    for part in parts:
        turns: dict[int, list[int]] = {}
        for (ax, ay), (bx, by) in (edge for ring in part for edge in pairwise(chain(ring, ring[:1]))):
            for column in range(int(min(ax, bx)), int(max(ax, bx))) if ay == by else ():
                turns.setdefault(column, []).append(int(ay))
        for column, rows in turns.items():
            rows.sort()
            ends = (column * height + row for row in rows)
            runs += [(start, end) for start, end in zip(ends, ends, strict=True) if start < end]
    return Mask(height, width, _counts(sorted(runs), width * height))


def tidy(mask: Mask) -> Mask:
    """The mask as COCO writes it, one code for the same pixels: no count but the first is 0."""
    return Mask(mask.height, mask.width, _counts(_runs(mask), mask.height * mask.width))


def boxed_mask(counts: Sequence[int], box: tuple[int, int, int, int], width: int, height: int) -> Mask:
    """The mask, on an image of that size, of a code that counts background and mask by turns along the rows of a `box`:
    left, top, width and height in pixels. Raises `BadRegion`."""
    left, top, across, down = box
    if min(left, top) < 0 or min(across, down) < 1 or left + across > width or top + down > height:
        raise BadRegion(f"the mask's box {list(box)} is not within the {width} x {height} image")
    if min(counts, default=0) < 0 or sum(counts) != across * down:
        raise BadRegion(f"the mask's counts sum up to {sum(counts):,}, not to its {across} x {down} pixels")
    return transposed(Mask(width, height, _counts(_shifted(counts, box, width), width * height)))


def _shifted(counts: Sequence[int], box: tuple[int, int, int, int], width: int) -> Iterator[tuple[int, int]]:
    """Where the runs of a boxed code begin and end, counted along the rows of the whole image."""
    left, top, across, _ = box
    ends = list(accumulate(counts))
    for start, end in zip(ends[0::2], ends[1::2], strict=False):
        while start < end:
            row, column = divmod(start, across)
            until = min(end, (row + 1) * across)
            at = (top + row) * width + left + column
            yield at, at + until - start
            start = until


def in_box(mask: Mask) -> tuple[list[int], tuple[int, int, int, int]]:
    """What `boxed_mask` reads of a mask that has pixels: the counts, and the box around them."""
    bounds = mask_bounds(mask)
    if bounds is None:
        raise BadRegion("the mask has no pixels")
    left, top, right, bottom = map(int, bounds)
    across, down = right - left, bottom - top
    rows = transposed(mask)
    runs = []
    for start, end in _runs(rows):
        while start < end:
            row, column = divmod(start, mask.width)
            until = min(end, (row + 1) * mask.width)
            at = (row - top) * across + column - left
            runs.append((at, at + until - start))
            start = until
    return list(_counts(runs, across * down)), (left, top, across, down)


def mask_area(mask: Mask) -> int:
    """How many pixels it has."""
    return sum(mask.counts[1::2])


def mask_iou(one: Mask, two: Mask) -> float:
    """Pixels of both over pixels of either; 0 where there is none, or where their images differ in size."""
    if (one.height, one.width) != (two.height, two.width):
        return 0.0
    shared, others = 0, _runs(two)
    start, end = next(others, (0, 0))
    for first, last in _runs(one):
        while end and start < last:
            shared += max(0, min(end, last) - max(start, first))
            if end > last:
                break
            start, end = next(others, (0, 0))
    whole = mask_area(one) + mask_area(two) - shared
    return shared / whole if whole else 0.0


def crossings(mask: Mask) -> int:
    """How many edges of pixels between columns part mask from background: twice as many as it has runs in rows."""
    return sum(end - start for _, start, end in _changes(mask))


def transposed(mask: Mask) -> Mask:
    """The mask with rows and columns changed round."""
    turns: dict[int, list[int]] = {}
    for column, start, end in _changes(mask):
        for row in range(start, end):
            turns.setdefault(row, []).append(column)
    runs = (
        (row * mask.width + start, row * mask.width + end)
        for row in sorted(turns)
        for start, end in zip(turns[row][::2], turns[row][1::2], strict=True)
    )
    return Mask(mask.width, mask.height, _counts(runs, mask.width * mask.height))


def mapped_mask(mask: Mask, point: PointMap) -> Mask:
    """The mask on another image, of which `point` gives the places, turned by quarters, scaled or both.

    Turns are exact; scaled, a pixel is that in which its centre lay, so that whole factors are exact, too.
    """
    (left, top), (right, bottom), (x, y) = point(0, 0), point(mask.width, mask.height), point(mask.width, 0)
    turned = transposed(mask) if abs(x - left) < abs(y - top) else mask
    width, height = max(1, round(abs(right - left))), max(1, round(abs(bottom - top)))
    columns, runs = dict(_columns(turned)), []
    for column in range(width):
        from_left = column if right > left else width - 1 - column
        ends = columns.get((2 * from_left + 1) * turned.width // (2 * width), [])
        if bottom < top:
            ends = [turned.height - end for end in reversed(ends)]
        scaled = [-((turned.height - 2 * end * height) // (2 * turned.height)) for end in ends]
        base = column * height
        runs += [
            (base + start, base + end) for start, end in zip(scaled[::2], scaled[1::2], strict=True) if start < end
        ]
    return Mask(height, width, _counts(runs, width * height))


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Where its pixels begin and end, counted down the columns."""
    ends = list(accumulate(mask.counts))
    return ((start, end) for start, end in zip(ends[0::2], ends[1::2], strict=False) if end > start)


def _counts(runs: Iterable[tuple[int, int]], size: int) -> tuple[int, ...]:
    """The counts of runs in the order of their starts, in an image of `size` pixels."""
    counts: list[int] = []
    at = 0
    for start, end in runs:
        if counts and start <= at:
            counts[-1] += max(0, end - at)
        else:
            counts += (start - at, end - start)
        at = max(at, end)
    if at < size:
        counts.append(size - at)
    return tuple(counts)


def _changes(mask: Mask) -> Iterator[tuple[int, int, int]]:
    """Each column with the rows from which to which it differs from the one before it; beyond the edges nothing is."""
    before: list[int] = []
    at = -1
    for column, ends in _columns(mask):
        if before and column > at + 1:
            yield from ((at + 1, start, end) for start, end in zip(before[::2], before[1::2], strict=True))
            before = []
        apart = sorted({*before} ^ {*ends})
        yield from ((column, start, end) for start, end in zip(apart[::2], apart[1::2], strict=True))
        before, at = ends, column
    yield from ((at + 1, start, end) for start, end in zip(before[::2], before[1::2], strict=True))


def _columns(mask: Mask) -> Iterator[tuple[int, list[int]]]:
    """Each column that has pixels, with the places where its runs begin and end by turns."""
    found: dict[int, list[int]] = {}
    ends = list(accumulate(mask.counts))
    for start, end in zip(ends[0::2], ends[1::2], strict=False):
        for column in range(start // mask.height, (end - 1) // mask.height + 1 if end > start else 0):
            base = column * mask.height
            top, bottom = max(start - base, 0), min(end - base, mask.height)
            runs = found.setdefault(column, [])
            if runs and runs[-1] == top:
                runs[-1] = bottom
            else:
                runs += (top, bottom)
    yield from found.items()


def _edges(mask: Mask) -> Iterator[tuple[Corner, Corner]]:
    """The edges between mask and background, the mask at their right hand."""
    columns = dict(_columns(mask))
    for x, runs in columns.items():
        for top, bottom in zip(runs[0::2], runs[1::2], strict=True):
            yield (x, top), (x + 1, top)
            yield (x + 1, bottom), (x, bottom)
    for x in {place for column in columns for place in (column, column + 1)}:
        left, right = columns.get(x - 1, []), columns.get(x, [])
        was_left = was_right = False
        turns: dict[int, list[bool]] = {}
        for place in left:
            turns.setdefault(place, [False, False])[0] = True
        for place in right:
            turns.setdefault(place, [False, False])[1] = True
        for above, below in pairwise(sorted(turns)):
            was_left ^= turns[above][0]
            was_right ^= turns[above][1]
            if was_left and not was_right:
                yield (x, above), (x, below)
            elif was_right and not was_left:
                yield (x, below), (x, above)


def _loops(mask: Mask) -> Iterator[list[Corner]]:
    """The closed rings that the edges make, clockwise around the mask and anticlockwise around holes."""
    onward: dict[Corner, list[Corner]] = {}
    for start, end in _edges(mask):
        onward.setdefault(start, []).append(end)
    while onward:
        first = next(iter(onward))
        ring, here = [first], _step(onward, first, None)
        before = first
        while here != first or len(onward.get(here, ())) and not _closes(ring, before, here, onward):
            ring.append(here)
            before, here = here, _step(onward, here, before)
        yield _corners(ring)


def _closes(ring: Sequence[Corner], before: Corner, here: Corner, onward: Mapping[Corner, list[Corner]]) -> bool:
    """Whether, back at a ring's first corner where another passes, this one goes on as it began."""
    turn_of_first = _turn(before, here, ring[1])
    return all(_turn(before, here, other) <= turn_of_first for other in onward[here])


def _step(onward: dict[Corner, list[Corner]], here: Corner, before: Corner | None) -> Corner:
    """Take the edge from here; where two go on, the one to the right, so that corners that touch are kept apart."""
    ends = onward[here]
    chosen = ends[0] if before is None else max(ends, key=lambda end: _turn(before, here, end))
    ends.remove(chosen)
    if not ends:
        del onward[here]
    return chosen


def _turn(before: Corner, here: Corner, end: Corner) -> int:
    """Above 0 for a turn to the right on the image, below 0 to the left."""
    return (here[0] - before[0]) * (end[1] - here[1]) - (here[1] - before[1]) * (end[0] - here[0])


def _corners(ring: list[Corner]) -> list[Corner]:
    """The ring without the points at which it goes straight on."""
    around = zip((ring[-1], *ring[:-1]), ring, (*ring[1:], ring[0]), strict=True)
    return [here for before, here, end in around if _turn(before, here, end)]


def _twice_area(ring: Sequence[Corner]) -> int:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(chain(ring, ring[:1])))


def _holds(ring: Sequence[Corner], point: tuple[float, float]) -> bool:
    """Whether a point that lies on no edge is within a ring of level and upright edges."""
    x, y = point
    inside = False
    for (ax, ay), (_, by) in pairwise(chain(ring, ring[:1])):
        if (ay > y) != (by > y) and ax > x:
            inside = not inside
    return inside
