"""What every kind of work can say of predictions: the protocol that the modules beside this one fill."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from django.utils.functional import Promise

from lode_hooks.evaluations.metrics.columns import BOX_PREDICTIONS, TRUTHS, Schema
from lode_hooks.evaluations.metrics.late import pl
from lode_hooks.evaluations.metrics.overlaps import Similarity
from lode_hooks.evaluations.metrics.paired import Metric
from lode_hooks.evaluations.metrics.rows import Rows
from lode_platform.errors import BadInput

Words = str | Promise
Place = Mapping[str, Any]
"""A region as pages draw it: its `kind` and its `geometry` as labels are published; its `frame`, None for the first."""


@dataclass(frozen=True, slots=True)
class Line:
    """One JSON line of a part: its number, the item that its path names, with its size in pixels and its number of
    pages, and its object."""

    number: int
    item: str
    width: int
    height: int
    row: Mapping[str, Any]
    pages: int = 1

    def bad(self, words: str, **facts: Any) -> BadInput:
        """What is wrong with it, as a sentence that begins with the line."""
        return bad_line(self.number, words, **facts)


def bad_line(line: int, words: str, **facts: Any) -> BadInput:
    """The error that names a line of a part."""
    return BadInput(f"Line {line} {words}.", code="bad_prediction", line=line, **facts)


@dataclass(frozen=True, slots=True)
class Classes:
    """What labels may mean: class ids by name and, where numbers are permanent class ids, by themselves."""

    ids: Mapping[str | int, int]
    by_id: bool

    def of(self, line: Line, label: Any) -> int:
        """The class id of a label. Raises BadInput naming the line."""
        known = self.ids.get(label) if isinstance(label, (str, int)) and not isinstance(label, bool) else None
        if known is None:
            names = ", ".join(sorted(str(key) for key in self.ids if isinstance(key, str)))
            words = f"has the label {label!r}; the schema knows {names}"
            if isinstance(label, int) and not self.by_id:
                words += '. Send names, or begin the set with "ids": "class" if numbers are permanent class ids'
            raise line.bad(words, label=label)
        return known

    def of_all(self, line: Line, labels: Sequence[Any]) -> list[int]:
        """The class ids of labels, many at once. Raises BadInput naming the line."""
        if set(map(type, labels)) <= {str, int}:
            found = [number for number in map(self.ids.get, labels) if number is not None]
            if len(found) == len(labels):
                return found
        return [self.of(line, label) for label in labels]

    def of_key(self, line: Line, key: str) -> int:
        """The class id of a JSON object's key, which is always text: a name, or a permanent id in digits."""
        return self.of(line, int(key) if self.by_id and key.isdecimal() and len(key) < 10 else key)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of an evaluation, the class ids of the schema, and the evaluation's settings."""

    items: Path
    truths: Path
    predictions: Path
    classes: Sequence[int]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """What an evaluation found: `matches` (the rows of `columns.MATCHES`), the number of images, the metrics by name,
    and for each class a row with at least its `class_id`."""

    matches: pl.DataFrame
    images: int
    metrics: dict[str, float]
    per_class: list[dict[str, Any]] = field(default_factory=list)


class Evaluator(ABC):
    """A kind of work. `task` names it in prediction sets and over REST, `title` on pages.

    `kinds` are the kinds of region (of `motherlode.shapes`) of which one must be in the schema. `located`: its results
    are objects at places, counted from a threshold of the score on; else one answer an item, of which each counts.
    `overlap` is what pages call its measure of similarity, `linked` how false alarms of two runs are told to be the
    same. `numbers` are the numbers on top of a run, in order; `at_a_threshold` those of them that hold at one score.
    `predictions` and `truths` are the columns of its files; `truth_file` is the name of the file of truths, which
    evaluators of the same columns share.
    """

    task: ClassVar[str]
    title: ClassVar[Words]
    kinds: ClassVar[frozenset[str]]
    located: ClassVar[bool]
    overlap: ClassVar[Words] = ""
    linked: ClassVar[Words] = ""
    numbers: ClassVar[Mapping[str, Words]]
    at_a_threshold: ClassVar[frozenset[str]] = frozenset()
    predictions: ClassVar[Schema]
    truths: ClassVar[Schema] = TRUTHS
    truth_file: ClassVar[str] = "truths"

    @abstractmethod
    def read(self, lines: Sequence[Line], classes: Classes) -> pl.DataFrame:
        """The lines of a part as rows of `predictions`, in their order. Raises BadInput naming the line."""

    def truth(self, region: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What a region of a label set, as JSON, adds to or changes in its row of truths; None: it is none of its."""
        return {}

    @abstractmethod
    def measure(self, inputs: Inputs) -> Measured:
        """Match predictions with truths, and the numbers that come of it."""

    @abstractmethod
    def ranked(self, rows: Rows, images: int) -> dict[str, Metric]:
        """The numbers that hold over all scores and have an interval, as functions of how often each image counts."""

    def at(self, rows: Rows, images: int, threshold: float) -> dict[str, Metric]:
        """Those that hold at a threshold."""
        return {}

    def similarity(self, truths: pl.DataFrame, predictions: pl.DataFrame, items: pl.DataFrame) -> Similarity | None:
        """How far the rows of two files are alike, `items` (`columns.ITEMS`) being theirs; None: the IoU of bounds.

        In place of truths stand an earlier run's predictions where its false alarms are to be known again.
        """
        return None

    @abstractmethod
    def drawn(self, row: Mapping[str, Any]) -> Place | None:
        """Where a row of predictions or of truths lies, as pages draw it; None: the whole item, or nowhere."""

    @property
    def is_drawn_by_bounds(self) -> bool:
        """Whether the bounds, which matches hold, are all that `drawn` looks at."""
        return set(self.predictions) == set(BOX_PREDICTIONS)
