"""Which region of now is which region of before: by its id where both know it, else by where it lies and what it is.

Pure. Two regions can be the same object where their IoU is at least ``SAME``; of all ways to pair them, the one with
the largest sum of IoU is taken (the assignment problem, solved exactly), and the same are paired alike each time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motherlode.regions import Geometry, Region, from_json, region_ids
from motherlode.shapes import DEFAULT, SHAPES, Shape

SAME = 0.5
"""IoU from which on two regions may be one object."""


class Thing(NamedTuple):
    """A region or an answer as far as its identity goes; ``geometry`` is its kind's, None for an answer.

    Who knows the bounds alone says those, and no kind. ``control`` tells the answers of one item apart.
    """

    class_id: int
    geometry: Geometry
    frame: int | None = None
    kind: str = DEFAULT.kind
    control: str = ""


Pairs = dict[int, int]
"""Index in ``after`` to index in ``before``, one to one."""


def thing_of(row: Mapping[str, Any]) -> Thing:
    """The row of a region or an answer, as label sets hold it."""
    return thing_in(from_json(row))


def thing_in(region: Region) -> Thing:
    """A region or an answer."""
    return Thing(region.class_id, region.geometry, region.frame, region.kind, region.control if region.whole else "")


def paired(before: Sequence[Thing], after: Sequence[Thing]) -> Pairs:
    """The regions of ``after`` that were in ``before``.

    First those that are just as they were, in their order; then those of one kind and class, then of one kind whatever
    their class, by IoU. The one answer under a control is the same answer when it changes.
    """
    pairs = _unchanged(before, after)
    _by_place(before, after, pairs, lambda thing: (thing.kind, thing.frame, thing.class_id))
    _by_place(before, after, pairs, lambda thing: (thing.kind, thing.frame))
    old, new = _answers(before), _answers(after)
    pairs.update((new[key][0], old[key][0]) for key in old.keys() & new.keys() if len(old[key]) == len(new[key]) == 1)
    return pairs


def _answers(things: Sequence[Thing]) -> dict[tuple[str, str], list[int]]:
    """The places of the answers under each control."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, thing in enumerate(things):
        if thing.geometry is None:
            found.setdefault((thing.kind, thing.control), []).append(place)
    return found


def _unchanged(before: Sequence[Thing], after: Sequence[Thing]) -> Pairs:
    places: dict[Thing, list[int]] = {}
    for place in reversed(range(len(before))):
        places.setdefault(before[place], []).append(place)
    return {place: left.pop() for place, thing in enumerate(after) if (left := places.get(thing))}


def _by_place(before: Sequence[Thing], after: Sequence[Thing], pairs: Pairs, group: Any) -> None:
    """Adds to ``pairs`` the regions that have no partner yet, those of equal ``group`` among each other."""
    used = set(pairs.values())
    groups: dict[Any, tuple[list[int], list[int]]] = {}
    for side, things in enumerate((before, after)):
        for place, thing in enumerate(things):
            if thing.geometry is not None and place not in (pairs if side else used):
                groups.setdefault(group(thing), ([], []))[side].append(place)
    for (kind, *_), (old, new) in groups.items():
        if old and new:
            overlaps = overlapping(
                SHAPES[kind], [before[place].geometry for place in old], [after[place].geometry for place in new]
            )
            pairs.update((new[right], old[left]) for left, right in assigned(overlaps))


def overlapping(shape: Shape, before: Sequence[Geometry], after: Sequence[Geometry]) -> dict[tuple[int, int], float]:
    """The IoU of every two geometries of one kind that reach ``SAME``, by (place in before, place in after)."""
    bounds = [shape.bounds(geometry) or (0.0, 0.0, 0.0, 0.0) for geometry in before]
    order = sorted(range(len(before)), key=lambda place: bounds[place][0])
    starts = [bounds[place][0] for place in order]
    widest = max((box[2] - box[0] for box in bounds), default=0.0)
    found: dict[tuple[int, int], float] = {}
    for right, new in enumerate(after):
        left, _, end, _ = shape.bounds(new) or (0.0, 0.0, 0.0, 0.0)
        # those that fill their bounds begin, with this IoU, at most the narrower one's width apart
        first = left - shape.reach - (end - left if shape.fills_bounds else widest)
        for at in range(bisect_left(starts, first), bisect_right(starts, end + shape.reach)):
            value = shape.similarity(before[order[at]], new)
            if value >= SAME:
                found[order[at], right] = value
    return found


