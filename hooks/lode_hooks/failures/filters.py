"""Which matches of an evaluation: the closed list of fields that addresses and REST may carry."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from lode_hooks.evaluations import transitions
from lode_hooks.evaluations.metrics.kinds import KINDS
from lode_hooks.models import Verdict
from lode_platform.errors import BadInput

STATE_CHOICES = ("", "tp", "fp", "fn", "truths", "all")
KIND_CHOICES = KINDS[1:]
SIZES = ("small", "medium", "large")
SORTS = ("confident", "score", "iou", "size", "path")
UNJUDGED = "none"


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which matches: the closed list of fields that addresses and REST may carry.

    `state`: "" failures (wrong predictions and missed truths), tp, fp, fn, truths (found or not) or all. `cell` is a
    cell of the confusion matrix, "truth:prediction", 0 for nothing. Scores, IoUs and sizes (square root of the area in
    pixels, of the truth, else of the prediction) are bounded inclusively. `threshold` None is the evaluation's own.
    `transition` compares with the evaluation `against`: fixed, regressed, unchanged, ok of truths; new, persisting,
    resolved of wrong predictions. Verdicts given after `as_of` do not count: a list stays as it is meanwhile.
    """

    state: str = ""
    kind: str = ""
    truth_class: int | None = None
    predicted_class: int | None = None
    cell: tuple[int, int] | None = None
    min_score: float | None = None
    max_score: float | None = None
    min_iou: float | None = None
    max_iou: float | None = None
    min_size: float | None = None
    max_size: float | None = None
    size: str = ""
    verdict: str = ""
    item: UUID | None = None
    threshold: float | None = None
    against: UUID | None = None
    transition: str = ""
    sort: str = "confident"
    as_of: datetime | None = None

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> Self:
        """From an address's query or a JSON object; unknown fields are passed over. BadInput names a wrong one."""
        read: dict[str, Any] = {}
        for name, reader in READERS.items():
            text = query.get(name)
            if text is None or text == "":
                continue
            try:
                read[name] = reader(str(text))
            except ValueError as error:
                raise BadInput(f"{name}={text} {error}", code="bad_filter", field=name) from None
        if read.get("transition") and "against" not in read:
            raise BadInput(
                "transition= needs against=, the evaluation to compare with", code="bad_filter", field="against"
            )
        return cls(**read)

    def query(self) -> dict[str, str]:
        """The inverse of `parse`: what differs from the default."""
        said: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                said[field.name] = f"{value[0]}:{value[1]}" if field.name == "cell" else str(value)
        return said


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("is not a number") from None
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise ValueError("is not a class id")
    return int(text)


def _cell(text: str) -> tuple[int, int]:
    truth, colon, predicted = text.partition(":")
    if not colon:
        raise ValueError("is not truth:prediction")
    return _whole(truth), _whole(predicted)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("is not a uuid") from None


def _time(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is not a time") from None
    if value.tzinfo is None:
        raise ValueError("is a time without its zone")
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"is not one of {', '.join(choice for choice in choices if choice)}")
        return text

    return read


READERS: Mapping[str, Callable[[str], Any]] = {
    "state": _one_of(*STATE_CHOICES),
    "kind": _one_of(*KIND_CHOICES),
    "truth_class": _whole,
    "predicted_class": _whole,
    "cell": _cell,
    "min_score": _number,
    "max_score": _number,
    "min_iou": _number,
    "max_iou": _number,
    "min_size": _number,
    "max_size": _number,
    "size": _one_of(*SIZES),
    "verdict": _one_of(*Verdict.Kind.values, UNJUDGED),
    "item": _uuid,
    "threshold": _number,
    "against": _uuid,
    "transition": _one_of(*transitions.OF_TRUTHS, *transitions.OF_ALARMS),
    "sort": _one_of(*SORTS),
    "as_of": _time,
}
