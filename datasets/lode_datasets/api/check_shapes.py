"""What is sent and answered over REST of checks."""

from typing import Any

from rest_framework import serializers

from lode_datasets.checks import CHECKS
from lode_datasets.models import CheckResult, CheckRun

Shape = serializers.Serializer[Any]


class CheckedItemShape(Shape):
    item = serializers.UUIDField()
    path = serializers.CharField()
    note = serializers.CharField(allow_blank=True, help_text="what of it")


class CheckResultShape(Shape):
    name = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.ChoiceField(["note", "warning", "error"])
    count = serializers.IntegerField(help_text="of what the check counts; 0: it found nothing")
    looked_at = serializers.IntegerField(help_text="items")
    left_out = serializers.CharField(allow_blank=True, help_text="what was not looked at")
    facts = serializers.ListField(child=serializers.DictField(), help_text="what is said of it, as a version's checks")
    items = CheckedItemShape(many=True, help_text="the first 20 concerned")


class CheckRunShape(Shape):
    uuid = serializers.UUIDField()
    version = serializers.IntegerField(allow_null=True, help_text="null: what the dataset held at that moment")
    items = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    results = CheckResultShape(many=True)
    not_looked = serializers.ListField(child=serializers.CharField(), help_text="checks that did not look")


class VersionChecksShape(Shape):
    run = CheckRunShape(allow_null=True, help_text="null: published before results were kept as rows")


def result_json(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "title": str(CHECKS[result.name].title) if result.name in CHECKS else result.name,
        "severity": result.severity,
        "count": result.count,
        "looked_at": result.looked_at,
        "left_out": result.left_out,
        "facts": result.facts,
        "items": result.items,
    }


def run_json(run: CheckRun) -> dict[str, Any]:
    """A run with its results, which are prefetched or asked for once."""
    results = list(run.results.all())
    return {
        "uuid": run.uuid,
        "version": run.version.number if run.version else None,
        "items": run.items,
        "created_at": run.created_at,
        "results": [result_json(result) for result in results],
        "not_looked": sorted(CHECKS.keys() - {result.name for result in results}),
    }
