"""The short way from a plain result to the rows of its regions: labelled parts of an item, each sound, nothing else.

What comes in by the thousand is mostly so; it is looked at once here, where validating it and then reading it looks at
every entry twice. Whatever is not plain, or not sound, takes the long way, which says what is wrong.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lode_annotation.rules import Rules
from lode_annotation.validation import MAX_REGIONS, size_said
from motherlode.frames import ITEM_INDEX
from motherlode.media import Media
from motherlode.regions import Control
from motherlode.shapes import SHAPES, BadRegion, Shape, shape_in

__all__ = ["plain_rows"]


class _Asked(NamedTuple):
    """What a label under a control asks for."""

    control: Control
    shape: Shape
    type: str
    class_id: int
    objects: frozenset[str]


def plain_rows(result: Sequence[Any], media: Media, rules: Rules) -> list[dict[str, Any]] | None:
    """The rows of a result's regions, as ``Region.as_json`` gives those of ``label_sets.regions_from``, where
    ``validation.problems_of`` finds nothing but unanswered questions; None where the long way has to look."""
    if len(result) > MAX_REGIONS or any(control.per_region for control in rules.asked):
        return None
    size = [*size_said(media).items()]
    asked: dict[tuple[str, str], _Asked | None] = {}
    rows: dict[str, dict[str, Any]] = {}
    try:
        for entry in result:
            name, value, source = entry["id"], entry["value"], entry["from_name"]
            said = value[entry["type"]]
            (label,) = said
            if (source, label) not in asked:
                asked[source, label] = _asked(source, label, rules)
            wanted = asked[source, label]
            if wanted is None or type(said) is not list or not _is_new(name, rows):
                return None
            for side, stated in size:
                if entry.get(side, stated) != stated:
                    return None
            if (row := _row(entry, value, label, wanted, media)) is None:
                return None
            rows[name] = row
    except (ArithmeticError, BadRegion, KeyError, TypeError, ValueError):
        return None
    return [*rows.values()]


def _is_new(name: Any, rows: Mapping[str, Any]) -> bool:
    return type(name) is str and 0 < len(name) <= 200 and name not in rows


def _asked(source: str, label: str, rules: Rules) -> _Asked | None:
    control = rules.by_name.get(source)
    if control is None or control.page is not None or label not in control.class_ids:
        return None
    shape = SHAPES[control.kind]
    if shape.whole or not shape.labelled or shape.key != shape.result_type or shape.check_said([label], control):
        return None
    objects = frozenset((control.to_name, *control.objects))
    return _Asked(control, shape, shape.result_type, control.class_ids[label], objects)


def _row(
    entry: Mapping[str, Any], value: Mapping[str, Any], label: str, asked: _Asked, media: Media
) -> dict[str, Any] | None:
    """The row of an entry, None where it breaks a rule or names a page."""
    control = asked.control
    if entry["type"] != asked.type or entry.get("to_name", control.to_name) not in asked.objects:
        return None
    shape = shape_in(value, asked.shape).under(control, label)
    if ITEM_INDEX in entry or not shape.fits(media.kind) or shape.check(value, media):
        return None
    geometry = shape.from_result(value, media)
    cut, _ = shape.clip(geometry, media)
    place = shape.canonical(geometry if cut is None else cut)
    said = {"class_id": asked.class_id, "control": control.name, "geometry": place}
    return {**said, "id": entry["id"], "kind": shape.kind}
