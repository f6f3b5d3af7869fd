"""Runs: what was trained on, with what result, and where it fails."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

from motherlode import trackers
from motherlode.client import Client
from motherlode.errors import BadInput
from motherlode.predictions import BadPrediction, Prediction
from motherlode.progress import Progress
from motherlode.samples import Samples

__all__ = ["Coverage", "Evaluation", "FailureSeen", "Run", "Sent"]

PART_ROWS = 500


class Run:
    """One experiment run, known to the server from its start. Use it as a context: it ends finished, or failed.

    `id` is its uuid, `url` its page.
    """

    def __init__(self, client: Client, row: Mapping[str, Any], uses: Sequence[Samples] = ()) -> None:
        self._client = client
        self._row = dict(row)
        self._uses = list(uses)

    @classmethod
    def start(
        cls,
        client: Client,
        name: str,
        uses: Sequence[Samples],
        params: Mapping[str, Any] | None = None,
        uuid: UUID | str | None = None,
    ) -> Run:
        """Tell the server that a run begins; the same `uuid` again is the same run."""
        if not name.strip():
            raise BadInput("a run needs a name")
        tracked = trackers.active_run()
        body: dict[str, Any] = {
            "uuid": str(uuid or uuid4()),
            "name": name,
            "params": _plain_params(params or {}),
            "uses": [_use(samples, _purpose(samples)) for samples in uses],
            "code_commit": code_commit(),
        }
        if tracked is not None:
            body |= {"tracker": tracked.name, "tracker_id": tracked.run_id, "tracker_url": tracked.url}
        project = uses[0].snapshot.pin.project if uses else None
        row = client.post(f"{client.project_path(project)}/runs", body, repeatable=True)
        if tracked is not None:
            for samples in uses:
                trackers.log_input(client.url, samples.snapshot.pin, _purpose(samples))
        return cls(client, row, uses)

    @classmethod
    def of(cls, client: Client, run: str) -> Run:
        """A run that the server knows, by its uuid."""
        return cls(client, client.get(f"runs/{run}"))

    @property
    def id(self) -> UUID:
        """The run's uuid."""
        return UUID(str(self._row["uuid"]))

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self._row["name"])

    @property
    def project(self) -> str:
        """The project it belongs to."""
        return str(self._row.get("project") or self._client.project)

    @property
    def url(self) -> str:
        """The run's page."""
        return _address(self._client, self._row.get("url"))

    @property
    def uses(self) -> list[dict[str, Any]]:
        """The versions it used, as the server says them: version, split, purpose."""
        return list(self._row.get("uses") or [])

    def __repr__(self) -> str:
        return f"Run({self.name!r}, id={str(self.id)!r})"

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.finish("finished" if error is None else "failed")

    def finish(self, state: str = "finished") -> None:
        """Say how the run ended: "finished" or "failed"."""
        self._row |= self._client.patch(f"runs/{self.id}", {"state": state}) or {}

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Numbers by name; the server keeps each with its step."""
        numbers: dict[str, float] = {}
        for key, value in metrics.items():
            try:
                numbers[str(key)] = float(value)
            except (TypeError, ValueError):
                raise BadInput(f"the metric {key!r} is {value!r}, not a number") from None
            if not math.isfinite(numbers[str(key)]):
                raise BadInput(f"the metric {key!r} is {value!r}; a metric is a finite number, leave this one out")
        self._client.post(f"runs/{self.id}/metrics", {"metrics": numbers, "step": int(step)}, repeatable=True)

    def log_predictions(
        self,
        samples: Samples,
        predictions: Iterable[Prediction],
        *,
        model: str = "",
        out_of_fold: bool = False,
    ) -> Sent:
        """Send what the model says of `samples`, one `Prediction` an item; they are sent as the iterable makes them.

        `out_of_fold` says of training items that each was predicted by a model that had not seen it: only such
        predictions on train are mined. With labels there, the server evaluates them. Raises `BadPrediction`.
        """
        if samples.split is None:
            raise BadInput("predictions are logged for one split: load it with split=..., then log them")
        rows = _checked(samples, predictions)
        first = next(rows, None)
        task = "classes" if first is not None and first.boxes is None else "boxes"
        body = {
            "uuid": str(uuid4()),
            "version": samples.name,
            "split": samples.split,
            "model": model,
            "task": task,
            "out_of_fold": out_of_fold,
            "ids": "class",
        }
        made = self._client.post(f"runs/{self.id}/predictions", body, repeatable=True)
        address = f"predictions/{made['uuid']}"
        sent = 0
        with Progress(f"Sending predictions on {samples.split}", len(samples), show=self._client.show_progress) as bar:
            number = 0
            rest = rows if first is None else _chain(first, rows)
            while part := list(islice(rest, PART_ROWS)):
                wrong = next((row for row in part if (row.boxes is None) != (task == "classes")), None)
                if wrong is not None:
                    raise BadPrediction(f"{wrong.path}: boxes and classes cannot stand in one prediction set")
                lines = "".join(json.dumps(row.as_json(), ensure_ascii=False) + "\n" for row in part)
                headers = {"Content-Type": "application/x-ndjson"}
                self._client.request("PUT", f"{address}/parts/{number}", content=lines.encode(), headers=headers)
                number += 1
                sent += len(part)
                bar.move(sent)
        answer = self._client.post(f"{address}/finish", {"parts": number}, repeatable=True) or {}
        return Sent(self._client, {**made, **answer}, sent)


class Sent:
    """Predictions that the server has; `evaluation()` waits for what it makes of them."""

    def __init__(self, client: Client, row: Mapping[str, Any], items: int) -> None:
        self._client = client
        self._row = dict(row)
        self.items = items

    @property
    def id(self) -> UUID:
        """The prediction set's uuid."""
        return UUID(str(self._row["uuid"]))

    def __repr__(self) -> str:
        return f"Sent({self.items:,} items, id={str(self.id)!r})"

    @cached_property
    def _evaluation(self) -> Evaluation | None:
        job = self._row.get("job")
        if job:
            self._client.wait(job, "Evaluating")
        found = self._row.get("evaluation")
        if not found:
            return None
        return Evaluation(self._client, self._client.get(f"evaluations/{found['uuid']}"))

    def wait(self) -> Evaluation | None:
        """Wait for the server's job; gives the evaluation, None where there are no labels to score against."""
        return self._evaluation

    def evaluation(self) -> Evaluation:
        """The evaluation, waited for with a progress bar. Raises `BadInput` for the pool, which has no labels."""
        found = self._evaluation
        if found is None:
            raise BadInput("these items have no labels to score against; their predictions are mined, not evaluated")
        return found

    def failures(self, kind: str | None = None, **filters: Any) -> Iterator[FailureSeen]:
        """The failures of the evaluation; see `Evaluation.failures`."""
        return self.evaluation().failures(kind, **filters)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Items of a split, those of them that were meant to be predicted, and those that were; scored are those meant."""

    predicted: int
    meant: int
    split: int


class Evaluation:
    """Predictions scored against a version's labels.

    `metrics`: AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl tp fp fn for boxes (COCO's definitions), accuracy and
    macro_f1 for classes.
    """

    def __init__(self, client: Client, row: Mapping[str, Any]) -> None:
        self._client = client
        self._row = dict(row)

    @property
    def id(self) -> UUID:
        """The evaluation's uuid."""
        return UUID(str(self._row["uuid"]))

    @property
    def metrics(self) -> dict[str, float]:
        """The numbers by name."""
        return dict(self._row.get("metrics") or {})

    @property
    def counts(self) -> dict[str, Any]:
        """The counts by kind of failure and by confusion cell."""
        return dict(self._row.get("counts") or {})

    @property
    def coverage(self) -> Coverage:
        """How much of the split was predicted and scored."""
        return Coverage(**self._row["coverage"])

    @property
    def threshold(self) -> float | None:
        """The score of best F1, which pages show first."""
        found = self._row.get("threshold")
        return None if found is None else float(found)

    @property
    def url(self) -> str:
        """The evaluation's page."""
        return _address(self._client, self._row.get("url"))

    @property
    def row(self) -> dict[str, Any]:
        """All the server says of it."""
        return dict(self._row)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value:.4g}" for name, value in list(self.metrics.items())[:4])
        return f"Evaluation({shown})"

    def failures(self, kind: str | None = None, **filters: Any) -> Iterator[FailureSeen]:
        """The failures, page by page as they are read.

        `kind`: missed, false_alarm, wrong_class, bad_location or duplicate. `filters` as on the failures page:
        truth_class, predicted_class, min_score, max_score, min_iou, max_iou, verdict.
        """
        for row in self._client.pages(f"evaluations/{self.id}/failures", kind=kind, **filters):
            yield FailureSeen.from_json(self._client, row)


