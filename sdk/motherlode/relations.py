"""Directed links between two regions of an item: as label sets and versions hold them, and as Label Studio says them.

A link is what it links: the same class between the same two regions is the same relation, and has its id again when it
is made again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeAlias
from uuid import uuid5

from motherlode.controls import Control
from motherlode.errors import BadRegion
from motherlode.region_ids import REGION_NAMESPACE

__all__ = [
    "KIND",
    "NAME",
    "PART",
    "TAG",
    "Relation",
    "as_entries",
    "from_entries",
    "in_order",
    "is_relation",
    "problems",
]

TAG, PART = "Relations", "Relation"
"""Label Studio's tags of the classes of links: the control, which has no name there, and a class in it."""

NAME = "relations"
"""What the control is called."""

KIND = "relation"
"""The kind of that control, and Label Studio's type of a result."""

DIRECTIONS = ("right", "left", "bi")

Key: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Relation:
    """A link from one region of an item to another, by the regions' ids; `both` says that it holds both ways.

    `class_id` is its class's permanent number and `control` the control that the class belongs to, 0 and "" where it
    has none. `label` is the class's name as the reader's schema gives it. `more` holds fields that are not known.
    """

    id: str
    from_id: str
    to_id: str
    class_id: int = 0
    label: str = ""
    both: bool = False
    control: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What tells the relations of an item apart."""
        return self.from_id, self.to_id, self.class_id

    def as_json(self) -> dict[str, Any]:
        """Its row in format 1; what is at its default is left out."""
        row: dict[str, Any] = {**self.more, "from": self.from_id, "id": self.id, "to": self.to_id}
        if self.class_id:
            row["class_id"] = self.class_id
        if self.control:
            row["control"] = self.control
        if self.both:
            row["both"] = True
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any], names: Mapping[int, str] | None = None) -> Relation:
        """Read what `as_json` wrote; `names` gives the name of each class. Raises `BadRegion`."""
        try:
            class_id = int(row.get("class_id", 0))
            return cls(
                id=str(row["id"]),
                from_id=str(row["from"]),
                to_id=str(row["to"]),
                class_id=class_id,
                label=(names or {}).get(class_id, ""),
                both=bool(row.get("both", False)),
                control=str(row.get("control", "")),
                more={name: row[name] for name in row.keys() - _KNOWN},
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise BadRegion(f"relation {dict(row)!r}: {type(error).__name__} {error}") from None


_KNOWN = frozenset({"both", "class_id", "control", "from", "id", "to"})


def in_order(relations: Iterable[Relation], regions: Iterable[str]) -> list[Relation]:
    """Those of which both ends are among the ids of `regions`, in the order in which they are written: by the place of
    the one end, of the other, and by class. One that holds both ways begins at the region that comes first."""
    places = {one: place for place, one in enumerate(regions)}
    kept = [_turned(one, places) for one in relations if one.from_id in places and one.to_id in places]
    return sorted(kept, key=lambda one: (places[one.from_id], places[one.to_id], one.class_id))


def _turned(one: Relation, places: Mapping[str, int]) -> Relation:
    if one.both and places[one.from_id] > places[one.to_id]:
        return _other_way(one)
    return one


def _other_way(one: Relation) -> Relation:
    return replace(one, from_id=one.to_id, to_id=one.from_id)


# Label Studio's result JSON


def is_relation(entry: Any) -> bool:
    """Whether an entry of a result is a relation, which has no id, no control and no value."""
    return isinstance(entry, dict) and entry.get("type") == KIND


def problems(
    entries: Iterable[tuple[str, Mapping[str, Any]]],
    control: Control | None,
    drawn: Container[str],
    said: Container[str],
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with relations of a result: (which, rule, error). `entries` are named.

    `drawn` are the ids of the regions of the result, `said` all of its ids, `control` the one that has the classes.
    """
    taken: set[tuple[str, str, str]] = set()
    for name, entry in entries:
        if broken := _broken(entry, control, drawn, said):
            yield name, *broken
            continue
        links = _links(entry)
        if taken.isdisjoint(links):
            taken.update(links)
        else:
            yield name, "duplicate", "These two regions are linked like this twice."


