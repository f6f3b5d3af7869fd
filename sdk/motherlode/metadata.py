"""Fields of items read from a CSV or JSON Lines file, and sent to a project by path.

Everything is looked at before anything is sent: a value that does not fit its field, a path that stands twice and one
that the project does not have are named with their line, and nothing is set then.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motherlode.errors import BadInput, Refused

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = ["KINDS", "Sent", "send_metadata"]

KINDS = ("text", "number", "boolean", "date")
PART = 1000
SHOWN = 20
_ZEROS = re.compile(r"[+-]?0\d")
"""How an identifier such as 0012 begins, which would not be itself as a number."""
WORDS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass
class Sent:
    """What was set: of how many items something changed, of how many nothing, and the kind of each field."""

    changed: int = 0
    unchanged: int = 0
    kinds: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    number: int
    path: str
    values: Mapping[str, Any]


def send_metadata(
    file: str | os.PathLike[str],
    *,
    client: Client,
    project: str | None = None,
    path_field: str = "path",
    kinds: Mapping[str, str] | None = None,
    prefix: str = "",
) -> Sent:
    """Set the fields of a project's items from a file: a column, or key, for the path, one for each field.

    An empty cell says nothing; in JSON Lines null takes a value away. `kinds` says of what kind a new field is (text,
    number, boolean, date); else the file does, where all its values are of one. `prefix` stands before each path.
    Raises `BadInput` with the file, the line and what is wrong, and sets nothing then.
    """
    source = Path(file)
    where = f"{client.project_path(project)}/metadata"
    known = dict(client.get(where)["kinds"])
    for name, kind in (kinds or {}).items():
        if known.setdefault(name, kind) != kind:
            raise BadInput(f"{name} is a field of the kind {known[name]} in this project already")
    found = _kinds(_read(source, path_field), known, source)
    _check_once(_read(source, path_field), source)

    def parts() -> Iterator[list[_Line]]:
        lines = _read(source, path_field)
        while part := list(islice(lines, PART)):
            yield part

    def send(part: list[_Line], dry_run: bool) -> dict[str, Any]:
        rows = [
            {"path": f"{prefix}{line.path}", "values": {n: _value(v, found[n]) for n, v in line.values.items()}}
            for line in part
        ]
        body = {"rows": rows, "kinds": found, "dry_run": dry_run}
        try:
            answer: dict[str, Any] = client.post(where, body, repeatable=True)
        except Refused as error:
            if error.status != 400:
                raise
            raise BadInput(f"{source}: {error}") from None
        return answer

    problems = [
        f"{source}:{part[row['row']].number}: {row['path']}: {row['field'] and row['field'] + ': '}{row['error']}"
        for part in parts()
        for row in send(part, dry_run=True)["problems"]
    ]
    _refuse(problems)
    sent = Sent(kinds=found)
    for part in parts():
        answer = send(part, dry_run=False)
        _refuse([f"{row['path']}: {row['error']}" for row in answer["problems"]])  # somebody changed items meanwhile
        sent.changed += answer["changed"]
        sent.unchanged += answer["unchanged"]
    return sent


def _refuse(problems: list[str]) -> None:
    if problems:
        more = f"\n... and {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
        raise BadInput("nothing is set:\n" + "\n".join(problems[:SHOWN]) + more)


# -- reading -----------------------------------------------------------------------------------------------------------


def _read(source: Path, path_field: str) -> Iterator[_Line]:
    reader: Callable[[Path, str], Iterator[_Line]]
    reader = _json_lines if source.suffix.lower() in (".jsonl", ".ndjson", ".json") else _csv
    try:
        yield from reader(source, path_field)
    except UnicodeDecodeError as error:
        raise BadInput(f"{source} is not UTF-8: {error.reason} at byte {error.start:,}; save it as UTF-8") from None
    except OSError as error:
        raise BadInput(f"{source} cannot be read: {error.strerror}") from None


def _csv(source: Path, path_field: str) -> Iterator[_Line]:
    with source.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        sign = max(",;\t", key=head.count)
        rows = csv.reader(file, delimiter=sign, strict=True)
        try:
            names = [name.strip() for name in next(rows, [])]
            if path_field not in names:
                there = f"there are {', '.join(names)}" if any(names) else "the file is empty"
                raise BadInput(f"{source}: no column is called {path_field!r}; {there}")
            if twice := next((name for name in names if names.count(name) > 1), ""):
                raise BadInput(f"{source}: two columns are called {twice!r}")
            at = names.index(path_field)
            for row in rows:
                if not row:
                    continue
                if len(row) != len(names):
                    raise BadInput(f"{source}:{rows.line_num}: {len(row)} cells, where there are {len(names)} columns")
                said = {name: cell for name, cell in zip(names, row, strict=True) if name and cell != ""}
                said.pop(path_field, None)
                yield _Line(rows.line_num, _path(row[at], source, rows.line_num), said)
        except csv.Error as error:
            raise BadInput(f"{source}:{rows.line_num}: {error}") from None


def _json_lines(source: Path, path_field: str) -> Iterator[_Line]:
    with source.open(encoding="utf-8-sig") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except ValueError as error:
                raise BadInput(f"{source}:{number}: not JSON: {error}") from None
            if not isinstance(row, dict) or not isinstance(row.get(path_field), str):
                raise BadInput(f"{source}:{number}: each line is an object with a text {path_field!r}")
            values = {name: value for name, value in row.items() if name != path_field}
            for name, value in values.items():
                if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
                    raise BadInput(f"{source}:{number}: {name} is not a text, a number, true, false or null")
            yield _Line(number, _path(row[path_field], source, number), values)


def _path(text: str, source: Path, number: int) -> str:
    if not text.strip():
        raise BadInput(f"{source}:{number}: the path is empty")
    return text.replace("\\", "/")


def _check_once(lines: Iterable[_Line], source: Path) -> None:
    seen: dict[str, int] = {}
    for line in lines:
        if line.path in seen:
            raise BadInput(f"{source}:{line.number}: {line.path} stands in line {seen[line.path]} already")
        seen[line.path] = line.number


# -- kinds -------------------------------------------------------------------------------------------------------------


def _kinds(lines: Iterable[_Line], known: Mapping[str, str], source: Path) -> dict[str, str]:
    """The kind of each field of the file: the project's, else the first that all its values are of."""
    open_kinds: dict[str, list[str]] = {}
    problems: list[str] = []
    for line in lines:
        for name, value in line.values.items():
            if value is None:
                open_kinds.setdefault(name, [known[name]] if name in known else ["boolean", "number", "date", "text"])
                continue
            if name in known:
                open_kinds[name] = [known[name]]
                if _fit(value, known[name]) is None and len(problems) <= SHOWN:
                    problems.append(f"{source}:{line.number}: {name}: {value!r:.60} is not a {known[name]}")
            else:
                before = open_kinds.get(name, ["boolean", "number", "date", "text"])
                open_kinds[name] = [kind for kind in before if _fit(value, kind) is not None] or ["text"]
    _refuse(problems)
    return {name: kinds[0] for name, kinds in open_kinds.items()}


def _value(value: Any, kind: str) -> Any:
    return None if value is None else _fit(value, kind)


def _fit(value: Any, kind: str) -> Any:
    """The value as one of this kind; None where it is not."""
    if kind == "text":
        return value if isinstance(value, str) else json.dumps(value)
    if kind == "boolean":
        said = WORDS.get(value.strip().lower()) if isinstance(value, str) else value
        return said if isinstance(said, bool) else None
    if kind == "number":
        return _number(value)
    return value if isinstance(value, str) and _is_date(value) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else value
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or "_" in value or _ZEROS.match(value.strip()):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _is_date(text: str) -> bool:
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            read(text)
        except ValueError:
            continue
        return True
    return False
