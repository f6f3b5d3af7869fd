"""Runs: what was trained on, with what result, and where it fails."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from motherlode import environment, integrations, ranks
from motherlode.cache import Cache
from motherlode.client import Client
from motherlode.errors import BadInput, MotherlodeError, NotConfigured, NotFound
from motherlode.evaluations import Comparison, Evaluation, page_of
from motherlode.metrics import Metrics, Step
from motherlode.naming import Names, Naming
from motherlode.predictions import Prediction
from motherlode.samples import Samples
from motherlode.sending import Sent, scored, send

__all__ = ["Run", "run"]

RUN = "MOTHERLODE_RUN"
JOIN_SECONDS = 60.0
"""How long another rank waits for the run that rank 0 starts."""

log = logging.getLogger("motherlode")


class Run:
    """One experiment run, known to the server from its start. Use it as a context: it ends finished, or failed.

    `id` is its uuid, `url` its page. What logs numbers, parameters, tags or files raises nothing: training goes on
    where the server is away, and a warning says once what was not kept. Of several ranks only the first starts,
    finishes and logs these; every rank sends its predictions. A run pickles as its server and uuid.
    """

    def __init__(
        self, client: Client, row: Mapping[str, Any], *, owned: bool = False, rank: ranks.Place | None = None
    ) -> None:
        self._client = client
        self._row = dict(row)
        self._owned = owned
        self._place = rank

    def __reduce__(self) -> tuple[Any, ...]:
        row = {key: self._row.get(key) for key in ("uuid", "name", "project", "url", "uses")}
        return _revived, (self._client.url, self.project, row)

    @classmethod
    def start(
        cls,
        client: Client,
        name: str,
        uses: Sequence[Samples] = (),
        params: Mapping[str, Any] | None = None,
        uuid: UUID | str | None = None,
    ) -> Run:
        """Tell the server that a run begins; the same `uuid` again is the same run.

        Without one it is MOTHERLODE_RUN, which a run passes on to the processes that are started meanwhile. Of several
        ranks the first starts the run and the others join it. Raises `BadInput`, and `NotConfigured` for a rank that
        cannot know which run is meant.
        """
        if not name.strip():
            raise BadInput("a run needs a name")
        place = ranks.place()
        told = environment.inherited(RUN)
        given = uuid or told or _of_launch(name)
        chosen = _uuid(given or (uuid4() if place.leads else None), place)
        if not place.leads:
            return cls._join(client, chosen, place)
        before = _known(client, chosen) if given else None
        if before is not None and before["name"] != name:
            by = "uuid=" if uuid else RUN
            log.warning("run %r goes on with the run %r, which %s names", name, before["name"], by)
        tracked = integrations.active_run()
        body: dict[str, Any] = {
            "uuid": str(chosen),
            "name": name,
            "params": plain_params(params or {}),
            "uses": [_use(samples, _purpose(samples)) for samples in uses],
            "code_commit": code_commit(),
        }
        if tracked is not None:
            body |= {"tracker": tracked.name, "tracker_id": tracked.run_id, "tracker_url": tracked.url}
        project = uses[0].snapshot.pin.project if uses else None
        row = client.post(f"{client.project_path(project)}/runs", body, repeatable=True)
        ended = before is not None and before["state"] != "running"
        if ended:
            row |= client.patch(f"runs/{chosen}", {"state": "running"})
        # one that goes on with the run of another process, which is still at it, does not end it
        guest = before is not None and not ended and uuid is None and place.ranks == 1
        run = cls(client, row, owned=not guest, rank=place)
        run._metrics.take_up()
        environment.pass_on(RUN, str(chosen))
        if tracked is not None:
            integrations.link(
                tracked, run.url, [(samples.snapshot.pin, samples.split, _purpose(samples)) for samples in uses]
            )
        return run

    @classmethod
    def _join(cls, client: Client, uuid: UUID, place: ranks.Place) -> Run:
        """The run that rank 0 starts, as soon as it is there. Raises `NotConfigured`."""
        waited, pause = 0.0, 0.1
        while (row := _known(client, uuid)) is None:
            if waited >= JOIN_SECONDS:
                raise NotConfigured(
                    f"rank {place.rank} waited {JOIN_SECONDS:,.0f} seconds for the run {uuid}, which rank 0 starts:"
                    f" call motherlode.run in rank 0 too, and before it can end"
                )
            client.pause(pause)
            waited += pause
            pause = min(pause * 1.5, 2.0)
        return cls(client, row, rank=place)

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
        return page_of(self._client, self._row.get("url"))

    @property
    def uses(self) -> list[dict[str, Any]]:
        """The versions it used, as the server says them: version, split, purpose."""
        return list(self._row.get("uses") or [])

    def __repr__(self) -> str:
        return f"Run({self.name!r}, id={str(self.id)!r})"

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        good = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if not self._owned:
            self._metrics.close()
            return
        try:
            self.finish("finished" if good else "failed")
        except Exception as failure:  # noqa: BLE001 - neither the block's own error nor its success is ours to replace
            log.warning("the end of %r was not logged: %s: %s", self, type(failure).__name__, failure)

    def finish(self, state: Literal["finished", "failed"] = "finished") -> None:
        """Send what is left and say how the run ended; of several ranks the first does."""
        self._metrics.close()
        environment.withdraw(RUN, str(self.id))
        if self._leads:
            self._row |= self._client.patch(f"runs/{self.id}", {"state": state}) or {}

    @property
    def _leads(self) -> bool:
        return (self._place or ranks.place()).leads

    # Numbers, parameters, tags, files

    @cached_property
    def _metrics(self) -> Metrics:
        spool = Cache().root / "unsent" / f"{self.id}.jsonl"
        return Metrics(self._send_metrics, spool, threads=self._client.workers > 1)

    def _send_metrics(self, steps: list[Step], again: bool, wait: bool) -> None:
        body = {"steps": steps, "again": again}
        patience = None if wait else 0.0
        self._client.request("POST", f"runs/{self.id}/metrics", json=body, repeatable=True, patience=patience)

    def log_metrics(self, metrics: Mapping[str, Any], step: int = 0) -> None:
        """Numbers by name, NaN and infinities included; the server keeps each with its step and time.

        They are sent in the background, at most once a second, and when the run ends.
        """
        if self._leads:
            self._metrics.put(metrics, step)

    def flush(self) -> None:
        """Send now the numbers that wait."""
        self._metrics.flush()

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Parameters of the run, beside those it began with; the same name again replaces."""
        self._log("params", plain_params(params))

    def log_param(self, name: str, value: Any) -> None:
        """One parameter; see `log_params`."""
        self.log_params({name: value})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Texts by name that say what the run is; the same name again replaces."""
        self._log("tags", {str(name): str(value) for name, value in tags.items()})

    def log_artifact(self, path: str | os.PathLike[str]) -> None:
        """A file that the run made: its name, size and sha-256 are kept; the file stays where it is.

        Where an MLflow run is active, MLflow is given the file itself.
        """
        place = Path(path)
        try:
            with place.open("rb") as file:
                digest = sha256()
                while piece := file.read(1 << 20):
                    digest.update(piece)
                size = file.tell()
        except OSError as error:
            log.warning("%s was not logged: %s", place, error.strerror or error)
            return
        self._log("tags", {f"artifact.{place.name}": f"sha256:{digest.hexdigest()} {size} bytes"})
        if self._leads:
            integrations.log_artifact(place)

    def _log(self, field: str, values: Mapping[str, Any]) -> None:
        if not self._leads:
            return
        try:
            self._row |= self._client.request("PATCH", f"runs/{self.id}", json={field: values}, patience=0.0) or {}
        except MotherlodeError as error:
            self._metrics.tell(f"{field} {sorted(values)}", f"{field} {', '.join(values)} were not kept: {error}")

    # Predictions

    def log_predictions(
        self,
        samples: Samples,
        predictions: Iterable[Prediction] | None = None,
        *,
        scores: Any = None,
        names: Names | None = None,
        ids: Literal["class"] | None = None,
        control: str | None = None,
        model: str = "",
        out_of_fold: bool = False,
        step: int | None = None,
    ) -> Sent:
        """Send what the model says of `samples`: one `Prediction` an item, sent as the iterable makes them.

        Labels are names. A number needs `names`, the model's class names by index (`samples.names` where it was trained
        on `samples.index`), or `ids="class"` where it is a permanent class id; without either it is refused. `control`
        names the control meant where the schema has several. `scores`, instead of predictions, is a matrix of
        probabilities for whole images: a row a sample, a column a name.

        The items of `samples` are evaluated: `test[:6]` as these six. `out_of_fold` says of training items that
        each was predicted by a model that had not seen it: only such predictions on train are mined. Several ranks send
        into one set for each split, `model` and `step`; equal predictions of one item count once. A server that is away
        is waited for two minutes. Raises `BadInput`, `BadPrediction`, `Unreachable`.
        """
        naming = Naming.of(samples, names, ids, control)
        if (predictions is None) == (scores is None):
            raise BadInput("give either predictions or scores=")
        rows = scored(samples, scores, naming) if predictions is None else predictions
        return send(self._client, self.id, samples, rows, naming, model=model, out_of_fold=out_of_fold, step=step)

    # What came of it

    def evaluations(self) -> list[Evaluation]:
        """The evaluations of all its predictions, newest first."""
        return [Evaluation(self._client, row) for row in self._client.pages(f"runs/{self.id}/evaluations")]

    def compare(
        self,
        before: Run,
        *,
        split: str | None = None,
        version: str | None = None,
        before_version: str | None = None,
        threshold: float | None = None,
    ) -> Comparison:
        """This run against an earlier one, on the newest truth and split that both were evaluated on alike.

        `threshold` is the score that counts in both; without it each is taken at its own of best F1. The answer says
        which. With `version` and `before_version` they are taken on two truths; the two runs may then be the same.
        """
        query = {"split": split, "version": version, "threshold": threshold}
        if before_version is not None:
            query |= {"version": before_version, "other_version": version}
        return Comparison.from_json(self._client.get(f"runs/{before.id}/compare/{self.id}", **query))


def run(
    name: str,
    uses: Sequence[Samples] = (),
    params: Mapping[str, Any] | None = None,
    *,
    uuid: UUID | str | None = None,
    client: Client | None = None,
) -> Run:
    """Begin a run: `with motherlode.run("baseline", uses=[train], params={...}) as run: ...`.

    It ends finished, or failed where the block raises. The commit of the code is kept with it, and where an MLflow run
    is active, its id. The same `uuid` again is the same run; without one it is that of MOTHERLODE_RUN, where that is
    set. Of several ranks the first starts the run and the others join it.
    """
    wrong = next((given for given in uses if not isinstance(given, Samples)), None)
    if wrong is not None:
        raise BadInput(f"uses= takes what motherlode.load gives, not {wrong!r}")
    if client is None:
        client = uses[0].snapshot.client() if uses else Client.shared()
    return Run.start(client, name, uses, params, uuid)


def _revived(url: str, project: str, row: Mapping[str, Any]) -> Run:
    return Run(Client.shared(url, project), row)


def _known(client: Client, uuid: UUID) -> dict[str, Any] | None:
    """The run as the server has it, None where it has none."""
    try:
        row: dict[str, Any] = client.get(f"runs/{uuid}")
    except NotFound:
        return None
    return row


def _uuid(given: UUID | str | None, place: ranks.Place) -> UUID:
    if given is None:
        raise NotConfigured(
            f"rank {place.rank} does not know the run of rank 0: give {RUN}=<a new uuid> to the command that starts the"
            " ranks, such as torchrun, or uuid= to motherlode.run"
        )
    try:
        return UUID(str(given))
    except ValueError:
        raise BadInput(f"{given!r} is not a uuid: a run's is, in {RUN} and in uuid=") from None


_begun = count()


def _of_launch(name: str) -> UUID | None:
    """The uuid that all ranks of one torchrun on this machine find for their first, second, ... run of the name."""
    launch = ranks.launch()
    return uuid5(NAMESPACE_URL, f"motherlode {launch} {next(_begun)} {name}") if launch else None


def _use(samples: Samples, purpose: str) -> dict[str, Any]:
    return {"version": samples.name, "split": samples.split or "", "purpose": purpose}


def _purpose(samples: Samples) -> str:
    return {"val": "validation", "test": "test", "pool": "mining"}.get(samples.split or "train", "training")


def plain_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as JSON keeps them; what it cannot hold is kept as text."""
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


def code_commit() -> str:
    """The commit of the repository that the running script stands in, with "-dirty" where files differ; "" without."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = Path(script).parent if script else Path()
    try:
        said = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.strip()[:64] if said.returncode == 0 else ""
