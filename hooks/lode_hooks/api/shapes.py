"""What is sent and answered over REST by this room: the input is checked by it, the OpenAPI document made of it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers

from lode_hooks.evaluations.compare import Comparison
from lode_hooks.evaluations.headline import Number
from lode_hooks.evaluations.predictions import coverage, waiting_for
from lode_hooks.failures.browse import Match
from lode_hooks.mining.report import Arm, LoopReport
from lode_hooks.mining.rounds import Candidate, Preview
from lode_hooks.models import Evaluation, Failure, MiningRound, PredictionSet, Run, Verdict
from lode_hooks.views.links import matches_url
from lode_platform.addresses import absolute
from lode_platform.api.shapes import JobShape, LinkField, job_json
from lode_platform.models import Project

Shape = serializers.Serializer[Any]


class MomentField(serializers.FloatField):
    """A moment as seconds since 1970, in UTC."""

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]
        try:
            return datetime.fromtimestamp(super().to_internal_value(data), UTC)
        except (OverflowError, ValueError, OSError):
            raise serializers.ValidationError("This is no moment in seconds since 1970.") from None


class UseShape(Shape):
    version = serializers.CharField(max_length=200, help_text="cells@v1, cells@latest, cells@<alias> or its uuid")
    split = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")
    purpose = serializers.CharField(max_length=32, required=False, default="training")


class NewRunShape(Shape):
    uuid = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="made by the client")
    name = serializers.CharField(max_length=200)
    params = serializers.DictField(required=False, default=dict)
    uses = UseShape(many=True, required=False, default=list)
    code_commit = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    tracker = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")
    tracker_id = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    tracker_url = LinkField(max_length=500, required=False, allow_blank=True, default="")


class RunChangeShape(Shape):
    state = serializers.CharField(max_length=10, required=False, help_text="running, finished or failed")
    name = serializers.CharField(max_length=200, required=False)
    tracker = serializers.CharField(max_length=16, required=False)
    tracker_id = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    tracker_url = LinkField(max_length=500, required=False, allow_blank=True, default="")
    uses = UseShape(many=True, required=False, default=list)
    params = serializers.DictField(required=False, default=dict, help_text="added to those it has")
    tags = serializers.DictField(
        child=serializers.CharField(max_length=5000, allow_blank=True),
        required=False,
        default=dict,
        help_text="as params",
    )


class MetricShape(Shape):
    key = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    step = serializers.IntegerField()
    flag = serializers.CharField(help_text='of a value that is null: nan, inf or -inf; else ""')


NUMBERS = 'numbers by name, also "nan", "inf" and "-inf"'


class StepShape(Shape):
    metrics = serializers.DictField(help_text=NUMBERS)
    step = serializers.IntegerField(required=False, default=0, min_value=-(2**63), max_value=2**63 - 1)
    at = MomentField(required=False, default=None, help_text="when it was logged, in seconds since 1970")


class NewMetricsShape(Shape):
    metrics = serializers.DictField(required=False, default=dict, help_text=NUMBERS)
    step = serializers.IntegerField(required=False, default=0, min_value=-(2**63), max_value=2**63 - 1)
    steps = StepShape(many=True, required=False, default=list, help_text="many steps in one request")
    again = serializers.BooleanField(
        required=False,
        default=False,
        help_text="they may have come before: of one name, step and time one is kept",
    )


class LoggedShape(Shape):
    logged = serializers.IntegerField()


class NewPredictionSetShape(Shape):
    uuid = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="made by the client")
    version = serializers.CharField(max_length=200)
    split = serializers.CharField(max_length=32, help_text="train, val, test or pool")
    model = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    task = serializers.ChoiceField(choices=PredictionSet.Task.choices, required=False, default="boxes")
    out_of_fold = serializers.BooleanField(
        required=False, default=False, help_text="each item was predicted by a model that was not trained on it"
    )
    partial = serializers.BooleanField(  # type: ignore[assignment]
        required=False, default=False, help_text="the items that have a line are meant, not the whole split"
    )
    ids = serializers.ChoiceField(
        choices=["name", "class"],
        required=False,
        default="name",
        help_text='what labels are: names; with "class", whole numbers too, as permanent class ids (not as indices)',
    )


class CoverageShape(Shape):
    predicted = serializers.IntegerField(help_text="items with a prediction")
    meant = serializers.IntegerField(help_text="items that the predictions mean; scored are these")
    split = serializers.IntegerField(help_text="items of the split")


class PredictionSetShape(Shape):
    uuid = serializers.UUIDField()
    run = serializers.UUIDField()
    version = serializers.CharField()
    split = serializers.CharField()
    model = serializers.CharField()
    task = serializers.CharField()
    out_of_fold = serializers.BooleanField()
    state = serializers.CharField()
    items = serializers.IntegerField()
    predictions = serializers.IntegerField()
    coverage = CoverageShape()
    waiting_for = serializers.ListField(child=serializers.IntegerField(), help_text="ranks that have not ended yet")
    created_at = serializers.DateTimeField()


class RunShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField(help_text="running, finished or failed")
    params = serializers.DictField()
    tags = serializers.DictField(child=serializers.CharField())
    uses = UseShape(many=True)
    code_commit = serializers.CharField()
    tracker = serializers.CharField()
    tracker_id = serializers.CharField()
    tracker_url = serializers.CharField()
    created_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()


class OneRunShape(RunShape):
    metrics = MetricShape(many=True, help_text="the newest value of each name")
    prediction_sets = PredictionSetShape(many=True)


class PredictionPartShape(Shape):
    part = serializers.IntegerField()
    rows = serializers.IntegerField(help_text="items in it")


class FinishPredictionsShape(Shape):
    parts = serializers.IntegerField(required=False, min_value=0, help_text="how many were sent; checked if given")
    rank = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="of several senders: who ends; its parts are rank, rank + ranks, ...",
    )
    ranks = serializers.IntegerField(required=False, min_value=1, max_value=10_000, help_text="how many senders")


class ClassNumbersShape(Shape):
    class_id = serializers.IntegerField()
    ap = serializers.FloatField(allow_null=True)
    ap50 = serializers.FloatField(allow_null=True)


class EvaluationShape(Shape):
    uuid = serializers.UUIDField()
    run = serializers.UUIDField()
    prediction_set = serializers.UUIDField()
    version = serializers.CharField(help_text="whose truth it was scored on")
    split = serializers.CharField()
    state = serializers.CharField(help_text="queued, ready or failed")
    settings = serializers.DictField()
    metrics = serializers.DictField(child=serializers.FloatField())
    coverage = CoverageShape(help_text="how much of the split the predictions mean")
    counts = serializers.DictField(help_text="by kind of failure, at score 0 (zero) and at the threshold (best)")
    per_class = ClassNumbersShape(many=True)
    intervals = serializers.DictField(help_text="95 % intervals over images, by number")
    threshold = serializers.FloatField(allow_null=True, help_text="the score of best F1")
    created_at = serializers.DateTimeField()
    url = serializers.CharField()


class FinishedShape(PredictionSetShape):
    evaluation = EvaluationShape(allow_null=True)
    job = JobShape(allow_null=True)


class EvaluateShape(Shape):
    version = serializers.CharField(max_length=200, required=False, help_text="default: the predictions' own")
    settings = serializers.DictField(required=False, default=dict)


class AskedShape(Shape):
    evaluation = EvaluationShape()
    job = JobShape(allow_null=True)


class MatchShape(Shape):
    uuid = serializers.UUIDField(allow_null=True, help_text="the failure; null of a correct prediction")
    on_record = serializers.BooleanField(
        help_text="whether the failure is recorded; judging, fixing and mining do that"
    )
    row = serializers.IntegerField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    state = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    predicted_label = serializers.CharField(allow_null=True)
    truth_class = serializers.IntegerField(allow_null=True)
    predicted_class = serializers.IntegerField(allow_null=True)
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="truth, xyxy, px")
    predicted_box = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    region = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    iou = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    frame = serializers.IntegerField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="the failure's page; its picture if not on record")


class FailuresShape(Shape):
    results = MatchShape(many=True)
    count = serializers.IntegerField(help_text="all that the filters leave")
    threshold = serializers.FloatField(allow_null=True, help_text="predictions below this score do not count")
    next = serializers.CharField(allow_null=True)


class NewVerdictShape(Shape):
    kind = serializers.CharField(
        max_length=16, help_text="model_error, label_error, ambiguous, out_of_scope, withdrawn"
    )
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=10_000)
    evaluation = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="the one looked at; default: that which saw it last"
    )
    row = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, help_text="the row of a match that is not on record"
    )


class FailureVerdictShape(Shape):
    uuid = serializers.UUIDField()
    failure = serializers.UUIDField()
    kind = serializers.CharField()
    note = serializers.CharField()
    user = serializers.CharField()
    created_at = serializers.DateTimeField()


class FailureOccurrenceShape(Shape):
    evaluation = serializers.UUIDField()
    run = serializers.CharField()
    version = serializers.CharField()
    kind = serializers.CharField(help_text='at the threshold; "" where it was right')
    threshold = serializers.FloatField(allow_null=True, help_text="the evaluation's own; null of classes")
    score = serializers.FloatField(
        allow_null=True, help_text="the wrong prediction's; null where nothing was predicted"
    )
    at = serializers.DateTimeField()


class FailureShape(Shape):
    uuid = serializers.UUIDField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    region = serializers.CharField()
    class_id = serializers.IntegerField()
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    verdict = serializers.CharField()
    verdicts = FailureVerdictShape(many=True)
    history = FailureOccurrenceShape(many=True)
    url = serializers.CharField()


class MineShape(Shape):
    run = serializers.CharField(max_length=200, help_text="uuid, or the newest run of a name")
    strategies = serializers.JSONField(required=False, help_text='{"failures": 0.7, "uncertain": 0.3} or a list')
    strategy = serializers.CharField(max_length=200, required=False)
    budget = serializers.IntegerField(required=False, default=100, min_value=1, max_value=10_000)
    random = serializers.FloatField(required=False, default=0.2, min_value=0, max_value=1, help_text="control's share")
    seed = serializers.IntegerField(required=False, default=0, min_value=0)
    filters = serializers.DictField(required=False, default=dict, help_text='"like these": fields of the failures page')
    failures = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=1000)
    splits = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    dataset = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text="where the run predicted on several"
    )
    queue = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    name = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ChosenShape(Shape):
    item = serializers.UUIDField()
    path = serializers.CharField()
    split = serializers.CharField()
    strategy = serializers.CharField()
    arm = serializers.CharField()
    score = serializers.FloatField()
    reason = serializers.DictField()
    failure = serializers.UUIDField(allow_null=True)


class StrategyYieldShape(Shape):
    strategy = serializers.CharField()
    taken = serializers.IntegerField()
    fitting = serializers.IntegerField(help_text="items that it has something to say of")
    reason = serializers.CharField(help_text='why it brings no more, where the budget is not reached; else ""')


class PreviewShape(Shape):
    budget = serializers.IntegerField(help_text="asked for")
    count = serializers.IntegerField()
    control = serializers.IntegerField()
    strategies = StrategyYieldShape(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="what is not mined, and why")
    by_strategy = serializers.DictField(child=serializers.IntegerField())
    available = serializers.DictField(child=serializers.IntegerField())
    results = ChosenShape(many=True, help_text="the first of them")


class RoundShape(Shape):
    uuid = serializers.UUIDField()
    project = serializers.CharField()
    dataset = serializers.CharField()
    run = serializers.UUIDField()
    name = serializers.CharField()
    settings = serializers.DictField()
    queue = serializers.DictField(allow_null=True, help_text="uuid and name")
    chosen = serializers.IntegerField()
    strategies = StrategyYieldShape(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="what was not mined, and why")
    created_at = serializers.DateTimeField()
    url = serializers.CharField()


class ArmShape(Shape):
    chosen = serializers.IntegerField()
    labelled = serializers.IntegerField()
    changed = serializers.IntegerField()
    in_version = serializers.IntegerField()
    of = serializers.IntegerField(help_text="objects of its items that the earlier run got wrong, out of fold")
    fixed = serializers.IntegerField()
    still = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class NumberShape(Shape):
    name = serializers.CharField()
    title = serializers.CharField()
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    other = serializers.FloatField(allow_null=True)
    difference_low = serializers.FloatField(allow_null=True)
    difference_high = serializers.FloatField(allow_null=True)
    better = serializers.CharField(help_text="high, where more is better, or low")
    threshold = serializers.FloatField(allow_null=True, help_text="the score it holds at; null: over all scores")


class LabelEffectShape(Shape):
    name = serializers.CharField()
    before = serializers.FloatField()
    after = serializers.FloatField()


class DifferenceShape(Shape):
    difference = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    confidence = serializers.FloatField()


class ReportShape(Shape):
    round = RoundShape()
    sentence = serializers.CharField()
    waiting_for = serializers.CharField(help_text='labels, version, run, evaluation; "" when the report is whole')
    failures = serializers.IntegerField()
    outcome = serializers.CharField(help_text='what did better: mining, control, not_shown; "" where unknown')
    beyond_control = DifferenceShape(allow_null=True, help_text="share fixed in mined items minus that in the control")
    mined = ArmShape()
    control = ArmShape()
    version = serializers.CharField(allow_null=True)
    run = serializers.UUIDField(allow_null=True)
    split = serializers.CharField()
    threshold_before = serializers.FloatField(allow_null=True, help_text="the earlier run's score of best F1")
    threshold_after = serializers.FloatField(allow_null=True, help_text="the later run's score of best F1")
    coverage_before = CoverageShape(allow_null=True)
    coverage_after = CoverageShape(allow_null=True)
    numbers = NumberShape(many=True)
    label_effect = LabelEffectShape(many=True)
    items_by_place = serializers.IntegerField(
        help_text="items whose two truths share no region id: their objects are joined by class and place"
    )
    fixed = serializers.IntegerField(allow_null=True, help_text="objects of the untouched split")
    regressed = serializers.IntegerField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    guards = serializers.ListField(child=serializers.CharField())


class ClassTransitionsShape(Shape):
    class_id = serializers.IntegerField()
    name = serializers.CharField()
    fixed = serializers.IntegerField()
    regressed = serializers.IntegerField()
    still = serializers.IntegerField()
    ok = serializers.IntegerField()


class ComparisonShape(Shape):
    before = serializers.UUIDField(help_text="evaluation")
    after = serializers.UUIDField(help_text="evaluation")
    before_version = serializers.CharField(help_text="whose truth")
    after_version = serializers.CharField(help_text="whose truth")
    split = serializers.CharField()
    before_coverage = CoverageShape()
    after_coverage = CoverageShape()
    threshold = serializers.FloatField(allow_null=True, help_text="asked for, for both; null: each at its own")
    before_threshold = serializers.FloatField(allow_null=True, help_text="the score that counts; null of classes")
    after_threshold = serializers.FloatField(allow_null=True, help_text="the score that counts; null of classes")
    fixed = serializers.IntegerField()
    regressed = serializers.IntegerField()
    still = serializers.IntegerField()
    ok = serializers.IntegerField()
    new = serializers.IntegerField()
    persisting = serializers.IntegerField()
    gone = serializers.IntegerField()
    p_value = serializers.FloatField(help_text="McNemar's exact test of fixed against regressed")
    numbers = NumberShape(many=True)
    classes = ClassTransitionsShape(many=True)
    label_effect = LabelEffectShape(many=True)


def run_json(run: Run, project: Project) -> dict[str, Any]:
    return {
        "uuid": run.uuid,
        "project": project.name,
        "name": run.name,
        "state": run.state,
        "params": run.params,
        "tags": run.tags,
        "uses": [
            {"version": str(use.version), "split": use.split, "purpose": use.purpose}
            for use in sorted(run.uses.all(), key=lambda use: use.pk)
        ],
        "code_commit": run.code_commit,
        "tracker": run.tracker,
        "tracker_id": run.tracker_id,
        "tracker_url": run.tracker_url,
        "created_by": run.created_by.username,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "url": absolute(reverse("hooks:run", args=[project.name, run.uuid])),
    }


def prediction_set_json(sent: PredictionSet) -> dict[str, Any]:
    return {
        "uuid": sent.uuid,
        "run": sent.run.uuid,
        "version": str(sent.version),
        "split": sent.split,
        "model": sent.model,
        "task": sent.task,
        "out_of_fold": sent.out_of_fold,
        "state": sent.state,
        "items": sent.items,
        "predictions": sent.predictions,
        "coverage": asdict(coverage(sent)),
        "waiting_for": waiting_for(sent),
        "created_at": sent.created_at,
    }


def evaluation_json(row: Evaluation, project: Project) -> dict[str, Any]:
    sent = row.prediction_set
    page = reverse("hooks:run", args=[project.name, sent.run.uuid])
    return {
        "uuid": row.uuid,
        "run": sent.run.uuid,
        "prediction_set": sent.uuid,
        "version": str(row.version),
        "split": sent.split,
        "state": row.state,
        "settings": row.settings,
        "metrics": row.metrics,
        "coverage": asdict(coverage(sent)),
        "counts": row.counts,
        "per_class": row.per_class,
        "intervals": row.curves.get("intervals", {}),
        "threshold": row.threshold,
        "created_at": row.created_at,
        "url": absolute(f"{page}?evaluation={row.uuid}"),
    }


def asked_json(row: Evaluation, project: Project) -> dict[str, Any]:
    return {
        "evaluation": evaluation_json(row, project),
        "job": job_json(row.job) if row.job else None,
    }


def match_json(
    match: Match, names: Mapping[int, str], evaluation: Evaluation, threshold: float | None
) -> dict[str, Any]:
    project = evaluation.prediction_set.run.project
    url = None
    if match.failure:
        picture = absolute(matches_url(project, evaluation, threshold, item=match.item))
        url = failure_url(match.failure, project) if match.on_record else picture
    row = asdict(match)
    row["uuid"] = row.pop("failure")
    return {
        **row,
        "label": names.get(match.truth_class) if match.truth_class is not None else None,
        "predicted_label": names.get(match.predicted_class) if match.predicted_class is not None else None,
        "url": url,
    }


def verdict_json(verdict: Verdict, failure: Failure) -> dict[str, Any]:
    return {
        "uuid": verdict.uuid,
        "failure": failure.uuid,
        "kind": verdict.kind,
        "note": verdict.note,
        "user": verdict.user.username,
        "created_at": verdict.created_at,
    }


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "item": candidate.item.uuid,
        "path": candidate.item.path,
        "split": candidate.split,
        "strategy": candidate.strategy,
        "arm": candidate.arm,
        "score": candidate.score,
        "reason": candidate.reason,
        "failure": candidate.failure,
    }


def preview_json(preview: Preview) -> dict[str, Any]:
    return {
        "budget": preview.budget,
        "count": preview.total,
        "control": preview.control,
        "strategies": [asdict(part) for part in preview.strategies],
        "notes": preview.notes,
        "by_strategy": {part.strategy: part.taken for part in preview.strategies},
        "available": {part.strategy: part.fitting for part in preview.strategies},
        "results": [candidate_json(candidate) for candidate in preview.candidates],
    }


def failure_url(failure: UUID, project: Project) -> str:
    """The page of a failure."""
    return absolute(reverse("hooks:failure", args=[project.name, failure]))


def round_json(mined: MiningRound, project: Project, chosen: int) -> dict[str, Any]:
    queue = mined.queue
    return {
        "uuid": mined.uuid,
        "project": project.name,
        "dataset": mined.dataset.name,
        "run": mined.run.uuid,
        "name": mined.name,
        "settings": mined.settings,
        "queue": {"uuid": queue.uuid, "name": queue.name} if queue else None,
        "chosen": chosen,
        "strategies": mined.settings.get("brought", []),
        "notes": mined.settings.get("notes", []),
        "created_at": mined.created_at,
        "url": absolute(reverse("hooks:round", args=[project.name, mined.uuid])),
    }


def number_json(number: Number) -> dict[str, Any]:
    row = asdict(number)
    return {**row, "title": str(number.title)}


def arm_json(arm: Arm) -> dict[str, Any]:
    row = asdict(arm)
    del row["name"], row["outcomes"]
    return row


def covered(evaluation: Evaluation | None) -> dict[str, int] | None:
    return asdict(coverage(evaluation.prediction_set)) if evaluation else None


def report_json(report: LoopReport, mined: dict[str, Any]) -> dict[str, Any]:
    compared = report.comparison
    return {
        "round": mined,
        "sentence": report.sentence,
        "waiting_for": report.waiting_for,
        "failures": report.failures,
        "outcome": report.outcome,
        "beyond_control": asdict(report.beyond_control) if report.beyond_control else None,
        "mined": arm_json(report.arms["mined"]),
        "control": arm_json(report.arms["control"]),
        "version": str(report.version) if report.version else None,
        "run": report.run.uuid if report.run else None,
        "split": report.split,
        "threshold_before": compared.before_threshold if compared else None,
        "threshold_after": compared.after_threshold if compared else None,
        "coverage_before": covered(report.evaluation_before),
        "coverage_after": covered(report.evaluation_after),
        "numbers": [number_json(number) for number in report.numbers],
        "label_effect": [{"name": e.name, "before": e.before, "after": e.after} for e in report.label_effect],
        "fixed": compared.fixed if compared else None,
        "regressed": compared.regressed if compared else None,
        "p_value": compared.p_value if compared else None,
        "guards": report.guards,
    }


def comparison_json(compared: Comparison, before: Evaluation, after: Evaluation) -> dict[str, Any]:
    thresholds = ("threshold", "before_threshold", "after_threshold")
    names = (*thresholds, "fixed", "regressed", "still", "ok", "new", "persisting", "gone", "p_value", "items_by_place")
    return {
        "before": before.uuid,
        "after": after.uuid,
        "before_version": str(before.version),
        "after_version": str(after.version),
        "split": after.prediction_set.split,
        "before_coverage": asdict(coverage(before.prediction_set)),
        "after_coverage": asdict(coverage(after.prediction_set)),
        **{name: getattr(compared, name) for name in names},
        "numbers": [number_json(number) for number in compared.numbers],
        "classes": [asdict(row) for row in compared.classes],
        "label_effect": [{"name": e.name, "before": e.before, "after": e.after} for e in compared.label_effect],
    }
