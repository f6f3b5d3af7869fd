"""Answers and attributes in words: what label sets say that is not drawn."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from lode_platform.shell import Answer
from lode_platform.templatetags.lode import class_color
from motherlode.regions import in_words

MOST = 50
"""Regions of an item whose attributes a page lists."""

Row = Mapping[str, Any]
"""The row of a region or an answer, as label sets hold it."""


def _name(row: Row, names: Mapping[int, str]) -> str:
    of_class = row.get("class_id")
    return in_words(row.get("value", "")) if of_class is None else names.get(of_class, str(of_class))


def answers(rows: Iterable[Row], names: Mapping[int, str]) -> list[Answer]:
    """What is said of the item as a whole; ``names`` are those of the classes."""
    return [
        Answer(
            str(row.get("control", "")),
            _name(row, names),
            class_color(row["class_id"]) if row.get("class_id") is not None else None,
        )
        for row in rows
        if "geometry" not in row
    ]


def attributes(rows: Iterable[Row], names: Mapping[int, str]) -> list[Answer]:
    """What is said of each region beside its class, under the region's label; of the first ``MOST`` that have any."""
    found = []
    for row in rows:
        if row.get("attributes"):
            words = ", ".join(f"{name}: {in_words(value)}" for name, value in sorted(row["attributes"].items()))
            found.append(Answer(_name(row, names), words))
            if len(found) == MOST:
                break
    return found


def changes(before: Row | None, after: Row | None, names: Mapping[int, str]) -> list[str]:
    """What an answer or the attributes of a region said before and say now, such as "quality: sharp → blurred"."""
    side = after or before or {}
    if "geometry" not in side:
        was, now = (_name(row, names) if row else "" for row in (before, after))
        return [_change(str(side.get("control", "")), was, now)] if was != now else []
    if before is None or after is None:
        return []
    old, new = before.get("attributes", {}), after.get("attributes", {})
    return [
        _change(f"{_name(side, names)}, {name}", in_words(old.get(name, "")), in_words(new.get(name, "")))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def links(relations: Iterable[Row], regions: Iterable[Row], names: Mapping[int, str]) -> list[str]:
    """Relations in words, such as "rider → horse (rides)", or with "↔" where they hold both ways."""
    labels = {row["id"]: _name(row, names) for row in regions}
    return [_link(one, labels, names) for one in relations]


def link_changes(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Relations in words that are on one side alone: "- rider → horse", "+ rider ↔ horse"."""
    was, now = Counter(before), Counter(after)
    return [f"- {one}" for one in (was - now).elements()] + [f"+ {one}" for one in (now - was).elements()]


def _link(said: Row, labels: Mapping[str, str], names: Mapping[int, str]) -> str:
    ends = (" ↔ " if said.get("both") else " → ").join(labels.get(said[end], said[end]) for end in ("from", "to"))
    of_class = said.get("class_id")
    return ends if of_class is None else f"{ends} ({names.get(of_class, of_class)})"


def _change(what: str, was: str, now: str) -> str:
    return f"{what}: {was or '–'} → {now or '–'}"
