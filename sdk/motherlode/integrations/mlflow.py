"""MLflow: its active run gets our versions as inputs, our address as a tag, and our artifacts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from motherlode.integrations.tracker import TrackedRun, Tracker, Use

__all__ = ["TRACKER"]

SOURCE = "motherlode"
"""MLflow's name for where such data comes from. It has no loader of that name, and says so, where it has one for "http"
that would save the server's login page as the data."""


def _mlflow() -> Any:
    # a run can only be active in a process that has imported mlflow; importing it here would cost seconds
    return sys.modules.get("mlflow")


def active_run() -> TrackedRun | None:
    """The MLflow run that is active in this process, if any."""
    mlflow = _mlflow()
    run = mlflow.active_run() if mlflow is not None else None
    if run is None:
        return None
    base = str(mlflow.get_tracking_uri()).rstrip("/")
    info = run.info
    url = f"{base}/#/experiments/{info.experiment_id}/runs/{info.run_id}" if base.startswith("http") else ""
    return TrackedRun("mlflow", str(info.run_id), url)


def link(url: str, uses: Iterable[Use]) -> None:
    """Tag the active MLflow run with our run's address, and log the versions it uses: (pin, split, purpose) of each.

    Each split is an input of its own, `cells@v1/train`: MLflow knows inputs by name and digest, of at most 36
    characters: the first 32 digits of the version's, or DVC's `<md5>.dir` of one published before format 1.
    """
    # the entities are what `mlflow.log_input` makes of a MetaDataset, without the pandas that it needs
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.tracking import MlflowClient

    inputs = []
    for pin, split, purpose in uses:
        page = f"{pin.server}/p/{quote(pin.project)}/datasets/{quote(pin.dataset)}/v{pin.version}/"
        source = {"pin": pin.name, "split": split, "project": pin.project, "digest": pin.digest, "url": page}
        items = pin.splits.get(split, 0) if split else sum(pin.splits.values())
        profile = json.dumps({"digest": pin.digest, "items": items, **pin.splits})
        name = f"{pin.name}/{split}" if split else pin.name
        dataset = Dataset(name, pin.short_digest, SOURCE, json.dumps(source), profile=profile)
        tags = [InputTag("mlflow.data.context", purpose), InputTag("motherlode.project", pin.project)]
        inputs.append(DatasetInput(dataset, tags))
    run = _mlflow().active_run()
    client = MlflowClient()
    client.set_tag(run.info.run_id, "motherlode.run", url)
    if inputs:
        client.log_inputs(run.info.run_id, inputs)


def log_artifact(path: Path) -> None:
    """Give a file to the active MLflow run."""
    _mlflow().log_artifact(str(path))


TRACKER = Tracker("mlflow", "MLflow", active_run, link, log_artifact)
