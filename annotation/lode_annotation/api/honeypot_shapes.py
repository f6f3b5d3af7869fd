"""The shapes of honeypots over REST."""

from typing import Any

from rest_framework import serializers

from lode_annotation.api.schema_shapes import ObjectField
from lode_annotation.models import Honeypot
from lode_platform.api.shapes import Shape


class NewHoneypotsShape(Shape):
    rate = serializers.FloatField(min_value=0, max_value=0.5, help_text="share of the tasks that nobody has begun")
    filter = ObjectField(required=False, default=None, help_text="filters of the items, among those with known labels")


class HoneypotsMixedShape(Shape):
    mixed = serializers.IntegerField()


class HoneypotShape(Shape):
    task = serializers.UUIDField()
    item = serializers.UUIDField()
    path = serializers.CharField()
    label_set = serializers.UUIDField(allow_null=True, help_text="what answers are compared with; null where undone")
    answers = serializers.IntegerField()


def honeypot_json(row: Honeypot) -> dict[str, Any]:
    return {
        "task": row.task.uuid,
        "item": row.task.item.uuid,
        "path": row.task.item.path,
        "label_set": row.label_set.uuid if row.label_set else None,
        "answers": row.task.answered,
    }
