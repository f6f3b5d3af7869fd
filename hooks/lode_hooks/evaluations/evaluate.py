"""Evaluations: asked for once per prediction set, truth and settings, and made by a job."""

import json
import math
from collections.abc import Callable, Container, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeAlias

import orjson
from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from lode_datasets import versions
from lode_datasets.models import Version
from lode_hooks.evaluations import controls, files, intervals
from lode_hooks.evaluations.evaluators import evaluator_of
from lode_hooks.evaluations.evaluators.evaluator import Inputs
from lode_hooks.evaluations.metrics.columns import ITEMS, TRUTHS, frame_of_rows
from lode_hooks.evaluations.metrics.curves import best_threshold
from lode_hooks.evaluations.metrics.rows import Rows
from lode_hooks.evaluations.predictions import scope
from lode_hooks.evaluations.splits import POOL
from lode_hooks.evaluations.summary import kind_counts, rows_of
from lode_hooks.models import Evaluation, PredictionSet
from lode_platform import jobs
from lode_platform.errors import BadInput
from lode_platform.models import Job, JobState, User
from motherlode.regions import box_of

ENGINE = 1
"""Raised when the matching changes: old evaluations are made again instead of being mistaken for new ones."""

RECORD = "hooks.record"
"""The verb of the job that writes the failures of a large evaluation."""

DEFAULTS: Mapping[str, Any] = {"ignore_difficult": False}