def _broken(
    entry: Mapping[str, Any], control: Control | None, drawn: Container[str], said: Container[str]
) -> tuple[str, str] | None:
    for end in ("from_id", "to_id"):
        one = entry.get(end)
        if not isinstance(one, str) or one not in drawn:
            is_said = isinstance(one, str) and one in said
            why = "is said of the item as a whole" if is_said else "is not among the regions of this answer"
            return "region", f"A relation links two regions, and its {end} {one!r:.210} {why}."
    if entry["from_id"] == entry["to_id"]:
        return "region", "A relation links a region with another one, not with itself."
    if entry.get("direction") not in DIRECTIONS:
        return "direction", f"The direction must be one of {', '.join(DIRECTIONS)}, not {entry.get('direction')!r:.40}."
    labels = entry.get("labels")
    if labels is None:
        return None
    if not isinstance(labels, list) or len(labels) > 1:
        return "label", "A relation carries at most one label, in a list."
    known = control.class_ids if control else {}
    if labels and (not isinstance(labels[0], str) or labels[0] not in known):
        return "class", f"The schema has no relation {labels[0]!r:.210}; it has {', '.join(known) or 'none'}."
    return None


def _links(entry: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """An entry as links from one region to another, two where it holds both ways, each with its label."""
    start, end = entry["from_id"], entry["to_id"]
    label = next(iter(entry.get("labels") or ()), "")
    there, back = (start, end, label), (end, start, label)
    return {"right": [there], "left": [back], "bi": [there, back]}[entry["direction"]]


def from_entries(
    entries: Iterable[Mapping[str, Any]], control: Control | None, before: Iterable[Relation] = ()
) -> list[Relation]:
    """The relations that entries of a result say, which have no `problems`.

    One that was there `before` keeps its id and the fields that are not known. "left" is a link the other way round.
    """
    old = {one.key: one for one in before}
    found = [_of_entry(entry, control) for entry in entries]
    held = [old.get(one.key) or (old.get(_other_way(one).key) if one.both else None) for one in found]
    taken = {was.id for was in held if was}
    for place, (one, was) in enumerate(zip(found, held, strict=True)):
        found[place] = replace(one, id=was.id, more=was.more) if was else replace(one, id=_new_id(one, taken))
        taken.add(found[place].id)
    return found


def _of_entry(entry: Mapping[str, Any], control: Control | None) -> Relation:
    """What an entry says, without an id yet."""
    start, end, label = _links(entry)[0]
    if control is None or not label:
        return Relation("", start, end, both=entry["direction"] == "bi")
    class_id = control.class_ids[label]
    return Relation("", start, end, class_id, label, entry["direction"] == "bi", control.name)


def _new_id(one: Relation, taken: Container[str]) -> str:
    """An id made of what is linked, none of those `taken`: a link that was turned may have had these ends."""
    start, end = sorted((one.from_id, one.to_id)) if one.both else (one.from_id, one.to_id)
    said = f"{KIND} {one.class_id} {len(start)} {start} {end}"
    ids = (str(uuid5(REGION_NAMESPACE, said + "+" * more)) for more in count())
    return next(own for own in ids if own not in taken)


def as_entries(relations: Sequence[Relation], control: Control | None, drawn: Container[str]) -> list[dict[str, Any]]:
    """Relations as entries of a Label Studio result; those that have an end not `drawn`, or a class that the control
    does not have, are left out."""
    names = {number: label for label, number in control.class_ids.items()} if control is not None else {}
    return [
        {
            "type": KIND,
            "from_id": one.from_id,
            "to_id": one.to_id,
            "direction": "bi" if one.both else "right",
            "labels": [names[one.class_id]] if one.class_id else [],
        }
        for one in relations
        if one.from_id in drawn and one.to_id in drawn and (not one.class_id or one.class_id in names)
    ]
