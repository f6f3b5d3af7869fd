"""A task on its way to a server: one JSON line, its answers in the words of Label Studio's results, and why one is not
taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypedDict

from motherlode.json_flaws import MAX_DEPTH, MAX_VALUES, flaw, too_deep
from motherlode.paths import UnsafePath, check_path, fold

__all__ = ["MAX_BYTES", "Answer", "Origin", "TaskLine", "Verdict", "as_text", "line_text", "task_of"]

MAX_ANSWERS = 1_000
MAX_BYTES = 32 << 20  # of the lines that are sent at once
SUBMITTED, SKIPPED, DRAFT = STATES = ("submitted", "skipped", "draft")
_SUSPICIOUS = ("\\u0000", "NaN", "Infinity")
_STRIDE = 20
_DIGITS = re.compile(r"\d{14}")  # in every 20th letter, what a number of 300 digits shows
_NUMBERS = range(-(2**63), 2**63)


class Origin(TypedDict, total=False):
    """What a task was elsewhere and has no place of its own here, so that it goes back as it came.

    `number` is its number there, `data` and `meta` what was kept of it, `predictions` what models said of it,
    `ground_truth` the uuids of the annotations that were marked so.
    """

    number: int
    data: dict[str, Any]
    meta: dict[str, Any]
    predictions: list[Any]
    ground_truth: list[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A review: who, when, and whether the answer was accepted."""

    by: str
    accepted: bool
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said of a task: `by` is a mail address or a name, "" for who imports, `number` tells their
    answers apart."""

    by: str
    number: int
    state: str
    result: list[Any]
    made_at: datetime
    saved_at: datetime
    lead_time: float = 0.0
    ground_truth: bool = False
    reviews: Sequence[Verdict] = ()

    @property
    def skipped(self) -> bool:
        """Whether the person said "not this one"."""
        return self.state == SKIPPED

    @property
    def rejected(self) -> bool:
        """Whether the last word of a reviewer was no."""
        return bool(self.reviews) and not self.reviews[-1].accepted


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task with its answers and drafts; `path` is its item's."""

    path: str
    origin: Origin
    answers: Sequence[Answer] = ()
    drafts: Sequence[Answer] = ()
    prelabels: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def folded(self) -> str:
        """The path as items are found by it."""
        try:
            return fold(check_path(self.path))
        except UnsafePath:
            return self.path


as_text = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def line_text(row: Mapping[str, Any]) -> tuple[bytes, str]:
    """The line of a row that has every part but its path, in UTF-8, and why no server takes it, in words that follow
    the task's; "" where one does."""
    try:
        text = as_text(row)
        if too_deep(text, row):
            return b"", f"it is nested deeper than {MAX_DEPTH} levels"
    except RecursionError:
        return b"", f"it is nested deeper than {MAX_DEPTH} levels"
    if len(text) > MAX_BYTES // 4 or (len(text) > MAX_VALUES and text.count(",") > MAX_VALUES):
        return b"", f"it holds more than {MAX_VALUES:,} values or {MAX_BYTES >> 22} MiB"
    if _is_suspicious(text) and (found := flaw(row)):
        return b"", f"{found[0]} {found[1]}"
    try:
        task_of({**row, "path": "path"})
    except KeyError as error:
        return b"", f"it lacks {error}"
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        return b"", str(error)
    return text.encode("utf-8", "replace"), ""


def _is_suspicious(text: str) -> bool:
    """Whether a line may hold a text or a number that a database does not take."""
    if any(word[0] in text and word in text for word in _SUSPICIOUS):  # a letter is found in a tenth of the time
        return True
    return _DIGITS.search(text[::_STRIDE]) is not None


def task_of(row: Mapping[str, Any]) -> TaskLine:
    """The task of a line. Raises KeyError, TypeError, ValueError and their like for what is none."""
    said = [_answer(one) for one in _listed(row, "answers")]
    if len(said) > MAX_ANSWERS:
        raise ValueError(f"it has {len(said):,} answers; at most {MAX_ANSWERS:,} are taken")
    origin = Origin(data=_object(row, "data"), meta=_object(row, "meta"), predictions=_listed(row, "predictions"))
    if row.get("number") is not None:
        origin["number"] = _number(row["number"])
    drafts = [one for one in said if one.state == DRAFT]
    answers = [one for one in said if one.state != DRAFT]
    prelabels = [one for one in _listed(row, "prelabels") if isinstance(one, dict)]
    return TaskLine(_text(row, "path", 4096), origin, answers, drafts, prelabels)


def _answer(row: Mapping[str, Any]) -> Answer:
    state, lead = row.get("state", STATES[0]), row.get("lead_time") or 0.0
    if state not in STATES:
        raise ValueError(f"the state {state!r:.40} is not one of {', '.join(STATES)}")
    if not isinstance(lead, int | float) or not isfinite(lead) or lead < 0:
        lead = 0.0
    made = _moment(row["at"])
    return Answer(
        by=_text(row, "by", 150) if row["by"] else "",
        number=_number(row.get("number") or 0),
        state=state,
        result=_listed(row, "result"),
        made_at=made,
        saved_at=_moment(row.get("saved_at") or row["at"]),
        lead_time=float(lead),
        ground_truth=row.get("ground_truth") is True,
        reviews=[_verdict(one) for one in _listed(row, "reviews")],
    )


def _verdict(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        _text(row, "by", 150) if row["by"] else "",
        row["accepted"] is True,
        str(row.get("comment") or ""),
        _moment(row["at"]),
    )


def _text(row: Mapping[str, Any], name: str, most: int) -> str:
    said = row[name]
    if not isinstance(said, str) or not said.strip() or len(said) > most:
        raise ValueError(f"{name} is {said!r:.60}, not a text of 1 to {most} characters")
    return said.strip()


def _number(said: Any) -> int:
    number = int(said)
    if number not in _NUMBERS:
        raise ValueError(f"the number {said!r:.60} has more than 64 bits")
    return number


def _listed(row: Mapping[str, Any], name: str) -> list[Any]:
    said = row.get(name) or []
    if not isinstance(said, list):
        raise ValueError(f"{name} is {said!r:.60}, not a list")
    return said


def _object(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    said = row.get(name) or {}
    if not isinstance(said, dict):
        raise ValueError(f"{name} is {said!r:.60}, not an object")
    return said


def _moment(said: Any) -> datetime:
    if not isinstance(said, str):
        raise ValueError(f"{said!r:.60} is not a time such as 2026-01-31T12:00:00Z")
    found = datetime.fromisoformat(said)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
