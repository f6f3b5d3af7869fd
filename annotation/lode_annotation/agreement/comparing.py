"""What two answers to the same task say of the same things, counted by classes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lode_annotation.agreement.matching import matched
from motherlode.controls import Control, asked_by
from motherlode.regions import Region
from motherlode.shapes import SHAPES, Shape

NOTHING = 0
"""In place of a class: the person said nothing of it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How often two answers said ``one`` and ``two`` of the same thing: class ids, ``NOTHING`` where only the other
    answer has it, and in both of what has no classes. ``iou`` is the sum of how alike the regions, or answers, are,
    ``values`` are two numbers that were given."""

    control: str
    one: int
    two: int
    count: int = 1
    iou: float = 0.0
    values: tuple[float, float] | None = None


def compared(
    controls: Sequence[Control],
    one: Sequence[Region],
    two: Sequence[Region],
    merged: Mapping[int, int],
    scale: float = 1.0,
) -> list[Cell]:
    """What two answers say under each control, with ``merged`` classes counted as those that took them in.

    Regions are matched one to one whatever their class, at a similarity of .5 or more, page by page, at the
    ``scale`` that ``matching.scale_of`` gives. A question that
    takes one class is one thing, each class of one that takes several is a thing of its own. What has no classes is
    compared where both said something. What is asked per region is not compared.
    """
    cells: list[Cell] = []
    for control in controls:
        if control.per_region:
            continue
        ours, theirs = (
            [_successor(each, merged) for each in answer if asked_by(controls, each) is control]
            for answer in (one, two)
        )
        cells += _of(control, ours, theirs, scale)
    return cells


def _successor(region: Region, merged: Mapping[int, int]) -> Region:
    if region.class_id not in merged:
        return region
    return replace(region, class_id=merged[region.class_id])


def _of(control: Control, one: Sequence[Region], two: Sequence[Region], scale: float) -> Iterator[Cell]:
    shape = SHAPES[control.kind]
    if not shape.whole:
        yield from _regions(control, one, two, scale)
    elif not shape.labelled:
        yield from _said(control, shape, one, two)
    elif control.single:
        classes = [next((each.class_id for each in answer), NOTHING) for answer in (one, two)]
        if any(classes):
            yield Cell(control.name, classes[0], classes[1])
    else:
        ours, theirs = ({each.class_id for each in answer} for answer in (one, two))
        for class_id in sorted(ours | theirs):
            yield Cell(
                control.name, class_id if class_id in ours else NOTHING, class_id if class_id in theirs else NOTHING
            )


def _said(control: Control, shape: Shape, one: Sequence[Region], two: Sequence[Region]) -> Iterator[Cell]:
    if not len(one) == len(two) == 1:
        return
    ours, theirs = one[0].value, two[0].value
    if shape.numeric:
        yield Cell(control.name, NOTHING, NOTHING, values=(float(ours), float(theirs)))
    else:
        yield Cell(control.name, NOTHING, NOTHING, iou=shape.alike(ours, theirs))


def _regions(control: Control, one: Sequence[Region], two: Sequence[Region], scale: float) -> Iterator[Cell]:
    counts: Counter[tuple[int, int]] = Counter()
    alike: defaultdict[tuple[int, int], float] = defaultdict(float)
    for kind, page in sorted({(each.kind, each.frame or 0) for each in [*one, *two]}):
        ours, theirs = (
            [each for each in answer if (each.kind, each.frame or 0) == (kind, page)] for answer in (one, two)
        )
        shape = SHAPES[kind]
        pairs = matched([each.geometry for each in ours], [each.geometry for each in theirs], shape, scale)
        for pair in pairs:
            classes = ours[pair.one].class_id, theirs[pair.two].class_id
            counts[classes] += 1
            alike[classes] += pair.iou
        left, right = {pair.one for pair in pairs}, {pair.two for pair in pairs}
        counts.update((each.class_id, NOTHING) for place, each in enumerate(ours) if place not in left)
        counts.update((NOTHING, each.class_id) for place, each in enumerate(theirs) if place not in right)
    for classes, count in sorted(counts.items()):
        yield Cell(control.name, *classes, count, alike[classes])