@dataclass(frozen=True, slots=True)
class FailureSeen:
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
    def from_json(cls, client: Client, row: Mapping[str, Any]) -> FailureSeen:
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
            url=_address(client, row.get("url")),
            id=str(row.get("uuid") or ""),
        )


def _chain(first: Prediction, rest: Iterator[Prediction]) -> Iterator[Prediction]:
    yield first
    yield from rest


def _checked(samples: Samples, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    known, seen = set(samples.paths), set()
    for prediction in predictions:
        if not isinstance(prediction, Prediction):
            raise BadPrediction(f"{prediction!r} is no motherlode.Prediction(path, boxes=, labels=, scores=)")
        if prediction.path not in known:
            raise BadPrediction(f"{prediction.path!r} is no item of {samples.name} {samples.split}; use sample.path")
        if prediction.path in seen:
            raise BadPrediction(f"{prediction.path}: predicted twice; give one Prediction an item")
        seen.add(prediction.path)
        yield prediction


def _use(samples: Samples, purpose: str) -> dict[str, Any]:
    return {"version": samples.name, "split": samples.split or "", "purpose": purpose}


def _purpose(samples: Samples) -> str:
    return {"val": "validation", "test": "test", "pool": "mining"}.get(samples.split or "train", "training")


def _plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    kept = {}
    for key, value in params.items():
        item = getattr(value, "item", None)
        plain = item() if callable(item) and getattr(value, "shape", None) == () else value
        try:
            json.dumps(plain, allow_nan=False)
        except (TypeError, ValueError):
            plain = str(plain)
        kept[str(key)] = plain
    return kept


def _address(client: Client, url: Any) -> str:
    text = str(url or "")
    return f"{client.url}{text}" if text.startswith("/") else text


def code_commit() -> str:
    """The commit of the repository that the running script stands in, with "-dirty" where files differ; "" without."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = str(script).rpartition("/")[0] or "." if script else "."
    try:
        said = subprocess.run(
            ["git", "-C", folder, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()[:64] if said.returncode == 0 else ""
