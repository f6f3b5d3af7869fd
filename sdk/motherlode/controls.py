"""The questions of a schema, and which region or answer answers which of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from motherlode.shapes import SHAPES, asked_as

if TYPE_CHECKING:
    from motherlode.regions import Kind, Region

__all__ = ["Control", "answered", "asked_by", "controls_for", "speaking", "with_attributes"]


@dataclass(frozen=True, slots=True)
class Control:
    """One question of a schema: its name, the kind of region that answers it, the name of the object it is about
    (`"left,right"` of one that compares), and the permanent number of each of its labels.

    `single`: one label is taken, not several. `options` are what else it asks, as its kind reads them. Where it is
    asked `per_region`, its answers are attributes of the regions of the controls `of` (empty: of all) and with the
    labels `labelled` (empty: with any). `page` is which of an item's pictures it is about, from 0 on, where the schema
    names several; None where it names one.
    """

    name: str
    kind: Kind
    to_name: str
    class_ids: Mapping[str, int]
    single: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    per_region: bool = False
    of: frozenset[str] = frozenset()
    labelled: frozenset[str] = frozenset()
    page: int | None = None

    @property
    def objects(self) -> list[str]:
        """The objects it is about; an entry of a result names the first."""
        return self.to_name.split(",") if self.kind in SHAPES and SHAPES[self.kind].compares else [self.to_name]

    def takes(self, frame: int | None) -> bool:
        """Whether a region on that page can answer it."""
        return self.page is None or self.page == (frame or 0)

    def is_about(self, own: Control, label: str) -> bool:
        """Whether it is asked of a region that answers its `own` control with that label."""
        return (
            self.per_region
            and own.page == self.page
            and own.name in (self.of or {own.name})
            and label in (self.labelled or {label})
        )


def asked_by(controls: Sequence[Control], region: Region) -> Control | None:
    """The control that a region answers: the one it names, else the first of its kind that has its class; where it
    names none, as in versions before format 1, else the first of its kind. What lies on another picture than the one
    that a control is about answers none."""
    kind = asked_as(region.kind)
    fit = [control for control in controls if control.kind == kind and not control.per_region]
    if not region.whole:
        fit = [control for control in fit if control.takes(region.frame)]
    named = [control for control in fit if control.name == region.control]
    classed = [control for control in fit if region.class_id in control.class_ids.values()]
    return next(iter([*named, *classed, *([] if region.control else fit)]), None)


def answered(controls: Iterable[Control], kind: Kind, label: str) -> Control | None:
    """The first control that takes regions of a kind, of several pictures on the first, and has a label; None where
    there is none."""
    asking = (one for one in controls if one.kind == asked_as(kind) and not one.per_region and not one.page)
    return next((one for one in asking if label in one.class_ids), None)


def controls_for(kinds: Iterable[Kind], class_ids: Mapping[str, int]) -> list[Control]:
    """The controls of a schema made for labels of these kinds: one for each, on an image, with the same labels."""
    shapes = [SHAPES[kind] for kind in dict.fromkeys(map(asked_as, kinds))]
    return [Control(shape.control_name, shape.kind, "image", class_ids) for shape in shapes]


def with_attributes(region: Region, said: Mapping[str, Any], controls: Sequence[Control], was: Region | None) -> Region:
    """The region with what was answered of it; of the attributes that it had, those that the editor showed are gone."""
    if region.whole:
        return region
    seen = {control.name for control in speaking(controls, was)} if was is not None else set()
    kept = {name: value for name, value in region.attributes.items() if name not in seen}
    made = {**kept, **said}
    return region if made == region.attributes else replace(region, attributes=made)


def speaking(controls: Sequence[Control], region: Region) -> list[Control]:
    """The controls of which a region has an attribute that it could have got as an answer, in their order."""
    if not region.attributes or (own := asked_by(controls, region)) is None:
        return []
    about = [
        control for control in controls if control.name in region.attributes and control.is_about(own, region.label)
    ]
    return [one for one in about if SHAPES[one.kind].check_said(region.attributes[one.name], one) is None]
