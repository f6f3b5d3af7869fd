"""Motherlode's SDK: pinned, verified data for training, and failures sent back as work for annotators.

import motherlode

train = motherlode.load("cells@v1", split="train")
with motherlode.run("baseline", uses=[train], params={"k": 1}) as run:
    sent = run.log_predictions(val, predictions, model="knn-1")
print(sent.evaluation().metrics["AP50"])
"""

from motherlode.client import Client
from motherlode.errors import (
    BadInput,
    Conflict,
    DiskFull,
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
from motherlode.evaluations import Comparison, Coverage, Evaluation, FailureSeen
from motherlode.lock import Pin
from motherlode.predictions import BadPrediction, Prediction
from motherlode.regions import Region
from motherlode.runs import Run
from motherlode.samples import Labels, Sample, Samples
from motherlode.sending import Sent
from motherlode.verbs import load, pull, run, snapshot, verify
from motherlode.versions import Snapshot

__all__ = [
    "BadInput",
    "BadPrediction",
    "Client",
    "Comparison",
    "Conflict",
    "Coverage",
    "DiskFull",
    "Evaluation",
    "FailureSeen",
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
    "Run",
    "Sample",
    "Samples",
    "Sent",
    "ServerFault",
    "Snapshot",
    "Unreachable",
    "load",
    "pull",
    "run",
    "snapshot",
    "verify",
]
__version__ = "0.1.0"
