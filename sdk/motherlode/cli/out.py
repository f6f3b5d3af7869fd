"""What all verbs share: the client they ask, and what they say: lines for people, or a JSON document for programs."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from motherlode.client import Client

__all__ = [
    "GATE_CLOSED",
    "LOCK_CONFLICT",
    "NOT_PULLED",
    "NOT_VERIFIED",
    "STALE",
    "YANKED",
    "Out",
    "Parser",
    "Verbs",
    "add_verb",
    "again",
    "client_of",
    "count",
    "problem_lines",
    "size",
]

NOT_VERIFIED, NOT_PULLED, STALE, YANKED, LOCK_CONFLICT, GATE_CLOSED = 3, 4, 5, 6, 7, 8
"""Exit codes of their own; docs/sdk.md says what each means."""
Verbs = Any  # argparse's sub-parsers action, which has no public name


class Out:
    """Collects what is said; `answer` is the document that `--json` prints."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._document: Any = None
        self._said = False

    def say(self, text: str = "") -> None:
        """A line for people."""
        if not self.as_json:
            print(text)

    def answer(self, document: Any) -> None:
        """The document for programs."""
        self._document = document
        self._said = True

    def table(self, rows: Iterable[Sequence[Any]], head: Sequence[str]) -> None:
        """Rows in columns, numbers to the right."""
        cells = [list(head)] + [[_cell(value) for value in row] for row in rows]
        if self.as_json or len(cells) == 1:
            return
        widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
        numeric = [all(_is_number(row[at]) for row in cells[1:]) for at in range(len(head))]
        for row in cells:
            parts = [
                text.rjust(width) if right else text.ljust(width)
                for text, width, right in zip(row, widths, numeric, strict=True)
            ]
            print("  ".join(parts).rstrip())

    def warn(self, text: str) -> None:
        """A line on standard error, in any case."""
        print(text, file=sys.stderr)

    def fail(self, message: str, code: str, status: int) -> int:
        """Say why it failed; gives the exit code."""
        print(f"lode: {message}", file=sys.stderr)
        if self.as_json:
            print(json.dumps({"error": message, "code": code}, ensure_ascii=False))
        return status

    def close(self) -> None:
        """Print the document."""
        if self.as_json and self._said:
            print(json.dumps(self._document, ensure_ascii=False, default=str))


class Parser(ArgumentParser):
    """A parser whose refusal is a JSON document too, where `--json` was said."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if "--json" in self._words:
            print(json.dumps({"error": message, "code": "usage"}, ensure_ascii=False))
        super().error(message)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _is_number(text: str) -> bool:
    return not text or text.replace(",", "").replace(".", "").replace("-", "").isdigit()


def add_verb(verbs: Verbs, name: str, do: Callable[[Namespace, Out], int | None], help_text: str) -> ArgumentParser:
    """One verb, with the options that all have."""
    verb: ArgumentParser = verbs.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
    verb.add_argument("--json", action="store_true", help="print one JSON document")
    verb.add_argument("--url", help="the server's address (default: MOTHERLODE_URL, or that of `lode login`)")
    verb.add_argument("--project", "-p", help="the project (default: MOTHERLODE_PROJECT, or the token's)")
    verb.set_defaults(do=do)
    return verb


def client_of(arguments: Namespace, project: str = "") -> Client:
    """The client that a verb's options mean."""
    client: Client = arguments.connect(arguments.url, project=project or arguments.project)
    return client


def again(arguments: Namespace, given: str, dataset: str) -> str:
    """A dataset's name for the next command: with the project where this one had to say it (`given`, or by option)."""
    project = given or arguments.project
    return f"{project}/{dataset}" if project else dataset


def count(number: int, what: str) -> str:
    """`1 item`, `2 items`, `3 boxes`, `4 categories`."""
    return f"{number:,} {what if number == 1 else plural(what)}"


def plural(noun: str) -> str:
    """The plural of a regular noun."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def size(number: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1024
    raise AssertionError("the last unit takes any number")


def problem_lines(problems: Sequence[Mapping[str, Any]], most: int = 20) -> list[str]:
    """Problems as lines: file, row, what, remedy."""
    lines = []
    for row in problems[:most]:
        place = str(row.get("file") or row.get("item") or "the folder") + (f", {row['row']}" if row.get("row") else "")
        what = str(row.get("what")).rstrip(".")
        lines.append(f"  {place}: {what}. {row.get('remedy', '')}".rstrip())
    if len(problems) > most:
        lines.append(f"  and {len(problems) - most:,} more; --json lists them all")
    return lines
