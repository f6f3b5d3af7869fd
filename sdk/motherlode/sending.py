"""Prediction sets on their way to the server: checked, named, in parts, from one process or from several ranks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import UUID, uuid4, uuid5

from motherlode import ranks
from motherlode.client import Client
from motherlode.errors import BadInput, Conflict, Unreachable
from motherlode.evaluations import Evaluation, FailureKind, FailureOccurrence
from motherlode.manifest import POOL
from motherlode.naming import Naming
from motherlode.predictions import BadPrediction, Prediction, plain
from motherlode.progress import Progress
from motherlode.samples import Samples
from motherlode.shapes import BY_TAG, DEFAULT

__all__ = ["Sent", "scored", "send", "task_of"]

PART_ROWS = 500
PART_BYTES = 8 << 20
PATIENCE = 120.0
"""Seconds that predictions wait for a server that is away: they are a whole evaluation's work."""
RANKS_PATIENCE = 600.0
"""Seconds that an evaluation waits for the other ranks' predictions."""


def send(
    client: Client,
    run: UUID,
    samples: Samples,
    predictions: Iterable[Prediction],
    naming: Naming,
    *,
    model: str = "",
    out_of_fold: bool = False,
    step: int | None = None,
) -> Sent:
    """Send a run's predictions on `samples`; several ranks send theirs into one set. Raises `BadInput`."""
    if samples.split is None:
        raise BadInput("predictions are logged for one split: load it with split=..., then log them")
    place = ranks.whole(ranks.place())
    rows = _checked(samples, predictions)
    first = next(rows, None)
    task = _task(samples, first)
    partial = len(samples) < len(samples.snapshot.paths(samples.split))
    key = f"{samples.digest} {samples.split} {model} {step}" + (f" {naming.control}" if naming.control else "")
    body = {
        "uuid": str(uuid4() if place.ranks == 1 else uuid5(run, key)),
        "version": samples.name,
        "split": samples.split,
        "model": model,
        "task": task,
        "out_of_fold": out_of_fold,
        "partial": partial,
        **({"control": naming.control} if naming.control else {}),
    }
    lines = _Lines(samples, chain(() if first is None else (first,), rows), naming, task, partial=partial)
    parts = _parts(lines)
    head = next(parts, None)  # what is wrong in the first part is said before there is a set
    made = client.request("POST", f"runs/{run}/predictions", json=body, repeatable=True, patience=PATIENCE)
    address = f"predictions/{made['uuid']}"
    count = 0
    with Progress(f"Sending predictions on {samples.split}", len(samples), show=client.show_progress) as bar:
        for part in chain(() if head is None else (head,), parts):
            number = place.rank + place.ranks * count
            headers = {"Content-Type": "application/x-ndjson"}
            try:
                client.request("PUT", f"{address}/parts/{number}", content=part, headers=headers, patience=PATIENCE)
            except Conflict:
                if place.ranks == 1:
                    raise
                raise BadInput(
                    f"this run has other predictions on {samples.name} {samples.split} with model={model!r} and"
                    f" step={step}: log these with another model= or step="
                ) from None
            count += 1
            bar.move(lines.predicted)
    end: dict[str, Any] = {"parts": count}
    if place.ranks > 1:
        end |= {"rank": place.rank, "ranks": place.ranks}
    answer = client.request("POST", f"{address}/finish", json=end, repeatable=True, patience=PATIENCE) or {}
    return Sent(client, {**made, **answer}, lines.predicted, end)


def scored(samples: Samples, scores: Any, naming: Naming) -> Iterator[Prediction]:
    """Predictions out of a matrix of probabilities: a row a sample, a column a name. Raises `BadInput`."""
    if naming.names is None:
        raise BadInput("scores= needs names=model.names: the label of each column")
    try:
        count = len(scores)
    except TypeError:
        raise BadInput(f"scores= is {scores!r:.80}, not a matrix with a row for each sample") from None
    if count != len(samples):
        raise BadInput(f"scores= has {count:,} rows for {len(samples):,} samples of {samples.name} {samples.split}")
    for low in range(0, count, PART_ROWS):
        for path, row in zip(samples.paths[low : low + PART_ROWS], plain(scores[low : low + PART_ROWS]), strict=True):
            if not isinstance(row, (list, tuple)):
                raise BadPrediction(f"{path}: its row of scores= is {row!r:.80}, not one number for each of names=")
            yield Prediction(path, probabilities=row)


def _task(samples: Samples, first: Prediction | None) -> str:
    """What the set holds: as its first prediction, else as the schema asks."""
    return task_of(samples) if first is None else first.task


def task_of(samples: Samples, control: str | None = None) -> str:
    """What a control, or a schema with one kind of control, asks to be predicted; boxes where it has several."""
    controls = samples.snapshot.controls
    tags = {tag for name, (tag, _) in controls.items() if control in (None, name)}
    tasks = {BY_TAG[tag].task for tag in tags if tag in BY_TAG}
    return tasks.pop() if len(tasks) == 1 else DEFAULT.task


