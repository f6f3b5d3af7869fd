"""When a prediction set is finished: its own evaluation, and the earlier runs' on the same truth."""

from lode_datasets.models import Version
from lode_hooks.evaluations import predictions
from lode_hooks.evaluations.evaluate import request_evaluation
from lode_hooks.evaluations.splits import POOL, TRAIN
from lode_hooks.models import Evaluation, MiningRound, PredictionSet
from lode_platform.errors import BadInput
from lode_platform.models import User


def finish(prediction_set: PredictionSet, user: User) -> Evaluation | None:
    """Finish a set and have it evaluated; the evaluation is None for the pool, or where the split has no truth.

    A run on a later version calls for the earlier run of every mining round between them to be evaluated on the same
    truth, else the report would mistake corrected labels for a better model.
    """
    done = predictions.finish(prediction_set, user)
    if done.split == POOL:
        return None
    evaluation = request_evaluation(done, user)
    rescore_rounds(done, user)
    return evaluation


def rescore_rounds(done: PredictionSet, user: User) -> None:
    """Evaluate the predictions of the runs that earlier rounds were mined from on this set's truth."""
    rounds = MiningRound.objects.filter(dataset=done.version.dataset_id, created_at__lt=done.created_at)
    for earlier in rounds.exclude(run=done.run_id).select_related("run"):
        rescore(earlier, done.version, done.split, user)


def rescore(earlier: MiningRound, version: Version, split: str, user: User) -> None:
    """The predictions of a round's run on a split (train: the out-of-fold and the pool's), on a version's truth."""
    splits = [split, POOL] if split == TRAIN else [split]
    sets = earlier.run.prediction_sets.filter(state=PredictionSet.State.READY, split__in=splits)
    for sent in sets.select_related("run__project", "version__dataset").order_by("pk"):
        if sent.version_id == version.pk or (sent.split == TRAIN and not sent.out_of_fold):
            continue
        try:
            request_evaluation(sent, user, version=version)
        except BadInput:
            continue
