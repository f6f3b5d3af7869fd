"""A schema revision made ready for use, and results made under one in the words of another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from motherlode import relations
from motherlode.regions import Control as AskedControl
from motherlode.shapes import BY_TAG, SHAPES, Shape


@dataclass(frozen=True, slots=True)
class Rules:
    """A schema revision made ready for use: its controls as JSON and as ``asked`` of regions, its labels by class id.

    A class belongs to its control; ``names`` holds those of all controls. ``links`` is the control of the classes of
    relations, which is not ``asked`` of regions.
    """

    controls: tuple[Mapping[str, Any], ...]
    by_name: Mapping[str, AskedControl]
    asked: tuple[AskedControl, ...]
    required: tuple[AskedControl, ...]
    names: Mapping[int, str]
    kinds: frozenset[str]
    links: AskedControl | None = None


def rules_of(controls: Sequence[Mapping[str, Any]]) -> Rules:
    """Prepares a revision's ``controls``."""
    every = tuple(
        AskedControl(
            name=control["name"],
            kind=relations.KIND if control["type"] == relations.TAG else BY_TAG[control["type"]].kind,
            to_name=control["to_name"],
            class_ids={label["value"]: label["class_id"] for label in control["labels"]},
            single=control["choice"] == "single",
            options=control.get("options", {}),
            per_region=control.get("per_region", False),
            of=frozenset(control.get("of", ())),
            labelled=frozenset(control.get("labelled", ())),
            page=control.get("page"),
        )
        for control in controls
    )
    asked = tuple(control for control in every if control.kind != relations.KIND)
    return Rules(
        controls=tuple(controls),
        by_name={control.name: control for control in asked},
        asked=asked,
        required=tuple(one for one, control in zip(every, controls, strict=True) if control["required"]),
        names={number: value for control in every for value, number in control.class_ids.items()},
        kinds=frozenset(control.kind for control in asked),
        links=next((control for control in every if control.kind == relations.KIND), None),
    )


def asks_of(controls: Sequence[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """What the classes of a revision's ``controls`` ask beyond their names, by class id, where they ask anything."""
    found: dict[int, Mapping[str, Any]] = {}
    for control in controls:
        if classes := control.get("options", {}).get("classes"):
            found |= {one["class_id"]: classes[one["value"]] for one in control["labels"] if one["value"] in classes}
    return found


@lru_cache(maxsize=256)
def rules_from(revision_id: int, text: str) -> Rules:
    """As ``rules_of`` for a revision's JSON text; a revision never changes, so it is prepared once a process."""
    return rules_of(json.loads(text))


def translated(result: Sequence[Any], old: Rules, new: Rules, merged: Mapping[int, int] | None = None) -> list[Any]:
    """A result made under an older revision in the words of a newer one: labels by their class ids (of a class that was
    ``merged`` by that of the one that took it in), controls by name, else by the classes that they share, else by kind.

    What the newer revision no longer has stays as it is, for the validation to name.
    """
    controls = {control.name: (control, after) for control in old.asked if (after := _successor(control, old, new))}
    rows = []
    for entry in result:
        if relations.is_relation(entry) and old.links and new.links and isinstance(entry.get("labels"), list):
            rows.append({**entry, "labels": _renamed(entry["labels"], old.links, new.links, merged or {})})
            continue
        if not isinstance(entry, dict) or entry.get("from_name") not in controls:
            rows.append(entry)
            continue
        before, after = controls[entry["from_name"]]
        value = dict(entry.get("value") or {})
        shape = SHAPES[before.kind]
        if shape.labelled and isinstance(value.get(shape.key), list):
            value[shape.key] = _in_words_of(value[shape.key], shape, before, after, merged or {})
        rows.append({**entry, "from_name": after.name, "to_name": after.objects[0], "value": value})
    return rows


def _in_words_of(
    said: list[Any], shape: Shape, before: AskedControl, after: AskedControl, merged: Mapping[int, int]
) -> list[Any]:
    """The labels of a value, where it holds nothing else, as a newer control calls them."""
    try:
        labels = shape.names(said)
        if shape.said(labels) != said:
            return said
    except (TypeError, ValueError):
        return said
    made: list[Any] = shape.said(list(dict.fromkeys(_renamed(labels, before, after, merged))))
    return made


def _renamed(labels: Sequence[Any], before: AskedControl, after: AskedControl, merged: Mapping[int, int]) -> list[Any]:
    names = {number: label for label, number in after.class_ids.items()}
    numbers = [before.class_ids.get(label, 0) if isinstance(label, str) else 0 for label in labels]
    return [names.get(merged.get(number, number), label) for number, label in zip(numbers, labels, strict=True)]


def _successor(control: AskedControl, old: Rules, new: Rules) -> AskedControl | None:
    """The control of a newer revision that asks what ``control`` asked."""
    mine = set(control.class_ids.values())
    same = (control.kind, control.per_region, control.page)
    fit = [one for one in new.asked if (one.kind, one.per_region, one.page) == same]
    named = [after for after in fit if after.name == control.name]
    rest = [after for after in fit if after.name not in old.by_name]
    sharing = [after for after in rest if not mine.isdisjoint(after.class_ids.values())]
    return next(iter([*named, *sharing, *rest]), None)
