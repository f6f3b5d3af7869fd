"""Masks of polygons and run-length codes, pixel for pixel as pycocotools draws them, and their IoU.

An outline's corners are rounded to a fifth of a pixel; an edge bounds the pixels of a column where it passes the
column's middle. Within a part the rings are even-odd, so that a ring inside another is a hole; an object is the union
of its parts. COCO knows parts only, which are then the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lode_hooks.evaluations.metrics.arrays import Bools, Floats, Ints

SCALE = 5
"""Places of a corner within a pixel, along each axis."""
MIDDLE = 2
"""The place left of a column's middle; an edge that steps from it to the next bounds pixels of the column."""
CROSSINGS_AT_ONCE = 2_000_000
COLUMNS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Outlines:
    """n objects as outlines: `points` (p, 2) x y in pixels, `rings` (r,) the points of each ring, `parts` (s,) the
    rings of each part, `objects` (n,) the parts of each object, all in one order."""

    points: Floats
    rings: Ints
    parts: Ints
    objects: Ints

    @staticmethod
    def of(polygons: Sequence[Sequence[Sequence[Sequence[tuple[float, float]]]]]) -> Outlines:
        """From polygons: parts of rings of points."""
        rings = [ring for polygon in polygons for part in polygon for ring in part]
        points = [point for ring in rings for point in ring]
        return Outlines(
            np.asarray(points, dtype=np.float64).reshape(-1, 2),
            np.array([len(ring) for ring in rings], dtype=np.int64),
            np.array([len(part) for polygon in polygons for part in polygon], dtype=np.int64),
            np.array([len(polygon) for polygon in polygons], dtype=np.int64),
        )


@dataclass(frozen=True)
class Masks:
    """n masks as runs of pixels down the columns of an image.

    Object i has the runs `first[i]` to `first[i + 1]`. A run covers the places `start` to `end` (not included) of one
    column, place x * (height + 1) + y being the pixel (x, y), sorted within an object. `height` (n,) is the image's.
    """

    first: Ints
    start: Ints
    end: Ints
    height: Ints

    def __len__(self) -> int:
        return len(self.height)

    @cached_property
    def area(self) -> Ints:
        """Pixels of each mask."""
        filled = np.concatenate(([0], np.cumsum(self.end - self.start)))
        area: Ints = filled[self.first[1:]] - filled[self.first[:-1]]
        return area

    @cached_property
    def bounds(self) -> Ints:
        """(n, 4) x1 y1 x2 y2 around each mask's pixels, 0 for an empty mask."""
        stride = np.repeat(self.height + 1, np.diff(self.first))
        column = self.start // stride
        bounds = np.zeros((len(self), 4), dtype=np.int64)
        there = np.flatnonzero(np.diff(self.first))
        if len(there):
            at = self.first[:-1][there]
            bounds[there, 0] = column[at]
            bounds[there, 1] = np.minimum.reduceat(self.start - column * stride, at)
            bounds[there, 2] = column[self.first[1:][there] - 1] + 1
            bounds[there, 3] = np.maximum.reduceat(self.end - column * stride, at)
        return bounds

    @cached_property
    def columns(self) -> tuple[Ints, Ints]:
        """Where each object's columns begin (n,), and the first run of every column (and one more) of all of them."""
        width = self.bounds[:, 2] - self.bounds[:, 0]
        begin = np.cumsum(width) - width
        runs = np.diff(self.first)
        column = self.start // np.repeat(self.height + 1, runs) + np.repeat(begin - self.bounds[:, 0], runs)
        count = np.bincount(column, minlength=int(width.sum()))
        return begin, np.concatenate(([0], np.cumsum(count)))

    @staticmethod
    def joined(length: int, sides: Sequence[tuple[Ints, Masks]]) -> Masks:
        """One column of `length` masks from several, each with the places of its masks in it."""
        runs, height = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
        for place, masks in sides:
            runs[place], height[place] = np.diff(masks.first), masks.height
        first = np.concatenate(([0], np.cumsum(runs)))
        start, end = np.zeros(int(first[-1]), dtype=np.int64), np.zeros(int(first[-1]), dtype=np.int64)
        for place, masks in sides:
            target = _spread(first[place], np.diff(masks.first))
            start[target], end[target] = masks.start, masks.end
        return Masks(first, start, end, height)


