"""Evaluations: predictions evaluated against a version's labels, and the failures found in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from motherlode.client import Client
from motherlode.failure_kinds import FailureKind

__all__ = ["Comparison", "Coverage", "Evaluation", "FailureKind", "FailureOccurrence", "page_of"]


def page_of(client: Client, url: Any) -> str:
    """The whole address of a page that the server named."""
    text = str(url or "")
    return f"{client.url}{text}" if text.startswith("/") else text


@dataclass(frozen=True, slots=True)
class Coverage:
    """The items of a split, those of them that were meant to be predicted, and those that were.

    Evaluated are those that were meant: one without a prediction counts as nothing found.
    """

    predicted: int
    meant: int
    split: int

    @property
    def is_whole(self) -> bool:
        """Whether every item of the split was meant and predicted."""
        return self.predicted == self.split

    def __str__(self) -> str:
        part = f"{self.meant:,} of {self.split:,} items"
        return part if self.predicted == self.meant else f"{part}, {self.predicted:,} of them predicted"


class Evaluation:
    """Predictions evaluated against a version's labels.

    `metrics`: AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl tp fp fn for boxes (COCO's definitions; tp, fp and fn
    at score 0), accuracy and macro_f1 for classes. `coverage` says of which items.
    """

    def __init__(self, client: Client, row: Mapping[str, Any]) -> None:
        self._client = client
        self._row = dict(row)

    @property
    def id(self) -> UUID:
        """The evaluation's uuid."""
        return UUID(str(self._row["uuid"]))

    @property
    def version(self) -> str:
        """The version whose labels were the truth, such as cells@v2."""
        return str(self._row["version"])

    @property
    def split(self) -> str:
        """The split that was predicted."""
        return str(self._row["split"])

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics by name."""
        return dict(self._row.get("metrics") or {})

    @property
    def counts(self) -> dict[str, Any]:
        """The counts by kind of failure and by confusion cell."""
        return dict(self._row.get("counts") or {})

    @property
    def coverage(self) -> Coverage:
        """How many items of the split were meant, which are those evaluated, and how many of them were predicted."""
        return Coverage(**self._row["coverage"])

    @property
    def threshold(self) -> float | None:
        """The score of best F1, which pages show first."""
        found = self._row.get("threshold")
        return None if found is None else float(found)

    @property
    def url(self) -> str:
        """The evaluation's page."""
        return page_of(self._client, self._row.get("url"))

    @property
    def row(self) -> dict[str, Any]:
        """All the server says of it."""
        return dict(self._row)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.4g}" for name, value in list(self.metrics.items())[:4])
        return f"Evaluation({shown}{'' if self.coverage.is_whole else f'; {self.coverage}'})"

    def failures(self, kind: FailureKind | None = None, **filters: Any) -> Iterator[FailureOccurrence]:
        """The failures, page by page as they are read; at score 0 unless `threshold=` is among the filters.

        `filters` as on the failures page: threshold, truth_class, predicted_class, min_score, max_score, min_iou,
        max_iou, verdict.
        """
        for row in self._client.pages(f"evaluations/{self.id}/failures", kind=kind, **filters):
            yield FailureOccurrence.from_json(self._client, row)

    def count_failures(self, kind: FailureKind | None = None, **filters: Any) -> int:
        """How many failures `failures` gives for the same filters."""
        answer = self._client.get(f"evaluations/{self.id}/failures", kind=kind, **{**filters, "limit": 1})
        return int(answer["count"])


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against an earlier one on the same split: objects found and lost, one by one.

    `fixed` were wrong and are right, `regressed` the reverse, `unchanged` wrong, `ok` right in both; `p_value` is
    McNemar's exact test of fixed against regressed. They are counted at the scores `before_threshold` and
    `after_threshold`, None of classes. `before` and `after` are the evaluations' uuids, `before_version` and
    `after_version` whose truth they are on. `row` is all the server says.
    """

    before: UUID
    after: UUID
    before_version: str
    after_version: str
    split: str
    before_threshold: float | None
    after_threshold: float | None
    fixed: int
    regressed: int
    unchanged: int
    ok: int
    p_value: float
    row: Mapping[str, Any]

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Comparison:
        """The server's answer."""
        thresholds = (None if row[key] is None else float(row[key]) for key in ("before_threshold", "after_threshold"))
        before_threshold, after_threshold = thresholds
        return cls(
            before=UUID(str(row["before"])),
            after=UUID(str(row["after"])),
            before_version=str(row["before_version"]),
            after_version=str(row["after_version"]),
            split=str(row["split"]),
            before_threshold=before_threshold,
            after_threshold=after_threshold,
            fixed=int(row["fixed"]),
            regressed=int(row["regressed"]),
            unchanged=int(row["unchanged"]),
            ok=int(row["ok"]),
            p_value=float(row["p_value"]),
            row=dict(row),
        )

    @property
    def metrics(self) -> dict[str, tuple[float | None, float]]:
        """The metrics by name: (before, after)."""
        return {str(row["name"]): (row["other"], row["value"]) for row in self.row["metrics"]}


@dataclass(frozen=True, slots=True)
class FailureOccurrence:
    """One failure of an evaluation; boxes are xyxy in pixels of the upright image.

    `label` and `box` are the truth's (of a false alarm: the prediction's), `predicted_label` and `predicted_box` the
    prediction's, None where there is none. `url` is the failure's page.
    """

    path: str
    kind: str
    label: str
    box: tuple[float, ...] | None
    predicted_label: str | None
    predicted_box: tuple[float, ...] | None
    score: float | None
    iou: float | None
    verdict: str
    url: str
    id: str

    @classmethod
    def from_json(cls, client: Client, row: Mapping[str, Any]) -> FailureOccurrence:
        """A row of the server's list."""
        predicted = row.get("predicted_label")
        box, predicted_box = (tuple(row[key]) if row.get(key) else None for key in ("box", "predicted_box"))
        return cls(
            path=str(row["path"]),
            kind=str(row["kind"]),
            label=str(row.get("label") or predicted or ""),
            box=box or predicted_box,
            predicted_label=None if predicted is None else str(predicted),
            predicted_box=predicted_box,
            score=None if row.get("score") is None else float(row["score"]),
            iou=None if row.get("iou") is None else float(row["iou"]),
            verdict=str(row.get("verdict") or ""),
            url=page_of(client, row.get("url")),
            id=str(row.get("uuid") or ""),
        )
