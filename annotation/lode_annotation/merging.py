"""Labels of a merged class in the words of the class that took it in. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lode_annotation.dry_run import of_class
from motherlode.manifest import canonical
from motherlode.regions import Texts


def chained(before: Mapping[int, int], merges: Mapping[int, int]) -> dict[int, int]:
    """Every merge there is, each named with the class that holds its labels in the end."""
    return {**{old: merges.get(new, new) for old, new in before.items()}, **merges}


def by_id(merged: Mapping[str, int]) -> dict[int, int]:
    """Merges as a revision keeps them, whose JSON has texts for keys."""
    return {int(old): new for old, new in merged.items()}


def in_successors(texts: Texts, merged: Mapping[int, int]) -> Texts:
    """What a label set says, with every merged class replaced by the one that took it in; all else to the byte.

    Of two answers of the item that become the same class of the same control the first stays.
    """
    if not any(of_class(old) in text for old in merged for text in (texts.answers, texts.regions)):
        return texts
    answers = _once(_replaced(json.loads(texts.answers), merged))
    return texts._replace(answers=canonical(answers), regions=canonical(_replaced(json.loads(texts.regions), merged)))


def _replaced(rows: Sequence[Mapping[str, Any]], merged: Mapping[int, int]) -> list[dict[str, Any]]:
    return [
        {**row, "class_id": merged.get(row["class_id"], row["class_id"])} if "class_id" in row else dict(row)
        for row in rows
    ]


def _once(answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: dict[Any, dict[str, Any]] = {}
    for place, row in enumerate(answers):
        kept.setdefault((row["control"], row["class_id"]) if "class_id" in row else place, row)
    return list(kept.values())