def outline_masks(outlines: Outlines, width: Ints, height: Ints) -> Masks:
    """The masks of n outlines on images of `width` and `height` (n,) pixels, as pycocotools' `frPoly` and `merge`."""
    edges = _Edges.of(outlines, width)
    bounds = edges.chunks(len(outlines.objects))
    parts = [edges.masks(low, high, outlines, height) for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
    places = [np.arange(low, high) for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
    return Masks.joined(len(outlines.objects), list(zip(places, parts, strict=True)))


def code_masks(counts: Ints, codes: Ints, height: Ints) -> Masks:
    """The masks of n run-length codes: `counts` of background and mask by turns, `codes` (n,) counts of each."""
    owner = np.repeat(np.arange(len(codes)), codes)
    turn = np.arange(len(counts)) - np.repeat(np.cumsum(codes) - codes, codes)
    total = np.cumsum(counts)
    before = np.concatenate(([0], total))[np.cumsum(codes) - codes]
    end = total - before[owner]
    kept = (turn % 2 == 1) & (counts > 0)
    owner, start, end = owner[kept], (end - counts)[kept], end[kept]
    tall = height[owner]
    left, right = start // tall, (end - 1) // tall
    split = right - left + 1
    run = np.repeat(np.arange(len(owner)), split)
    column = _spread(left, split)
    tall = tall[run]
    top = np.maximum(start[run] - column * tall, 0)
    bottom = np.minimum(end[run] - column * tall, tall)
    first = np.concatenate(([0], np.cumsum(np.bincount(owner[run], minlength=len(codes)))))
    return Masks(first.astype(np.int64), column * (tall + 1) + top, column * (tall + 1) + bottom, height)


def shared_pixels(one: Masks, two: Masks, left: Ints, right: Ints) -> Ints:
    """Pixels that mask `left` of one and mask `right` of two have in common, for each pair; both of one image."""
    low = np.maximum(one.bounds[left, 0], two.bounds[right, 0])
    columns = np.maximum(np.minimum(one.bounds[left, 2], two.bounds[right, 2]) - low, 0)
    shared = np.zeros(len(left), dtype=np.int64)
    ends = np.cumsum(columns)
    cuts = np.searchsorted(ends, np.arange(COLUMNS_AT_ONCE, int(ends[-1]) if len(ends) else 0, COLUMNS_AT_ONCE))
    bounds = np.unique(np.concatenate(([0], cuts, [len(left)])))
    for begin, stop in zip(bounds[:-1], bounds[1:], strict=True):
        part = slice(int(begin), int(stop))
        shared[part] = _shared(one, two, left[part], right[part], low[part], columns[part])
    return shared


def _shared(one: Masks, two: Masks, left: Ints, right: Ints, low: Ints, columns: Ints) -> Ints:
    pair = np.repeat(np.arange(len(left)), columns)
    a, a_end = _runs(one, left, low, columns)
    b, b_end = _runs(two, right, low, columns)
    once = (a_end - a == 1) & (b_end - b == 1)
    several = np.flatnonzero(~once)
    # where a column has several runs, every run of one meets every run of two
    a_runs, b_runs = (a_end - a)[several], (b_end - b)[several]
    each = a_runs * b_runs
    turn = _spread(np.zeros(len(each), dtype=np.int64), each)
    of_two = np.maximum(np.repeat(b_runs, each), 1)
    pair = np.concatenate((pair[once], np.repeat(pair[several], each)))
    a = np.concatenate((a[once], np.repeat(a[several], each) + turn // of_two))
    b = np.concatenate((b[once], np.repeat(b[several], each) + turn % of_two))
    both = np.minimum(one.end[a], two.end[b]) - np.maximum(one.start[a], two.start[b])
    return np.bincount(pair, weights=np.maximum(both, 0), minlength=len(left)).astype(np.int64)


def _runs(masks: Masks, rows: Ints, low: Ints, columns: Ints) -> tuple[Ints, Ints]:
    """The first run and the end of the runs of each of `columns` columns from `low` on, of the masks `rows`."""
    begin, first = masks.columns
    at = _spread(begin[rows] + low - masks.bounds[rows, 0], columns)
    return first[at], first[at + 1]


def _spread(begin: Ints, lengths: Ints) -> Ints:
    """begin, begin + 1, ... of every range, one after the other."""
    inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    spread: Ints = np.repeat(begin, lengths) + inside
    return spread


@dataclass(frozen=True)
class _Edges:
    """Edges of outlines in fifths of a pixel that pass the middle of a column: upper or left end first.

    `part` and `owner` are numbers of the part and of the object, `left` and `count` the columns whose middles it
    passes.
    """

    x: Ints
    y: Ints
    across: Ints
    down: Ints
    part: Ints
    owner: Ints
    left: Ints
    count: Ints

    @staticmethod
    def of(outlines: Outlines, width: Ints) -> _Edges:
        part = np.repeat(np.arange(len(outlines.parts)), outlines.parts)
        part = np.repeat(part, outlines.rings)
        owner = np.repeat(np.arange(len(outlines.objects)), outlines.objects)[part]
        here = (SCALE * outlines.points + 0.5).astype(np.int64)  # towards zero, as in C
        following = np.arange(1, len(here) + 1)
        ends = np.cumsum(outlines.rings)
        following[ends[outlines.rings > 0] - 1] = (ends - outlines.rings)[outlines.rings > 0]
        there = here[following]
        low, high = np.minimum(here[:, 0], there[:, 0]), np.maximum(here[:, 0], there[:, 0])
        left = np.maximum(-((MIDDLE - low) // SCALE), 0)
        right = np.minimum((high - MIDDLE - 1) // SCALE, width[owner] - 1)
        kept = np.flatnonzero(right >= left)
        here, there, part, owner = here[kept], there[kept], part[kept], owner[kept]
        size = np.abs(there - here)
        flat = size[:, 0] >= size[:, 1]
        flip = np.where(flat, here[:, 0] > there[:, 0], here[:, 1] > there[:, 1])[:, None]
        here, there = np.where(flip, there, here), np.where(flip, here, there)
        step = there - here
        return _Edges(here[:, 0], here[:, 1], step[:, 0], step[:, 1], part, owner, left[kept], (right - left + 1)[kept])

    def chunks(self, objects: int) -> list[int]:
        """Objects to cut at, so that about `CROSSINGS_AT_ONCE` crossings are held at a time."""
        of_object = np.bincount(self.owner, weights=self.count, minlength=objects)
        number = np.cumsum(of_object) // CROSSINGS_AT_ONCE
        cuts = np.flatnonzero(np.diff(number)) + 1
        return [0, *cuts.tolist(), objects] if objects else [0]

    def masks(self, low: int, high: int, outlines: Outlines, height: Ints) -> Masks:
        """The masks of the objects `low` to `high`."""
        edges = slice(*np.searchsorted(self.owner, [low, high]).tolist())
        count = self.count[edges]
        edge = np.repeat(np.arange(edges.start, edges.stop), count)
        column = _spread(self.left[edges], count)
        tall = height[self.owner[edge]]
        y = np.clip(-((MIDDLE - self._height_at(edge, column)) // SCALE), 0, tall)
        stride = int(((height[low:high].max(initial=0)) + 1) * (column.max(initial=0) + 1))
        part = self.part[edge]
        keys = np.sort(part * stride + column * (tall + 1) + y)
        keys = keys[_odd(keys)]
        start, end = keys[::2], keys[1::2]
        part = start // stride
        start, end = start - part * stride, end - part * stride
        owner = np.repeat(np.arange(len(outlines.objects)), outlines.objects)[part] - low
        several = outlines.objects[low:high][owner] > 1
        if several.any():
            owner, start, end = _united(owner, start, end, several, stride)
        first = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=high - low))))
        return Masks(first.astype(np.int64), start, end, height[low:high])

    def _height_at(self, edge: Ints, column: Ints) -> Ints:
        """Where each edge steps over the middle of a column, in fifths of a pixel: the upper of the two places."""
        place = column * SCALE + MIDDLE
        x, y, across, down = self.x[edge], self.y[edge], self.across[edge], self.down[edge]
        flat = across >= np.abs(down)
        height = np.empty(len(edge), dtype=np.int64)
        slope = down[flat] / across[flat]
        t = place[flat] - x[flat]
        at, after = ((y[flat] + slope * u + 0.5).astype(np.int64) for u in (t, t + 1))
        height[flat] = np.minimum(at, after)
        steep = ~flat
        x, y, across, place = x[steep], y[steep], across[steep], place[steep]
        slope = across / down[steep]
        # the first step that lies beyond the middle: guessed, then put right by the sum as pycocotools rounds it
        t = np.ceil((place + 0.5 - x) / slope).astype(np.int64)
        for _ in range(2):
            t -= _beyond(x, slope, t - 1, place)
            t += ~_beyond(x, slope, t, place)
        height[steep] = y + t - 1
        return height


def _beyond(x: Ints, slope: Floats, t: Ints, place: Ints) -> Bools:
    """Whether a steep edge has passed from its first side of a middle to the other after t steps down."""
    at = (x + slope * t + 0.5).astype(np.int64)
    return np.where(slope > 0, at > place, at <= place)


def _odd(keys: Ints) -> Bools:
    """One row of each run of equal keys that holds an odd number of them."""
    last = np.append(keys[1:] != keys[:-1], True) if len(keys) else np.zeros(0, dtype=np.bool_)
    ends = np.flatnonzero(last)
    odd = np.diff(np.concatenate(([-1], ends))) % 2 == 1
    chosen = np.zeros(len(keys), dtype=np.bool_)
    chosen[ends[odd]] = True
    return chosen


def _united(owner: Ints, start: Ints, end: Ints, several: Bools, stride: int) -> tuple[Ints, Ints, Ints]:
    """The runs, those of objects of several parts as the union of theirs."""
    base = owner[several] * stride
    place = np.concatenate((base + start[several], base + end[several]))
    step = np.repeat([1, -1], int(several.sum()))
    order = np.lexsort((-step, place))
    place, step = place[order], step[order]
    level = np.cumsum(step)
    opens, closes = place[(step > 0) & (level == 1)], place[level == 0]
    whole = opens // stride
    owner = np.concatenate((owner[~several], whole))
    start = np.concatenate((start[~several], opens - whole * stride))
    end = np.concatenate((end[~several], closes - whole * stride))
    order = np.lexsort((start, owner))
    return owner[order], start[order], end[order]
