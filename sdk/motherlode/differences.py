"""The difference of two versions, as the server tells it, in words and as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

__all__ = ["as_markdown", "in_words"]

SHOWN = 20
"""Items that Markdown names."""
KINDS = {
    "added": "added",
    "removed": "removed",
    "replaced": "another file",
    "labelled": "labels new",
    "relabelled": "labels changed",
    "unlabelled": "labels removed",
    "moved_split": "moved to another split",
    "metadata": "metadata changed",
}
_TICKS = re.compile("`+")


def in_words(told: Mapping[str, Any]) -> list[str]:
    """What differs, a line for each kind of thing: `items: 3 added, 1 removed`. Empty where nothing does."""
    return [f"{what}: {said}" for what, said in _parts(told)]


def as_markdown(
    told: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], *, before: str, after: str, page: str = ""
) -> str:
    """A heading, a table of what differs, the shift of each class and the first `SHOWN` of the items.

    `told` is the summary, `rows` are its items in order, `before` and `after` name the versions, and `page` is the
    address of the page that shows them. Names from the data stand as code, so that none becomes markup.
    """
    lines = [f"### {before} → {after}", ""]
    parts = [(what, said) for what, said in _parts(told) if what != "classes"]
    if not parts and not told.get("classes"):
        return "\n".join([*lines, "Nothing differs.", ""])
    if parts:
        lines += ["| | |", "|---|---|", *(f"| {what.capitalize()} | {said} |" for what, said in parts), ""]
    if shift := told.get("classes"):
        lines += ["| Class | Regions |", "|---|---:|"]
        lines += [f"| {_code(name)} | {number:+,} |" for name, number in _largest(shift)]
        lines.append("")
    found = list(islice(rows, SHOWN + 1))
    if found:
        first = f"The first {SHOWN} items" if len(found) > SHOWN else "The items"
        lines += [f"<details><summary>{first}</summary>", ""]
        lines += [f"- {_code(str(row['path']))}: {_item(row)}" for row in found[:SHOWN]]
        lines += ["", "</details>", ""]
    if page:
        lines += [f"[Side by side]({page})", ""]
    return "\n".join(lines)


def _parts(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each kind of thing that differs, and how."""
    items = (("items_added", "added"), ("items_removed", "removed"), ("items_replaced", "replaced"))
    sets = (("items_labelled", "new"), ("items_relabelled", "changed"), ("items_unlabelled", "removed"))
    regions = told.get("regions") or {}
    fields = ", ".join(f"{field} {number:,}" for field, number in (told.get("metadata") or {}).items())
    own = told.get("items_metadata") or 0
    parts = [
        ("items", _listed(told, items)),
        ("label sets", _listed(told, sets)),
        ("regions", _listed(regions, [(kind, kind) for kind in regions])),
        ("classes", ", ".join(f"{name} {number:+,}" for name, number in (told.get("classes") or {}).items())),
        ("splits", f"{_count(moved, 'item')} moved to another" if (moved := told.get("splits_moved")) else ""),
        ("metadata", fields or (_count(own, "item") if own else "")),
        ("schema", "changed" if told.get("schema_changed") else ""),
    ]
    return [(what, said) for what, said in parts if said]


def _largest(shift: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(shift.items(), key=lambda row: (-abs(row[1]), row[0]))


def _item(row: Mapping[str, Any]) -> str:
    """What became of an item; of one that moved, from which split to which."""
    said = KINDS.get(str(row["kind"]), str(row["kind"]))
    if row.get("split_before") and row.get("split_after") and row["split_before"] != row["split_after"]:
        said += f" ({row['split_before']} → {row['split_after']})"
    return said


def _listed(numbers: Mapping[str, Any], words: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{numbers[key]:,} {word}" for key, word in words if numbers.get(key))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what if number == 1 else what + 's'}"


def _code(text: str) -> str:
    """A name from the data, shown as it is: nothing within becomes a link, a mention, markup or another cell."""
    line = " ".join(text.split())
    fence = "`" * (max(map(len, _TICKS.findall(line)), default=0) + 1)
    space = " " if "`" in line else ""
    return f"{fence}{space}{line}{space}{fence}".replace("|", "\\|")
