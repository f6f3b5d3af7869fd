"""What the values of masks stand for: `classes.json`, `labelmap.txt`, `labels.txt`, tables of classes and colours."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from motherlode.formats.source import Classes, Files, Problem, read_text
from motherlode.formats.values import BadValue, label_name, shown, whole_number
from motherlode.formats.writing import ClassNames

__all__ = ["CLASSES", "IGNORED", "KNOWN", "LABELMAP", "NOTHING", "VOID", "Named", "read_names", "written"]

CLASSES, LABELMAP = "classes.json", "labelmap.txt"
LISTS = ("labels.txt", "classes.txt", "class_names.txt")
TABLES = ("_classes.csv", "class_dict.csv", "label_colors.csv")
KNOWN = (CLASSES, LABELMAP, *TABLES, *LISTS)  # in the order in which they are asked for
BACKGROUND = "background"
NOTHING = frozenset({"background", "_background_", "bg", "__background__"})
IGNORED = frozenset({"__ignore__", "ignore", "void", "unlabeled", "unlabelled", "ignored"})
VOID = 255
REMEDY = "Mend it and import again"
_COLUMNS = {"pixelvalue": "value", "class": "name", "name": "name", "r": "r", "g": "g", "b": "b"}

Colour = tuple[int, int, int]


@dataclass
class Named:
    """Labels by the value of a pixel, and by its colour; None for background and for what is void."""

    file: str = ""
    values: dict[int, str | None] = field(default_factory=dict)
    colours: dict[Colour, str | None] = field(default_factory=dict)

    def classes(self) -> Iterator[Classes]:
        """The classes that the file numbers, the value 1 first, as the class ids of a schema are."""
        names = {value - 1: label for value, label in sorted(self.values.items()) if label is not None and value > 0}
        if self.values.get(0) is not None:  # a class, so that they count from it
            names = {value: label for value, label in sorted(self.values.items()) if label is not None}
        if names:
            yield Classes(self.file, names)


def read_names(files: Files) -> Iterator[Named | Problem]:
    """What the values stand for, by the first file of classes that can be read; nothing where there is none."""
    names = sorted(files.names(), key=lambda name: (name.count("/"), name))
    for known in KNOWN:
        for name in names:
            if name.rpartition("/")[2].lower() != known:
                continue
            try:
                yield from _read(name, known, read_text(files, name))
            except (OSError, ValueError, RecursionError, csv.Error) as error:
                yield Problem("unreadable", name, "", f"cannot be read ({error!s:.200})", REMEDY)
                continue
            return


def _read(name: str, known: str, text: str) -> Iterator[Named | Problem]:
    if known == CLASSES:
        rows = _of_json(json.loads(text))
    elif known == LABELMAP:
        rows = _of_labelmap(text.splitlines())
    elif known in TABLES:
        rows = _of_table(text.splitlines())
    else:
        rows, first = _of_list(text.splitlines())
        if first:
            what = f"names no background, so the value 0 was taken as none, and 1 as {first}"
            yield Problem("note", name, "", what, f"If 0 is {first}, number the classes in {CLASSES}")
    found = Named(name)
    for value, said, colour in rows:
        label = None if said.strip().lower() in NOTHING | IGNORED else label_name(said)
        if label is not None and label in found.values.values():
            raise BadValue(f"two classes are called {label!r}")
        if value in found.values or (colour is not None and colour in found.colours):
            raise BadValue(f"{shown(said)} has the value or the colour of another class")
        found.values[value] = label
        if colour is not None:
            found.colours[colour] = label
    if not any(found.values.values()):
        raise BadValue("it names no class")
    yield found


Row = tuple[int, str, Colour | None]


def _of_json(said: Any) -> list[Row]:
    """An object of names by value, or a list of names from 0; "classes" may hold either."""
    if isinstance(said, dict) and isinstance(said.get("classes"), dict | list):
        said = said["classes"]
    if isinstance(said, list):
        said = dict(enumerate(said))
    if not isinstance(said, dict) or not all(isinstance(label, str) for label in said.values()):
        raise BadValue("it is not an object of names by value, nor a list of names")
    return [(whole_number(value), label, None) for value, label in said.items()]


def _of_labelmap(lines: Iterable[str]) -> list[Row]:
    """CVAT's lines `name:red,green,blue:parts:actions`; the values of pixels count them."""
    rows: list[Row] = []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.fullmatch(r"\s*(.+?):(\d+),\s*(\d+),\s*(\d+)(?::.*)?", line)
        if found is None and ":" not in line:
            rows.append((len(rows), line, None))
        elif found is None:
            raise BadValue(f"{shown(line)} is not a name and its colour, as in cat:128,0,0::")
        else:
            rows.append((len(rows), found[1], (int(found[2]), int(found[3]), int(found[4]))))
    return rows


def _of_table(lines: Sequence[str]) -> list[Row]:
    """A table of a name and the value of its pixels, or its red, green and blue; of a header by its names."""
    header, *body = csv.reader(lines, skipinitialspace=True)
    columns = {_COLUMNS.get(re.sub(r"[\s_]", "", cell.lower()), ""): at for at, cell in enumerate(header)}
    rows: list[Row] = []
    for cells in body:
        if not cells:
            continue
        try:
            name = cells[columns["name"]]
            value = whole_number(cells[columns["value"]]) if "value" in columns else len(rows)
            wanted = [whole_number(cells[columns[side]]) for side in "rgb"] if "r" in columns else []
        except (KeyError, IndexError):
            raise BadValue(f"the row {shown(cells)} is not a name with its value, or its r, g and b") from None
        rows.append((value, name, (wanted[0], wanted[1], wanted[2]) if wanted else None))
    return rows


def _of_list(lines: Iterable[str]) -> tuple[list[Row], str]:
    """Names, one a line, from 0 where one of them is the background, else from 1; of the latter the first.

    LabelMe's `__ignore__`, before the background, is not counted.
    """
    names = [line.strip() for line in lines if line.strip()]
    if names and names[0].lower() == "__ignore__":
        del names[0]
    counted = any(name.lower() in NOTHING for name in names)
    rows: list[Row] = [(value, name, None) for value, name in enumerate(names, start=not counted)]
    return rows, "" if counted or not names else names[0]


# Writing


def written(classes: ClassNames) -> bytes:
    """`classes.json`: names by value, 0 for the background."""
    rows = {"0": BACKGROUND, **{str(number): classes[number] for number in sorted(classes)}}
    return (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode()