def _checked(samples: Samples, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    known = set(samples.paths)
    for prediction in predictions:
        if not isinstance(prediction, Prediction):
            raise BadPrediction(f"{prediction!r} is not a motherlode.Prediction(path, boxes=, labels=, scores=)")
        if prediction.path not in known:
            raise BadPrediction(
                f"{prediction.path!r} is not an item of {samples.name} {samples.split}; use sample.path"
            )
        yield prediction


class _Lines:
    """The lines of a set: one an item that is predicted, then, of a part of a split, one each that is not.

    Batches that a sampler padded bring items again: equal predictions of one item count once, others are refused.
    """

    def __init__(
        self, samples: Samples, rows: Iterable[Prediction], naming: Naming, task: str, *, partial: bool
    ) -> None:
        self._samples = samples
        self._rows = rows
        self._naming = naming
        self._task = task
        self._partial = partial
        self._seen: dict[str, bytes] = {}

    @property
    def predicted(self) -> int:
        """The items predicted so far."""
        return len(self._seen)

    def __iter__(self) -> Iterator[bytes]:
        for row in self._rows:
            if row.task != self._task:
                both = f"{row.task} and {self._task}"
                raise BadPrediction(f"{row.path}: {both} cannot stand in one prediction set")
            line = _line(self._naming.line(row))
            digest = sha256(line).digest()
            if row.path not in self._seen:
                self._seen[row.path] = digest
                yield line
            elif self._seen[row.path] != digest:
                raise BadPrediction(f"{row.path}: predicted twice, and not alike; give one Prediction an item")
        if self._partial:
            for path in self._samples.paths:
                if path not in self._seen:
                    yield _line({"path": path, "predicted": False})


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _parts(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in parts of at most `PART_ROWS` lines and about `PART_BYTES`."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and (len(part) == PART_ROWS or size + len(line) > PART_BYTES):
            yield b"".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield b"".join(part)


class Sent:
    """Predictions that the server has; `evaluation()` waits for what it makes of them."""

    def __init__(self, client: Client, row: Mapping[str, Any], items: int, end: Mapping[str, Any]) -> None:
        self._client = client
        self._row = dict(row)
        self._end = dict(end)
        self.items = items

    @classmethod
    def of(cls, client: Client, predictions: UUID | str) -> Sent:
        """A prediction set that the server has, by its uuid."""
        row = client.get(f"predictions/{predictions}")
        return cls(client, row, int(row["items"]), {})

    @property
    def id(self) -> UUID:
        """The prediction set's uuid."""
        return UUID(str(self._row["uuid"]))

    def __repr__(self) -> str:
        return f"Sent({self.items:,} items, id={str(self.id)!r})"

    @cached_property
    def _evaluation(self) -> Evaluation | None:
        self._wait_for_ranks()
        if not self._end:
            return None if self._row["split"] == POOL else self.evaluate()
        job = self._row.get("job")
        if job:
            self._client.wait(job, "Evaluating")
        found = self._row.get("evaluation")
        if not found:
            return None
        return Evaluation(self._client, self._client.get(f"evaluations/{found['uuid']}"))

    def _wait_for_ranks(self) -> None:
        """Until every rank has sent its predictions. Raises `Unreachable` where one does not."""
        waited, pause = 0.0, 0.2
        while self._row.get("state") == "receiving":
            if waited >= RANKS_PATIENCE:
                missing = ", ".join(map(str, self._row.get("waiting_for") or ()))
                whose = f"of rank {missing} " if missing else ""
                raise Unreachable(f"the rest of these predictions {whose}did not come within {waited:,.0f} seconds")
            self._client.pause(pause)
            waited += pause
            pause = min(pause * 1.5, 2.0)
            address = f"predictions/{self.id}"
            again = self._client.post(f"{address}/finish", self._end, repeatable=True) if self._end else None
            self._row |= again or self._client.get(address)

    def wait(self) -> Evaluation | None:
        """Wait for the server's job; gives the evaluation, None where there are no labels to score against."""
        return self._evaluation

    def evaluate(self, version: str | None = None) -> Evaluation:
        """These predictions evaluated on another version's labels, such as corrected ones; made once, then returned."""
        self._wait_for_ranks()
        body = {} if version is None else {"version": version}
        answer = self._client.post(f"predictions/{self.id}/evaluate", body, repeatable=True)
        if answer.get("job"):
            self._client.wait(answer["job"], "Evaluating")
        return Evaluation(self._client, self._client.get(f"evaluations/{answer['evaluation']['uuid']}"))

    def evaluations(self) -> list[Evaluation]:
        """All evaluations of these predictions, newest first: one for each truth."""
        return [Evaluation(self._client, row) for row in self._client.pages(f"predictions/{self.id}/evaluations")]

    def evaluation(self) -> Evaluation:
        """The evaluation, waited for with a progress bar. Raises `BadInput` for the pool, which has no labels."""
        found = self._evaluation
        if found is None:
            raise BadInput("these items have no labels to score against; their predictions are mined, not evaluated")
        return found

    def failures(self, kind: FailureKind | None = None, **filters: Any) -> Iterator[FailureOccurrence]:
        """The failures of the evaluation; see `Evaluation.failures`."""
        return self.evaluation().failures(kind, **filters)
