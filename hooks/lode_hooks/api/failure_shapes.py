"""Failures and verdicts as REST takes and answers them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import serializers

from lode_hooks.api.run_shapes import Shape
from lode_hooks.failures.browse import Match
from lode_hooks.models import Evaluation, Failure, Verdict
from lode_hooks.views.links import matches_url
from lode_platform.addresses import absolute
from lode_platform.models import Project


class PlaceShape(Shape):
    kind = serializers.CharField(help_text="box, polygon, ...")
    geometry = serializers.JSONField(help_text="as labels are published, px")
    frame = serializers.IntegerField(
        required=False, allow_null=True, help_text="the page it lies on, from 0 on; null: the first"
    )


class MatchShape(Shape):
    uuid = serializers.UUIDField(allow_null=True, help_text="the failure; null of a correct prediction")
    on_record = serializers.BooleanField(
        help_text="whether the failure is recorded; judging, fixing and mining do that"
    )
    row = serializers.IntegerField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    medium = serializers.CharField(help_text="what the item is: image or text")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    pages = serializers.IntegerField(help_text="of the item")
    state = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    predicted_label = serializers.CharField(allow_null=True)
    truth_class = serializers.IntegerField(allow_null=True)
    predicted_class = serializers.IntegerField(allow_null=True)
    box = serializers.ListField(child=serializers.FloatField(), allow_null=True, help_text="truth, xyxy, px")
    predicted_box = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    truth_place = PlaceShape(allow_null=True, help_text="the truth's geometry")
    predicted_place = PlaceShape(allow_null=True, help_text="the prediction's geometry; of a mask its pixels' outlines")
    region = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    iou = serializers.FloatField(allow_null=True)
    verdict = serializers.CharField()
    frame = serializers.IntegerField(allow_null=True, help_text="the page it lies on, from 0 on; null: the first")
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


def failure_url(failure: UUID, project: Project) -> str:
    """The page of a failure."""
    return absolute(reverse("hooks:failure", args=[project.name, failure]))
