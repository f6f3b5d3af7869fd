"""Other trackers: where an MLflow run is active, ours keeps its id and MLflow gets the version as a dataset input."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from motherlode.lock import Pin

__all__ = ["TrackedRun", "active_run", "log_input"]


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A run of another tracker."""

    name: str
    run_id: str
    url: str


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


def log_input(server: str, pin: Pin, context: str) -> None:
    """Log a version to the active MLflow run as a dataset input; its digest there is DVC's `<md5>.dir`."""
    # the entities are what `mlflow.log_input` makes of a MetaDataset, without the pandas that it needs
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.tracking import MlflowClient

    page = f"{server}/p/{quote(pin.project)}/datasets/{quote(pin.dataset)}/v{pin.version}/"
    profile = json.dumps({"digest": pin.digest, "items": sum(pin.splits.values()), **pin.splits})
    dataset = Dataset(pin.name, pin.dir, "http", json.dumps({"url": page}), profile=profile)
    tags = [InputTag("mlflow.data.context", context), InputTag("motherlode.project", pin.project)]
    run = _mlflow().active_run()
    MlflowClient().log_inputs(run.info.run_id, [DatasetInput(dataset, tags)])
