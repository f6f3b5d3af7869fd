"""Regions of several people that are the same thing, whatever their class."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from lode_annotation.agreement.matching import matched, scaled
from lode_annotation.consensus.rule import Known, Merged, Undecided, Voice, decided
from motherlode.controls import Control
from motherlode.manifest import canonical
from motherlode.regions import Region
from motherlode.shapes import SHAPES, Shape

Place = Callable[[Sequence[Any]], Any]
"""The one geometry of several."""


@dataclass(slots=True)
class Group:
    """The regions that are one thing, at most one of a person, by the person's place in the list of answers; ``as_one``
    are their geometries as one kind has them."""

    regions: dict[int, Region] = field(default_factory=dict)
    as_one: list[Any] = field(default_factory=list)

    def add(self, place: int, region: Region, geometry: Any) -> "Group":
        self.regions[place] = region
        self.as_one.append(geometry)
        return self


def merged_groups(
    control: Control, voices: Sequence[Voice], known: Known, stands_for: Place | None = None, fused: Place | None = None
) -> Merged:
    """What people's regions come to: matched one to one at a similarity of .5 or more, page by page, each person's
    with what ``stands_for`` the group so far. Without ``stands_for`` and ``fused`` both are what their kind says.

    A group that more than half of the people gave is kept, at the place to which ``fused`` brings them; one that fewer
    gave is left out. People are taken in the order of what they drew, so that nobody's coming first changes anything.
    Raises ``Undecided`` for half of them, for a class or an attribute without a majority, or for kinds that have none
    in common.
    """
    merged = Merged()
    for group, shape in _groups(voices, known, stands_for):
        by = sorted(group.regions)
        kept = decided(len(by), len(voices))
        classes = Counter(region.class_id for region in group.regions.values())
        region = next(iter(group.regions.values()))
        if kept:
            one = fused or partial(_in_one, shape, known.scale)
            region = _fused(group, shape, classes, len(voices), one)
            merged.regions.append(region)
        counts = {str(class_id): count for class_id, count in sorted(classes.items())}
        vote = {"control": control.name, "region": region.id, "by": by, "kept": kept, "classes": counts}
        merged.votes.append(vote)
    return merged


def _groups(voices: Sequence[Voice], known: Known, stands_for: Place | None) -> list[tuple[Group, Shape]]:
    found: list[tuple[Group, Shape]] = []
    for page in sorted({region.frame or 0 for voice in voices for region in voice}):
        on_page = [[region for region in voice if (region.frame or 0) == page] for voice in voices]
        shape = _widest({region.kind for voice in on_page for region in voice})
        found += [(group, shape) for group in _on_one_page(shape, on_page, known, stands_for)]
    return found


def _widest(kinds: set[str]) -> Shape:
    """The kind that regions of all these kinds can be said in: of boxes, some of them rotated, the rotated one."""
    if len(kinds) == 1:
        return SHAPES[next(iter(kinds))]
    for kind in sorted(kinds):
        if all(other == kind or SHAPES[kind].variant_of == other for other in kinds):
            return SHAPES[kind]
    raise Undecided(f"Regions are {' and '.join(sorted(kinds))}, which cannot be merged.")


def _on_one_page(shape: Shape, voices: Sequence[Voice], known: Known, stands_for: Place | None) -> list[Group]:
    groups: list[Group] = []
    one = stands_for or partial(_in_one, shape, known.scale)
    drawn = [
        (sorted((_written(region), number) for number, region in enumerate(voice)), place)
        for place, voice in enumerate(voices)
    ]
    for order, place in sorted(drawn):
        voice = [voices[place][number] for _text, number in order]
        geometries = [shape.of_kind(SHAPES[region.kind], region.geometry) for region in voice]
        so_far = [one(group.as_one) for group in groups]
        pairs = matched(so_far, geometries, shape, known.scale)
        for pair in pairs:
            groups[pair.one].add(place, voice[pair.two], geometries[pair.two])
        alone = set(range(len(voice))) - {pair.two for pair in pairs}
        groups += [Group().add(place, voice[number], geometries[number]) for number in sorted(alone)]
    return groups


def _written(region: Region) -> str:
    """A region as a text that puts regions in the order of what they are, whoever drew them."""
    row = region.as_json()
    return canonical([{name: value for name, value in row.items() if name != "id"}, region.id])


def _in_one(shape: Shape, scale: float, geometries: Sequence[Any]) -> Any:
    """The one of several, compared as they are matched: in a picture of the size that they are brought to for it."""
    if all(one == geometries[0] for one in geometries):
        return geometries[0]
    small = scaled(geometries, shape, scale)
    one = shape.fused(small)
    return geometries[small.index(one)] if one in small else scaled([one], shape, 1 / scale)[0]


def _fused(group: Group, shape: Shape, classes: Mapping[int, int], voices: int, fused: Place) -> Region:
    """The one region of a group: its class and attributes by majority, its id the one that most of its regions have."""
    class_id, most = min(classes.items(), key=lambda row: (-row[1], row[0]))
    if 2 * most <= voices:
        raise Undecided("No class of a region has more than half of the votes.")
    of_class = [region for region in group.regions.values() if region.class_id == class_id]
    ids = Counter(region.id for region in group.regions.values())
    first = of_class[0]
    kinds = {region.kind for region in group.regions.values()}
    if len(kinds) == 1 and first.kind != shape.kind:
        shape = SHAPES[first.kind]
        geometry = shape.fused([region.geometry for region in group.regions.values()])
    else:
        same = all(one == group.as_one[0] for one in group.as_one)
        geometry = group.as_one[0] if same else fused(group.as_one)
    return replace(
        first,
        id=min(ids.items(), key=lambda row: (-row[1], row[0]))[0],
        kind=shape.kind,
        geometry=geometry,
        attributes=_attributes(of_class),
    )


def _attributes(regions: Sequence[Region]) -> dict[str, Any]:
    """What more than half of the regions of the class say under each attribute."""
    said: dict[str, Any] = {}
    for name in sorted({name for region in regions for name in region.attributes}):
        values = Counter(canonical(region.attributes.get(name)) for region in regions)
        [(text, most)] = values.most_common(1)
        if 2 * most <= len(regions):
            raise Undecided(f"No answer to {name} has more than half of the votes.")
        value = next(one.attributes.get(name) for one in regions if canonical(one.attributes.get(name)) == text)
        if value is not None:
            said[name] = value
    return said