def request_evaluation(
    prediction_set: PredictionSet,
    user: User,
    *,
    version: Version | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """The evaluation of a prediction set on a version's truth (default: its own), by a job unless it is there already.

    Another version scores old predictions on corrected labels: of the items that the predictions mean, those that are
    labelled there. Raises BadInput for a set that is not finished, for another dataset's version and for the pool's own
    version, which holds no truth of it.
    """
    truth = version or prediction_set.version
    if prediction_set.state != PredictionSet.State.READY:
        raise BadInput("These predictions are not finished.", code="not_finished")
    if truth.dataset_id != prediction_set.version.dataset_id or truth.state != Version.State.PUBLISHED:
        raise BadInput(f"{truth} is not a published version of the same dataset.", code="other_dataset")
    if prediction_set.split == POOL and truth.pk == prediction_set.version_id:
        raise BadInput("The pool has no truth: it is mined, not evaluated.", code="no_truth")
    chosen = {**DEFAULTS, **(settings or {})}
    unknown = sorted(set(chosen) - set(DEFAULTS))
    if unknown:
        raise BadInput(f"There is no evaluation setting {', '.join(unknown)}.", code="bad_setting")
    digest = sha256(json.dumps({**chosen, "engine": ENGINE}, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        # two who ask at once for one that failed start one job
        row, _made = Evaluation.objects.select_for_update(of=("self",)).get_or_create(
            prediction_set=prediction_set,
            version=truth,
            settings_digest=digest,
            defaults={"settings": chosen, "created_by": user},
        )
        if row.state != Evaluation.State.READY and not _is_open(row.job):
            row.job = jobs.enqueue(
                "hooks.evaluate",
                project=prediction_set.run.project,
                user=user,
                title=f"Evaluate {prediction_set.run.name} on {truth} {prediction_set.split}",
                arguments={"evaluation": str(row.uuid)},
            )
            row.state = Evaluation.State.QUEUED
            row.save(update_fields=["job", "state"])
    return row


def _is_open(job: Job | None) -> bool:
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


Record: TypeAlias = Callable[[Evaluation, Rows, jobs.Work], bool]
"""Writes failures as rows, in parts of its own, and says whether all of them have one."""


def perform(work: jobs.Work, record: Record) -> dict[str, Any]:
    """The job: truth as columns, matches and numbers, then the failures as rows; taken up again where it stopped.

    The numbers are shown once `record` has written the failures that pages need; what it left another job writes.
    """
    evaluation = Evaluation.objects.whole().get(uuid=work.arguments["evaluation"])
    try:
        if not work.state.get("matched"):
            work.progress(0, 0, "Reading the truth", at_once=True)
            _measure(evaluation, work)
            work.step("matched")
        whole = record(evaluation, rows_of(evaluation), work)
        work.step("recorded")
        with work.fenced():
            counts = {**evaluation.counts, "all_recorded": whole}
            Evaluation.objects.filter(pk=evaluation.pk).update(state=Evaluation.State.READY, counts=counts)
            if not whole:
                predicted = evaluation.prediction_set
                jobs.enqueue(
                    RECORD,
                    project=predicted.run.project,
                    user=work.job.created_by,
                    title=f"Record the failures of {predicted.run.name} on {evaluation.version} {predicted.split}",
                    arguments={"evaluation": str(evaluation.uuid)},
                )
    except (jobs.LeaseLost, jobs.Cancelled):
        raise
    except Exception:
        Evaluation.objects.filter(pk=evaluation.pk, job=work.job).update(state=Evaluation.State.FAILED)
        raise
    return {"evaluation": str(evaluation.uuid), "metrics": evaluation.metrics}


def perform_rest(work: jobs.Work, record: Record) -> dict[str, Any]:
    """The job after it, where there are many failures: the rows that are still wanted."""
    evaluation = Evaluation.objects.whole().filter(uuid=work.arguments["evaluation"]).first()
    if evaluation is None:
        return {}  # its run has been deleted since
    whole = record(evaluation, rows_of(evaluation), work)
    with work.fenced():
        counts = {**evaluation.counts, "all_recorded": whole}
        Evaluation.objects.filter(pk=evaluation.pk).update(counts=counts)
    return {"evaluation": str(evaluation.uuid)}


def _measure(evaluation: Evaluation, work: jobs.Work) -> None:
    """Match, count and keep the numbers; everything but the failures' rows."""
    predicted = evaluation.prediction_set
    names = files.truth_names(evaluation.version, predicted, evaluator_of(predicted.task).truth_file)
    if not all(files.has(name) for name in names):
        write_truth(evaluation, *names)
    work.check()
    items, truths = (files.held(name) for name in names)
    predictions = files.held(predicted.columns)
    evaluation.columns = files.matches_name(evaluation.uuid)
    evaluator = evaluator_of(predicted.task)
    known = list(controls.class_names(evaluation.version.schema_revision, predicted))
    measured = evaluator.measure(Inputs(items, truths, predictions, known, evaluation.settings))
    files.keep(measured.matches, evaluation.columns)
    rows = rows_of(evaluation)
    images = measured.images
    evaluation.metrics, evaluation.per_class = measured.metrics, measured.per_class
    evaluation.threshold = best_threshold(rows) if evaluator.located else None
    limit = -math.inf if evaluation.threshold is None else evaluation.threshold
    evaluation.counts = {
        "images": images,
        "zero": kind_counts(rows, rows.at(-math.inf)),
        "best": kind_counts(rows, rows.at(limit)),
    }
    resampled = {**evaluator.ranked(rows, images), **evaluator.at(rows, images, limit)}
    evaluation.curves = {"intervals": intervals.own(rows, images, resampled)}
    with work.fenced():
        evaluation.save(update_fields=["columns", "metrics", "per_class", "counts", "curves", "threshold"])
        work.save_state({"matched": True})


def write_truth(evaluation: Evaluation, items: str, truths: str) -> None:
    """Keep the items and truths of an evaluation's version as columns, under their names in the store."""
    predicted = evaluation.prediction_set
    evaluator = evaluator_of(predicted.task)
    names = controls.class_names(evaluation.version.schema_revision, predicted)
    listed, told = [], []
    for name, path, width, height, regions in _covered(evaluation):
        listed.append((name, path, width, height))
        for region in regions:
            beside = evaluator.truth(region) if controls.is_meant(region, predicted, names) else None
            if beside is None:
                continue
            box = box_of(region)
            area = region.get("area")
            if area is None and box is not None:
                area = (box[2] - box[0]) * (box[3] - box[1])
            row = (
                name,
                region.get("frame"),
                region["id"],
                region["class_id"],
                *(box or (None, None, None, None)),
                area,
                bool(region.get("iscrowd")),
                bool(region.get("difficult")),
            )
            if beside:
                whole = {**dict(zip(TRUTHS, row, strict=True)), **beside}
                row = tuple(whole[column] for column in evaluator.truths)
            told.append(row)
    files.keep(frame_of_rows(evaluator.truths, told), truths)
    files.keep(frame_of_rows(ITEMS, listed), items)


Covered = tuple[str, str, int | None, int | None, list[dict[str, Any]]]
"""An item's uuid, path, width and height, and the rows of all that is said of it (`LabelSet.said`)."""


def _covered(evaluation: Evaluation) -> Iterator[Covered]:
    """The labelled items of the truth's version that the predictions mean, by path."""
    predicted = evaluation.prediction_set
    meant = scope(predicted)
    covered: Container[int] | None = None
    rows = versions.entries(evaluation.version, predicted.split)
    if evaluation.version_id != predicted.version_id:
        rows = versions.entries(evaluation.version)
        held = versions.entries(predicted.version, predicted.split).order_by().select_related(None)
        covered = set(held.values_list("item_id", flat=True))
    # the texts of the two lists, which are read in a fraction of the time that the field takes
    texts = {f"{name}_text": Cast(f"label_set__{name}", TextField()) for name in ("regions", "answers")}
    labelled = rows.filter(label_set__isnull=False).select_related(None).annotate(**texts)
    columns = ("item_id", "item__uuid", "path", "item__width", "item__height", *texts)
    for item, uuid, path, width, height, regions, answers in labelled.values_list(*columns).iterator(chunk_size=1000):
        name = str(uuid)
        if (covered is None or item in covered) and (meant is None or name in meant):
            yield name, path, width, height, [*orjson.loads(regions), *orjson.loads(answers)]
