"""The short way from a plain result to the rows of its regions: labelled parts of an item, each sound, nothing else.

What comes in by the thousand is mostly so; it is looked at once here, where validating it and then reading it looks at
every entry twice. Whatever is not plain, or not sound, takes the long way, which says what is wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lode_annotation.rules import Rules
from lode_annotation.validation import MAX_REGIONS, size_said
from motherlode.frames import ITEM_INDEX
from motherlode.manifest import canonical
from motherlode.media import Media
from motherlode.regions import Control
from motherlode.shapes import SHAPES, BadRegion, Shape, shape_in

__all__ = ["Plain"]


class _Asked(NamedTuple):
    """What a label under a control asks for: ``start`` is how the rows of its regions begin, as canonical JSON."""

    control: Control
    shape: Shape
    bound: Shape
    start: str
    objects: frozenset[str]


class Plain:
    """Writes what plain results say under ``rules``."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._per_region = any(control.per_region for control in rules.asked)
        self._asked: dict[tuple[str, str], _Asked | None] = {}

    def rows(self, result: Sequence[Any], media: Media) -> list[str] | None:
        """The rows of a result's regions as canonical JSON texts, as ``regions.texts_of`` writes what
        ``label_sets.regions_from`` gives, where ``validation.problems_of`` finds nothing but unanswered questions; None
        where the long way has to look."""
        if len(result) > MAX_REGIONS or self._per_region:
            return None
        size = [*size_said(media).items()]
        rows: dict[str, str] = {}
        try:
            for entry in result:
                name, value, source = entry["id"], entry["value"], entry["from_name"]
                said = value[entry["type"]]
                (label,) = said
                if (source, label) not in self._asked:
                    self._asked[source, label] = self._ask(source, label)
                wanted = self._asked[source, label]
                if wanted is None or type(said) is not list or name in rows or type(name) is not str:
                    return None
                for side, stated in size:
                    if entry.get(side, stated) != stated:
                        return None
                if (row := _row(name, entry, value, label, wanted, media)) is None:
                    return None
                rows[name] = row
        except (ArithmeticError, BadRegion, KeyError, TypeError, ValueError):
            return None
        return [*rows.values()]

    def _ask(self, source: str, label: str) -> _Asked | None:
        control = self.rules.by_name.get(source)
        if control is None or control.page is not None or label not in control.class_ids:
            return None
        shape = SHAPES[control.kind]
        if shape.whole or not shape.labelled or shape.key != shape.result_type or shape.check_said([label], control):
            return None
        start = f'{{"class_id":{control.class_ids[label]},"control":{canonical(control.name)},"geometry":'
        return _Asked(
            control, shape, shape.under(control, label), start, frozenset((control.to_name, *control.objects))
        )


def _row(
    name: str, entry: Mapping[str, Any], value: Mapping[str, Any], label: str, asked: _Asked, media: Media
) -> str | None:
    """The row of an entry, None where it breaks a rule or names a page."""
    control = asked.control
    if entry["type"] != asked.shape.result_type or entry.get("to_name", control.to_name) not in asked.objects:
        return None
    shape = shape_in(value, asked.shape)
    shape = asked.bound if shape is asked.shape else shape.under(control, label)
    if ITEM_INDEX in entry or not 0 < len(name) <= 200 or not shape.fits(media.kind):
        return None
    place = shape.sound_text(value, media)
    return None if place is None else f'{asked.start}{place},"id":{canonical(name)},"kind":"{shape.kind}"}}'
