"""A task on its way in, read and checked: one JSON line, its answers in the words of Label Studio's results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import Any, TypedDict

from lode_annotation.import_parts import lines_of
from lode_annotation.models import Annotation
from lode_platform.errors import BadInput
from motherlode.paths import UnsafePath, check_path, fold

MAX_ANSWERS = 1_000
STATES = (Annotation.State.SUBMITTED.value, Annotation.State.SKIPPED.value, Annotation.State.DRAFT.value)


class Origin(TypedDict, total=False):
    """What a task was elsewhere and has no place of its own here, so that it goes back as it came.

    ``number`` is its number there, ``data`` and ``meta`` what was kept of it, ``predictions`` what models said of it,
    ``ground_truth`` the uuids of the annotations that were marked so.
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
    """What one person said of a task: ``by`` is a mail address or a name, "" for who imports, ``number`` tells their
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
        return self.state == Annotation.State.SKIPPED.value

    @property
    def rejected(self) -> bool:
        """Whether the last word of a reviewer was no."""
        return bool(self.reviews) and not self.reviews[-1].accepted


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task with its answers and drafts; ``path`` is its item's."""

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


def read(text: str) -> Iterator[TaskLine]:
    """The tasks of a part. Raises ``BadInput`` that names the line and what is wrong with it."""
    for number, row in lines_of(text):
        try:
            yield _task(row)
        except KeyError as error:
            raise _bad(number, f"it lacks {error}") from None
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            raise _bad(number, str(error)) from None


def _bad(line: int, why: str) -> BadInput:
    return BadInput(
        f"Line {line} is not a task: {why}. Correct it and send the part again.", code="bad_task", line=line
    )


def _task(row: Mapping[str, Any]) -> TaskLine:
    said = [_answer(one) for one in _listed(row, "answers")]
    if len(said) > MAX_ANSWERS:
        raise ValueError(f"it has {len(said):,} answers; at most {MAX_ANSWERS:,} are taken")
    origin = Origin(data=_object(row, "data"), meta=_object(row, "meta"), predictions=_listed(row, "predictions"))
    if row.get("number") is not None:
        origin["number"] = int(row["number"])
    drafts = [one for one in said if one.state == Annotation.State.DRAFT.value]
    answers = [one for one in said if one.state != Annotation.State.DRAFT.value]
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
        number=int(row.get("number") or 0),
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
