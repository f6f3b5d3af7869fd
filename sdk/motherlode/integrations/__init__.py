"""Other trackers of experiments: one module each, one line here.

Where a run of another tracker is active in the process, ours keeps its id, and it gets our address, the versions that
the run uses and its artifacts. What a tracker refuses is logged as a warning: its fault does not end a training.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from motherlode.integrations import mlflow
from motherlode.integrations.tracker import TrackedRun, Tracker, Use

__all__ = ["TRACKERS", "TrackedRun", "Tracker", "Use", "active_run", "link", "log_artifact"]

TRACKERS: dict[str, Tracker] = {tracker.name: tracker for tracker in (mlflow.TRACKER,)}
"""In the order in which they are asked for an active run."""

log = logging.getLogger("motherlode")


def active_run() -> TrackedRun | None:
    """The run of another tracker that is active in this process, if any."""
    return next((run for tracker in TRACKERS.values() if (run := tracker.active_run())), None)


def link(tracked: TrackedRun, url: str, uses: Iterable[Use]) -> None:
    """Gives a tracker's active run our run's address and the versions it uses."""
    tracker = TRACKERS[tracked.name]
    try:
        tracker.link(url, uses)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("%s did not take the versions that the run uses: %s", tracker.title, error)


def log_artifact(path: Path) -> None:
    """Gives a file to the active run of another tracker, if there is one."""
    tracked = active_run()
    if tracked is None:
        return
    tracker = TRACKERS[tracked.name]
    try:
        tracker.log_artifact(path)
    except Exception as error:  # noqa: BLE001 - see above
        log.warning("%s did not take %s: %s", tracker.title, path, error)