def assigned(weights: Mapping[tuple[int, int], float]) -> list[tuple[int, int]]:
    """The pairs (left, right), one to one, whose weights have the largest sum; weights are above 0.

    Each group of ends that hang together is solved by itself: most are a single pair.
    """
    found: list[tuple[int, int]] = []
    for lefts, rights in _components(weights):
        if len(lefts) == len(rights) == 1:
            found.append((lefts[0], rights[0]))
            continue
        turned = len(lefts) > len(rights)
        rows, columns = (rights, lefts) if turned else (lefts, rights)
        cost = np.zeros((len(rows), len(columns)))
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                cost[i, j] = -weights.get((column, row) if turned else (row, column), 0.0)
        for i, j in enumerate(_hungarian(cost)):
            pair = (columns[j], rows[i]) if turned else (rows[i], columns[j])
            if pair in weights:
                found.append(pair)
    return sorted(found)


def _components(weights: Mapping[tuple[int, int], float]) -> list[tuple[list[int], list[int]]]:
    """The ends that hang together, each list in order."""
    of_left: dict[int, list[int]] = {}
    of_right: dict[int, list[int]] = {}
    for left, right in sorted(weights):
        of_left.setdefault(left, []).append(right)
        of_right.setdefault(right, []).append(left)
    seen: set[int] = set()
    found = []
    for first in of_left:
        if first in seen:
            continue
        seen.add(first)
        lefts, rights, waiting = [], set[int](), [first]
        while waiting:
            left = waiting.pop()
            lefts.append(left)
            for right in of_left[left]:
                if right not in rights:
                    rights.add(right)
                    fresh = [other for other in of_right[right] if other not in seen]
                    seen.update(fresh)
                    waiting += fresh
        found.append((sorted(lefts), sorted(rights)))
    return found


def _hungarian(cost: npt.NDArray[np.float64]) -> list[int]:
    """The column of each row in the cheapest assignment of a (rows, columns) matrix, rows <= columns.

    Kuhn and Munkres by shortest augmenting paths, O(rows^2 columns), the innermost loop in NumPy. Row and column 0 of
    the potentials stand for "none yet".
    """
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)
    row_at = np.zeros(columns + 1, dtype=np.int64)
    for row in range(1, rows + 1):
        row_at[0] = row
        column = 0
        least = np.full(columns + 1, np.inf)
        way = np.zeros(columns + 1, dtype=np.int64)
        done = np.zeros(columns + 1, dtype=np.bool_)
        while row_at[column]:
            done[column] = True
            at = row_at[column]
            reduced = cost[at - 1] - of_row[at] - of_column[1:]
            better = ~done[1:] & (reduced < least[1:])
            least[1:][better] = reduced[better]
            way[1:][better] = column
            column = 1 + int(np.argmin(np.where(done[1:], np.inf, least[1:])))
            step = least[column]
            of_row[row_at[done]] += step
            of_column[done] -= step
            least[~done] -= step
        while column:
            row_at[column] = row_at[way[column]]
            column = int(way[column])
    found = [0] * rows
    for column, row in enumerate(row_at[1:].tolist()):
        if row:
            found[row - 1] = column
    return found


def with_kept_ids(
    path: str, regions: Sequence[Region], before: Sequence[Mapping[str, Any]], used: Collection[str]
) -> list[Region]:
    """Imported ``regions`` (and answers) of the item ``path``, with the ids of those of ``before`` that they are.

    The others get ids made of what they say, as the first import makes them, but none of ``used``: an id that the item
    has ever had belongs to one object alone.
    """
    pairs = paired([thing_of(row) for row in before], [thing_in(region) for region in regions])
    new = [region for place, region in enumerate(regions) if place not in pairs]
    fresh = iter(region_ids(path, [(region.label, region.kind, region.geometry) for region in new], used))
    return [
        replace(region, id=str(before[pairs[place]]["id"]) if place in pairs else next(fresh))
        for place, region in enumerate(regions)
    ]
