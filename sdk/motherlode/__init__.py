"""Motherlode's SDK: pinned, verified data for training, and failures sent back as work for annotators.

import motherlode

train = motherlode.load("cells@v1", split="train")
with motherlode.run("baseline", uses=[train], params={"k": 1}) as run:
    sent = run.log_predictions(val, predictions, model="knn-1")
print(sent.evaluation().metrics["AP50"])
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motherlode.aliasing import set_alias
    from motherlode.checking import Checked, check
    from motherlode.client import Client
    from motherlode.errors import (
        BadInput,
        Conflict,
        DiskFull,
        GateClosed,
        JobFailed,
        MotherlodeError,
        NotAllowed,
        NotConfigured,
        NotFound,
        NotLoggedIn,
        NotVerified,
        Refused,
        ServerFault,
        Unreachable,
    )
    from motherlode.evaluations import Comparison, Coverage, Evaluation, FailureOccurrence
    from motherlode.listing import Item, items
    from motherlode.lock import Pin
    from motherlode.predictions import BadPrediction, Prediction
    from motherlode.publishing import publish
    from motherlode.regions import Region
    from motherlode.relations import Relation
    from motherlode.runs import Run, run
    from motherlode.samples import Labels, Sample, Samples
    from motherlode.sending import Sent
    from motherlode.snapshots import Snapshot
    from motherlode.updating import Update, update_pins
    from motherlode.verbs import load, pull, snapshot, verify
    from motherlode.yanking import unyank, yank

__all__ = [
    "BadInput",
    "BadPrediction",
    "Checked",
    "Client",
    "Comparison",
    "Conflict",
    "Coverage",
    "DiskFull",
    "Evaluation",
    "FailureOccurrence",
    "GateClosed",
    "Item",
    "JobFailed",
    "Labels",
    "MotherlodeError",
    "NotAllowed",
    "NotConfigured",
    "NotFound",
    "NotLoggedIn",
    "NotVerified",
    "Pin",
    "Prediction",
    "Refused",
    "Region",
    "Relation",
    "Run",
    "Sample",
    "Samples",
    "Sent",
    "ServerFault",
    "Snapshot",
    "Unreachable",
    "Update",
    "check",
    "items",
    "load",
    "publish",
    "pull",
    "run",
    "set_alias",
    "snapshot",
    "unyank",
    "update_pins",
    "verify",
    "yank",
]
__version__ = "0.1.0"

# httpx imports its own command line (click, rich, pygments) where these are installed: more than all the rest of ours.
sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))

# Each name is imported when it is first used: the server and the converters read formats without any of the client.
_HOMES = {
    "BadInput": "errors",
    "BadPrediction": "predictions",
    "Checked": "checking",
    "Client": "client",
    "Comparison": "evaluations",
    "Conflict": "errors",
    "Coverage": "evaluations",
    "DiskFull": "errors",
    "Evaluation": "evaluations",
    "FailureOccurrence": "evaluations",
    "GateClosed": "errors",
    "Item": "listing",
    "JobFailed": "errors",
    "Labels": "samples",
    "MotherlodeError": "errors",
    "NotAllowed": "errors",
    "NotConfigured": "errors",
    "NotFound": "errors",
    "NotLoggedIn": "errors",
    "NotVerified": "errors",
    "Pin": "lock",
    "Prediction": "predictions",
    "Refused": "errors",
    "Region": "regions",
    "Relation": "relations",
    "Run": "runs",
    "Sample": "samples",
    "Samples": "samples",
    "Sent": "sending",
    "ServerFault": "errors",
    "Snapshot": "snapshots",
    "Unreachable": "errors",
    "Update": "updating",
    "check": "checking",
    "items": "listing",
    "load": "verbs",
    "publish": "publishing",
    "pull": "verbs",
    "run": "runs",
    "set_alias": "aliasing",
    "snapshot": "verbs",
    "unyank": "yanking",
    "update_pins": "updating",
    "verify": "verbs",
    "yank": "yanking",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
