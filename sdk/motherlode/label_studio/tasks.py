"""Tasks of a Label Studio export: which item each is of, what was said of it, and the line that brings it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from motherlode.label_studio.people import People
from motherlode.media import BadMedia, Media

__all__ = [
    "Contents",
    "answers_of",
    "counts_of",
    "field_of",
    "line_of",
    "listed",
    "number_of",
    "path_of",
    "why_no_item",
]

EARLY = "1970-01-01T00:00:00Z"
"""When something was said whose time is not known."""


def listed(task: Mapping[str, Any], name: str) -> list[Any]:
    """A list of a task, empty where it has none."""
    said = task.get(name)
    return said if isinstance(said, list) else []


def number_of(task: Mapping[str, Any], place: int) -> int:
    """A task's number, else its place in the export, from 1."""
    number = task.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else place + 1


def answers_of(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The annotations of a task that have a result; earlier exports call them completions."""
    rows = listed(task, "annotations") or listed(task, "completions")
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("result"), list)]


def field_of(task: Mapping[str, Any]) -> str:
    """The field of a task's data that most likely holds what it is about: the first that is a text."""
    data = task.get("data")
    return next((name for name, said in data.items() if isinstance(said, str)), "") if isinstance(data, dict) else ""


def why_no_item(task: Mapping[str, Any], field: str, medium: type[Media]) -> str:
    """Why a task's data neither holds nor names an item of that medium under `field`; "" where it does."""
    data = task.get("data")
    said = data.get(field) if isinstance(data, dict) else None
    if said is None or said == "" or not (medium.inline or isinstance(said, str)):
        return f"its data has no {field!r}, which the config asks about"
    if not medium.inline:
        return ""
    try:
        medium.from_data(said)
    except BadMedia as error:
        return f"the {field!r} of its data {error.what}"
    return ""


def path_of(medium: type[Media], task: Mapping[str, Any], place: int) -> str:
    """The path of an item that stands itself in the data of its task."""
    return f"{medium.plural}/{number_of(task, place)}{min(medium.suffixes)}"


@dataclass
class Contents:
    """What an export holds, counted: by kind, and entries of results by their type."""

    counts: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Both as a JSON object."""
        return {**self.counts, "results": dict(self.by_type.most_common())}


def counts_of(task: Mapping[str, Any], contents: Contents) -> None:
    """Count what a task holds."""
    counts = contents.counts
    counts["tasks"] += 1
    for row in answers_of(task):
        counts["annotations"] += 1
        counts["skipped"] += row.get("was_cancelled") is True
        counts["ground_truths"] += row.get("ground_truth") is True
        counts["reviews"] += len(listed(row, "reviews"))
        contents.by_type.update(str(one.get("type")) for one in row["result"] if isinstance(one, dict))
    counts["drafts"] += sum(isinstance(one, dict) for one in listed(task, "drafts"))
    for one in listed(task, "predictions"):
        counts["predictions" if isinstance(one, dict) else "predictions_by_number"] += 1


def line_of(task: Mapping[str, Any], place: int, path: str, people: People, model: str = "") -> dict[str, Any]:
    """The line that brings a task in, on the item at `path`, which it does not name where that is ""; `model` is the
    model version that the project shows."""
    number = number_of(task, place)
    predictions = [one for one in listed(task, "predictions") if isinstance(one, dict)]
    said = [_answer(row, number, at, people) for at, row in enumerate(answers_of(task))]
    said += [_draft(row, people) for row in listed(task, "drafts") if isinstance(row, dict)]
    named = {"path": path} if path else {}
    return {
        **named,
        "number": number,
        "data": task.get("data") if isinstance(task.get("data"), dict) else {},
        "meta": task.get("meta") if isinstance(task.get("meta"), dict) else {},
        "predictions": predictions,
        "prelabels": list(_prelabels(predictions, model)),
        "answers": said,
    }


def _answer(row: Mapping[str, Any], task: int, place: int, people: People) -> dict[str, Any]:
    number = row.get("id")
    at = _moment(row.get("created_at"))
    return {
        "by": people.name(row.get("completed_by")),
        "number": number if isinstance(number, int) and not isinstance(number, bool) else -(task * 1000 + place),
        "state": "skipped" if row.get("was_cancelled") is True else "submitted",
        "result": row["result"],
        "at": at,
        "saved_at": _moment(row.get("updated_at"), at),
        "lead_time": row.get("lead_time") or 0.0,
        "ground_truth": row.get("ground_truth") is True,
        "reviews": [_review(one, people, at) for one in listed(row, "reviews") if isinstance(one, dict)],
    }


def _review(row: Mapping[str, Any], people: People, at: str) -> dict[str, Any]:
    return {
        "by": people.name(row.get("created_by")),
        "accepted": row.get("accepted") is True,
        "comment": str(row.get("comment") or "")[:10_000],
        "at": _moment(row.get("created_at"), at),
    }


def _draft(row: Mapping[str, Any], people: People) -> dict[str, Any]:
    at = _moment(row.get("created_at"))
    result = row.get("result")
    return {
        "by": people.name(row.get("user")),
        "number": 0,
        "state": "draft",
        "result": result if isinstance(result, list) else [],
        "at": at,
        "saved_at": _moment(row.get("updated_at"), at),
    }


def _prelabels(predictions: Sequence[Mapping[str, Any]], model: str) -> Iterator[dict[str, Any]]:
    """The regions of the prediction that annotators see: the newest of the project's model, else the newest."""
    own = [one for one in predictions if model and one.get("model_version") == model]
    chosen = max(own or predictions, key=lambda one: str(one.get("created_at") or ""), default=None)
    for entry in listed(chosen, "result") if chosen is not None else ():
        if isinstance(entry, dict):
            score = entry.get("score", chosen.get("score") if chosen else None)
            yield {**entry, "score": score} if isinstance(score, int | float) else entry


def _moment(said: Any, other: str = EARLY) -> str:
    return said if isinstance(said, str) and said else other
