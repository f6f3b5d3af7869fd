"""What is sent and answered over REST of checks, their severities and waivers."""

from typing import Any

from rest_framework import serializers

from lode_datasets import gate
from lode_datasets.checks import CHECKS
from lode_datasets.models import CheckResult, CheckRun, Dataset, Waiver

Shape = serializers.Serializer[Any]


class NewWaiverShape(Shape):
    check = serializers.CharField(max_length=40, help_text="a check's name: unlabelled")
    reason = serializers.CharField(max_length=1000)
    until = serializers.DateField(help_text="the last day on which it holds")


class WaiverShape(Shape):
    uuid = serializers.UUIDField()
    check = serializers.CharField()
    count = serializers.IntegerField(help_text="as many had been found; more than that it does not let pass")
    reason = serializers.CharField()
    until = serializers.DateField()
    given_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class CheckedItemShape(Shape):
    item = serializers.UUIDField()
    path = serializers.CharField()
    note = serializers.CharField(allow_blank=True, help_text="what of it")


class CheckResultShape(Shape):
    name = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.CharField(help_text="note, warning or error")
    count = serializers.IntegerField(help_text="of what the check counts; 0: it found nothing")
    looked_at = serializers.IntegerField(help_text="items")
    left_out = serializers.CharField(allow_blank=True, help_text="what was not looked at")
    facts = serializers.ListField(child=serializers.DictField(), help_text="what is said of it, as a version's checks")
    items = CheckedItemShape(many=True, help_text="the first 20 concerned")
    waiver = WaiverShape(allow_null=True, help_text="what let the error pass")


class CheckRunShape(Shape):
    uuid = serializers.UUIDField()
    version = serializers.IntegerField(allow_null=True, help_text="null: what the dataset held at that moment")
    items = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    results = CheckResultShape(many=True)
    not_looked = serializers.ListField(child=serializers.CharField(), help_text="checks that did not look")
    closed = serializers.ListField(child=serializers.CharField(), help_text="checks whose errors nobody waived")


class VersionChecksShape(Shape):
    run = CheckRunShape(allow_null=True, help_text="null: published before results were kept as rows")


class DatasetCheckShape(Shape):
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    severity = serializers.CharField(help_text="what it weighs in this dataset: off, note, warning or error")
    default = serializers.CharField(help_text="what it weighs where nothing is said of it")


class DatasetChecksShape(Shape):
    checks = DatasetCheckShape(many=True)
    run = CheckRunShape(allow_null=True, help_text="the last one, of a version or of what the dataset held")
    waivers = WaiverShape(many=True, help_text="those that hold today")


class SeveritiesShape(Shape):
    severities = serializers.DictField(
        child=serializers.CharField(allow_null=True),
        help_text="off, note, warning or error, by check; null: as the check says",
    )


class RunChecksShape(Shape):
    checks = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        allow_null=True,
        default=None,
        max_length=100,
        help_text="those that look, whatever the dataset says of them; [] is all, null: as the dataset says",
    )


def waiver_json(waiver: Waiver) -> dict[str, Any]:
    return {
        "uuid": waiver.uuid,
        "check": waiver.name,
        "count": waiver.count,
        "reason": waiver.reason,
        "until": waiver.until,
        "given_by": waiver.given_by.username,
        "created_at": waiver.created_at,
        "ended_at": waiver.ended_at,
    }


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
        "waiver": waiver_json(result.waiver) if result.waiver else None,
    }


def run_json(run: CheckRun) -> dict[str, Any]:
    """A run with its results, which are prefetched."""
    results = list(run.results.all())
    return {
        "uuid": run.uuid,
        "version": run.version.number if run.version else None,
        "items": run.items,
        "created_at": run.created_at,
        "results": [result_json(result) for result in results],
        "not_looked": sorted(CHECKS.keys() - {result.name for result in results}),
        "closed": [result.name for result in gate.closed_by(results)],
    }


def checks_json(dataset: Dataset) -> dict[str, Any]:
    """The checks as the dataset has them, what they found last, and what is let pass today."""
    run = gate.newest_run(dataset)
    return {
        "checks": [
            {
                "name": check.name,
                "title": str(check.title),
                "description": str(check.description),
                "severity": gate.severity_of(dataset, check),
                "default": check.severity,
            }
            for check in CHECKS.values()
        ],
        "run": run_json(run) if run else None,
        "waivers": [waiver_json(row) for row in gate.standing(dataset)],
    }
