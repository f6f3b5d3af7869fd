"""Boxes: those of several people that are the same thing become one, at the mean of their places."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lode_annotation.agreement.matching import matched
from lode_annotation.consensus.rule import Merged, Rule, Undecided, Voice, decided
from motherlode.controls import Control
from motherlode.manifest import canonical
from motherlode.regions import Region
from motherlode.shapes import SHAPES, Bounds


@dataclass(slots=True)
class Group:
    """The boxes that are one thing, at most one of a person, by the person's place in the list of answers."""

    boxes: dict[int, Region] = field(default_factory=dict)

    @property
    def place(self) -> Bounds:
        """The mean of the boxes: people's boxes have no scores, so that each weighs the same."""
        x1, y1, x2, y2 = (sum(side) / len(self.boxes) for side in zip(*self._places, strict=True))
        return x1, y1, x2, y2

    @property
    def _places(self) -> list[Bounds]:
        return [region.geometry for region in self.boxes.values()]


class Fusion(Rule):
    """Weighted box fusion of people: boxes are matched one to one at an IoU of .5 or more, whatever their class.

    A group that more than half of the people drew is kept, one that fewer drew is left out; half of them, or a class or
    an attribute without a majority, is undecided.
    """

    name = "fusion"

    def takes(self, control: Control) -> bool:
        return SHAPES[control.kind].fills_bounds

    def merge(self, control: Control, voices: Sequence[Voice]) -> Merged:
        merged = Merged()
        for group in _groups(control, voices):
            by = list(group.boxes)
            kept = decided(len(by), len(voices))
            classes = Counter(region.class_id for region in group.boxes.values())
            region = _fused(group, classes, len(voices)) if kept else next(iter(group.boxes.values()))
            if kept:
                merged.regions.append(region)
            counts = {str(class_id): count for class_id, count in sorted(classes.items())}
            vote = {"control": control.name, "region": region.id, "by": by, "kept": kept, "classes": counts}
            merged.votes.append(vote)
        return merged


def _groups(control: Control, voices: Sequence[Voice]) -> list[Group]:
    if any(not SHAPES[region.kind].fills_bounds for voice in voices for region in voice):
        raise Undecided("Not every region is an upright box.")
    pages = sorted({region.frame or 0 for voice in voices for region in voice})
    each = ([[region for region in voice if (region.frame or 0) == page] for voice in voices] for page in pages)
    return [group for on_page in each for group in _on_one_page(control, on_page)]


def _on_one_page(control: Control, voices: Sequence[Voice]) -> list[Group]:
    groups: list[Group] = []
    shape = SHAPES[control.kind]
    for place, voice in enumerate(voices):
        places = [region.geometry for region in voice]
        pairs = matched([group.place for group in groups], places, shape.bounds, shape.similarity)
        for pair in pairs:
            groups[pair.one].boxes[place] = voice[pair.two]
        alone = set(range(len(voice))) - {pair.two for pair in pairs}
        groups += [Group({place: voice[number]}) for number in sorted(alone)]
    return groups


def _fused(group: Group, classes: Mapping[int, int], voices: int) -> Region:
    """The one box of a group: its class and attributes by majority, its id the one that most of its boxes have."""
    [(class_id, most), *_rest] = Counter(classes).most_common(1)
    if 2 * most <= voices:
        raise Undecided("No class of a box has more than half of the votes.")
    of_class = [region for region in group.boxes.values() if region.class_id == class_id]
    ids = Counter(region.id for region in group.boxes.values())
    first = of_class[0]
    same = all(region.geometry == first.geometry for region in group.boxes.values())
    return replace(
        first,
        id=ids.most_common(1)[0][0],
        geometry=first.geometry if same else group.place,
        attributes=_attributes(of_class),
    )


def _attributes(regions: Sequence[Region]) -> dict[str, Any]:
    """What more than half of the boxes of the class say under each attribute."""
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
