"""Runs, their metrics and their predictions as REST takes and answers them."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from rest_framework import serializers

from lode_hooks.evaluations.evaluators import EVALUATORS
from lode_hooks.evaluations.predictions import coverage, waiting_for
from lode_hooks.models import PredictionSet, Run
from lode_platform.addresses import absolute
from lode_platform.api.shapes import LinkField
from lode_platform.models import Project

Shape = serializers.Serializer[Any]


class MomentField(serializers.FloatField):
    """A moment as seconds since 1970, in UTC."""

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]
        try:
            return datetime.fromtimestamp(super().to_internal_value(data), UTC)
        except (OverflowError, ValueError, OSError):
            raise serializers.ValidationError("This is not a time in seconds since 1970.") from None


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
    task = serializers.ChoiceField(choices=list(EVALUATORS), required=False, default="boxes")
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
    control = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="the schema's control that is answered; required where it has several of a kind",
    )


class CoverageShape(Shape):
    predicted = serializers.IntegerField(help_text="items with a prediction")
    meant = serializers.IntegerField(help_text="items that the predictions mean; evaluated are these")
    split = serializers.IntegerField(help_text="items of the split")


class PredictionSetShape(Shape):
    uuid = serializers.UUIDField()
    run = serializers.UUIDField()
    version = serializers.CharField()
    split = serializers.CharField()
    model = serializers.CharField()
    task = serializers.CharField()
    control = serializers.CharField(help_text='"": whatever controls ask for the task\'s kinds')
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
        "control": sent.control,
        "out_of_fold": sent.out_of_fold,
        "state": sent.state,
        "items": sent.items,
        "predictions": sent.predictions,
        "coverage": asdict(coverage(sent)),
        "waiting_for": waiting_for(sent),
        "created_at": sent.created_at,
    }
