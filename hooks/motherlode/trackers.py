"""Other trackers: where an MLflow run is active, ours keeps its id and MLflow gets the version as a dataset input."""

from __future__ import annotations

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
    mlflow = _mlflow()
    from mlflow.data.http_dataset_source import HTTPDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    page = f"{server}/p/{quote(pin.project)}/datasets/{quote(pin.dataset)}/v{pin.version}/"
    mlflow.log_input(MetaDataset(HTTPDatasetSource(page), name=pin.name, digest=pin.dir), context=context)
