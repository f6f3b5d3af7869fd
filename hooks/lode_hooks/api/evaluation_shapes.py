"""Evaluations and comparisons as REST takes and answers them."""

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from lode_hooks.api.run_shapes import CoverageShape, PredictionSetShape, Shape
from lode_hooks.evaluations.compare import Comparison
from lode_hooks.evaluations.headline import Number
from lode_hooks.evaluations.predictions import coverage
from lode_hooks.models import Evaluation
from lode_platform.addresses import absolute
from lode_platform.api.shapes import JobShape, job_json
from lode_platform.models import Project


class ClassNumbersShape(Shape):
    class_id = serializers.IntegerField()
    ap = serializers.FloatField(allow_null=True)
    ap50 = serializers.FloatField(allow_null=True)


class EvaluationShape(Shape):
    uuid = serializers.UUIDField()
    run = serializers.UUIDField()
    prediction_set = serializers.UUIDField()
    version = serializers.CharField(help_text="whose truth it was evaluated on")
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


class ClassTransitionsShape(Shape):
    class_id = serializers.IntegerField()
    name = serializers.CharField()
    fixed = serializers.IntegerField()
    regressed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
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
    unchanged = serializers.IntegerField()
    ok = serializers.IntegerField()
    new = serializers.IntegerField()
    persisting = serializers.IntegerField()
    resolved = serializers.IntegerField()
    p_value = serializers.FloatField(help_text="McNemar's exact test of fixed against regressed")
    items_by_place = serializers.IntegerField(
        help_text="items whose two truths share no region id: their objects are joined by class and place"
    )
    metrics = NumberShape(many=True)
    classes = ClassTransitionsShape(many=True)
    label_effect = LabelEffectShape(many=True)


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


def number_json(number: Number) -> dict[str, Any]:
    row = asdict(number)
    return {**row, "title": str(number.title)}


def covered(evaluation: Evaluation | None) -> dict[str, int] | None:
    return asdict(coverage(evaluation.prediction_set)) if evaluation else None


def comparison_json(compared: Comparison, before: Evaluation, after: Evaluation) -> dict[str, Any]:
    thresholds = ("threshold", "before_threshold", "after_threshold")
    names = (
        *thresholds,
        "fixed",
        "regressed",
        "unchanged",
        "ok",
        "new",
        "persisting",
        "resolved",
        "p_value",
        "items_by_place",
    )
    return {
        "before": before.uuid,
        "after": after.uuid,
        "before_version": str(before.version),
        "after_version": str(after.version),
        "split": after.prediction_set.split,
        "before_coverage": asdict(coverage(before.prediction_set)),
        "after_coverage": asdict(coverage(after.prediction_set)),
        **{name: getattr(compared, name) for name in names},
        "metrics": [number_json(number) for number in compared.numbers],
        "classes": [asdict(row) for row in compared.classes],
        "label_effect": [{"name": e.name, "before": e.before, "after": e.after} for e in compared.label_effect],
    }
