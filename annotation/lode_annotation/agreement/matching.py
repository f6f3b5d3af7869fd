"""Regions of two people that are the same thing: one to one, at an IoU of .5 or more, the most alike in all."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from motherlode.media import Image, Media
from motherlode.shapes import Shape

Floats: TypeAlias = npt.NDArray[np.float64]

LONG_SIDE = 1000.0

SAME = 0.5
"""The IoU from which on two regions may be the same thing."""


class Pair(NamedTuple):
    """A region of one person, by its place in their list, and the other's that is the same, with their IoU."""

    one: int
    two: int
    iou: float


def scale_of(media: Media) -> float:
    """By how much the places in an item are scaled where they are compared within some pixels, such as points are: so
    that the longer side of a picture has ``LONG_SIDE`` pixels, and how near is near is a share of the picture."""
    longer = max(media.width, media.height) if isinstance(media, Image) else 0
    return LONG_SIDE / longer if longer else 1.0


def scaled(geometries: Sequence[Any], shape: Shape, scale: float) -> list[Any]:
    """They, in a picture scaled by so much; those of a kind that is compared without a ``reach`` as they are."""
    if scale == 1 or not shape.reach:
        return list(geometries)
    return [shape.mapped(one, lambda x, y: (x * scale, y * scale)) for one in geometries]


def matched(one: Sequence[Any], two: Sequence[Any], shape: Shape, scale: float = 1.0) -> list[Pair]:
    """The pairs of two lists of geometries of a kind, each taken once at most, whose sum of similarity is the greatest
    (Hungarian matching, among pairs of a similarity of ``SAME`` or more); by the place in the first list."""
    ours, theirs = scaled(one, shape, scale), scaled(two, shape, scale)
    near = _touching(_boxes(ours, shape), _boxes(theirs, shape))
    found = [Pair(i, j, shape.similarity(ours[i], theirs[j])) for i, j in near]
    return assigned(pair for pair in found if pair.iou >= SAME)


def _boxes(geometries: Sequence[Any], shape: Shape) -> Floats:
    """(n, 4); one without a place has an empty box."""
    rows = [shape.bounds(geometry) or (0.0, 0.0, 0.0, 0.0) for geometry in geometries]
    wider = np.array([-1.0, -1.0, 1.0, 1.0]) * shape.reach / 2
    return np.asarray(rows, dtype=np.float64).reshape(-1, 4) + wider


def _touching(one: Floats, two: Floats) -> Iterable[tuple[int, int]]:
    """The places of the pairs of boxes that overlap, row by row, so that thousands of boxes take no matrix."""
    for i, (x1, y1, x2, y2) in enumerate(one):
        across = np.minimum(x2, two[:, 2]) - np.maximum(x1, two[:, 0])
        down = np.minimum(y2, two[:, 3]) - np.maximum(y1, two[:, 1])
        for j in np.flatnonzero((across > 0) & (down > 0)):
            yield i, int(j)


def assigned(pairs: Iterable[Pair]) -> list[Pair]:
    """Of the pairs that may be, those that take each side once at most and whose sum of IoU is the greatest."""
    chosen: list[Pair] = []
    for group in _connected(list(pairs)):
        if len(group) == 1:
            chosen += group
            continue
        rows, columns = sorted({pair.one for pair in group}), sorted({pair.two for pair in group})
        gain = np.zeros((len(rows), len(columns)))
        for pair in group:
            gain[rows.index(pair.one), columns.index(pair.two)] = pair.iou
        turned = len(rows) > len(columns)
        for i, j in enumerate(hungarian(-(gain.T if turned else gain))):
            row, column = (int(j), i) if turned else (i, int(j))
            if gain[row, column] > 0:
                chosen.append(Pair(rows[row], columns[column], float(gain[row, column])))
    return sorted(chosen)


def _connected(pairs: list[Pair]) -> list[list[Pair]]:
    """Pairs that hang together by a region that they share: most are alone, so that matching stays cheap."""
    parent: dict[tuple[int, int], tuple[int, int]] = {}

    def root(node: tuple[int, int]) -> tuple[int, int]:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    for pair in pairs:
        parent[root((0, pair.one))] = root((1, pair.two))
    groups: dict[tuple[int, int], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(root((0, pair.one)), []).append(pair)
    return list(groups.values())


def hungarian(cost: Floats) -> npt.NDArray[np.int64]:
    """The column of each row, each once, whose sum of ``cost`` is the least: (n, m) with n <= m gives (n,)."""
    rows, columns = cost.shape
    u, v = np.zeros(rows + 1), np.zeros(columns + 1)
    row_of = np.zeros(columns + 1, dtype=np.int64)  # 0: free; rows and columns count from 1 here
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least = np.full(columns + 1, np.inf)
        way = np.zeros(columns + 1, dtype=np.int64)
        used = np.zeros(columns + 1, dtype=bool)
        while row_of[column]:
            used[column] = True
            here = row_of[column]
            reduced = cost[here - 1] - u[here] - v[1:]
            better = ~used[1:] & (reduced < least[1:])
            least[1:][better], way[1:][better] = reduced[better], column
            free = np.where(used[1:], np.inf, least[1:])
            following = int(free.argmin()) + 1
            step = free[following - 1]
            u[row_of[used]] += step
            v[used] -= step
            least[~used] -= step
            column = following
        while column:
            row_of[column] = row_of[way[column]]
            column = int(way[column])
    found = np.zeros(rows, dtype=np.int64)
    taken = np.flatnonzero(row_of[1:])
    found[row_of[1:][taken] - 1] = taken
    return found
