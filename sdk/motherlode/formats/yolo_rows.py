"""What YOLO's files look like: rows of a class and its numbers, and a yaml of names."""

from __future__ import annotations

import re

from motherlode.formats.format import Seems
from motherlode.formats.source import Files, read_text
from motherlode.formats.values import BadValue, number, whole_number

__all__ = ["is_label_row", "label_rows", "seems"]


def label_rows(files: Files, name: str) -> int | None:
    """How many label rows a text holds, None where a line of it is none (or it cannot be read)."""
    try:
        return _rows(read_text(files, name))
    except (OSError, ValueError):
        return None


def _rows(text: str) -> int | None:
    rows = [line.split() for line in text.splitlines() if line.strip()]
    return len(rows) if all(map(is_label_row, rows)) else None


def is_label_row(words: list[str]) -> bool:
    """Whether a row is a class and at least four numbers."""
    try:
        whole_number(words[0])
        return len(words) >= 5 and all(number(word) is not None for word in words[1:])
    except BadValue:
        return False


def seems(name: str, text: str) -> Seems | None:
    """Whether a text is rows of labels, or a yaml that names classes."""
    ending = name.lower().rpartition(".")[2]
    if ending == "txt" and _rows(text):
        return Seems("YOLO rows")
    named = ending in ("yaml", "yml") and re.search(r"^\s*[\"']?names[\"']?\s*:", text, re.MULTILINE)
    return Seems("a YOLO data.yaml") if named else None
