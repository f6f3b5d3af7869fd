"""Regions of several people that are the same thing, whatever their class."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lode_annotation.agreement.matching import matched
from lode_annotation.consensus.rule import Merged, Undecided, Voice, decided
from motherlode.controls import Control
from motherlode.manifest import canonical
from motherlode.regions import Region
from motherlode.shapes import SHAPES

Place = Callable[[Sequence[Any]], Any]
"""The one geometry of several."""


@dataclass(slots=True)
class Group:
    """The regions that are one thing, at most one of a person, by the person's place in the list of answers."""

    regions: dict[int, Region] = field(default_factory=dict)

    @property
    def geometries(self) -> list[Any]:
        """Of the regions, in the order in which the answers were given."""
        return [region.geometry for region in self.regions.values()]


def merged_groups(control: Control, voices: Sequence[Voice], stands_for: Place, fused: Place) -> Merged:
    """What people's regions come to: matched one to one at a similarity of .5 or more, page by page, each person's
    with what ``stands_for`` the group so far.

    A group that more than half of the people gave is kept, at the place to which ``fused`` brings them; one that fewer
    gave is left out. Raises ``Undecided`` for half of them, or a class or an attribute without a majority.
    """
    merged = Merged()
    for group in _groups(control, voices, stands_for):
        by = list(group.regions)
        kept = decided(len(by), len(voices))
        classes = Counter(region.class_id for region in group.regions.values())
        region = _fused(group, classes, len(voices), fused) if kept else next(iter(group.regions.values()))
        if kept:
            merged.regions.append(region)
        counts = {str(class_id): count for class_id, count in sorted(classes.items())}
        vote = {"control": control.name, "region": region.id, "by": by, "kept": kept, "classes": counts}
        merged.votes.append(vote)
    return merged


def _groups(control: Control, voices: Sequence[Voice], stands_for: Place) -> list[Group]:
    pages = sorted({region.frame or 0 for voice in voices for region in voice})
    each = ([[region for region in voice if (region.frame or 0) == page] for voice in voices] for page in pages)
    return [group for on_page in each for group in _on_one_page(control, on_page, stands_for)]


def _on_one_page(control: Control, voices: Sequence[Voice], stands_for: Place) -> list[Group]:
    groups: list[Group] = []
    shape = SHAPES[control.kind]
    for place, voice in enumerate(voices):
        geometries = [region.geometry for region in voice]
        so_far = [stands_for(group.geometries) for group in groups]
        pairs = matched(so_far, geometries, shape.bounds, shape.similarity)
        for pair in pairs:
            groups[pair.one].regions[place] = voice[pair.two]
        alone = set(range(len(voice))) - {pair.two for pair in pairs}
        groups += [Group({place: voice[number]}) for number in sorted(alone)]
    return groups


def _fused(group: Group, classes: Mapping[int, int], voices: int, fused: Place) -> Region:
    """The one region of a group: its class and attributes by majority, its id the one that most of its regions have."""
    [(class_id, most), *_rest] = Counter(classes).most_common(1)
    if 2 * most <= voices:
        raise Undecided("No class of a region has more than half of the votes.")
    of_class = [region for region in group.regions.values() if region.class_id == class_id]
    ids = Counter(region.id for region in group.regions.values())
    first = of_class[0]
    same = all(geometry == first.geometry for geometry in group.geometries)
    return replace(
        first,
        id=ids.most_common(1)[0][0],
        geometry=first.geometry if same else fused(group.geometries),
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
