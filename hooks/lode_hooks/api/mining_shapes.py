"""Mining rounds and their reports as REST takes and answers them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from rest_framework import serializers

from lode_hooks.api.evaluation_shapes import LabelEffectShape, NumberShape, covered, number_json
from lode_hooks.api.run_shapes import CoverageShape, Shape
from lode_hooks.mining.report_parts import Arm, LoopReport
from lode_hooks.models import MinedItem, MiningRound
from lode_platform.addresses import absolute


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
    reason = serializers.CharField(help_text='why it selects no more, where the budget is not reached; else ""')


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
    control = serializers.IntegerField(help_text="those of them that were chosen at random")
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
    unchanged = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


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
    metrics = NumberShape(many=True)
    label_effect = LabelEffectShape(many=True)
    fixed = serializers.IntegerField(allow_null=True, help_text="objects of the untouched split")
    regressed = serializers.IntegerField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    caveats = serializers.ListField(child=serializers.CharField())


def rounds_json(rows: Sequence[MiningRound]) -> list[dict[str, Any]]:
    """Mining rounds, each with its numbers of items; select_related: project, dataset, run, queue."""
    counted = MinedItem.objects.filter(round__in=rows).order_by().values("round")
    counted = counted.annotate(chosen=Count("pk"), control=Count("pk", filter=Q(arm=MinedItem.Arm.CONTROL)))
    counts = {row["round"]: (row["chosen"], row["control"]) for row in counted}
    return [_round_json(row, *counts.get(row.pk, (0, 0))) for row in rows]


def _round_json(mined: MiningRound, chosen: int, control: int) -> dict[str, Any]:
    queue = mined.queue
    return {
        "uuid": mined.uuid,
        "project": mined.project.name,
        "dataset": mined.dataset.name,
        "run": mined.run.uuid,
        "name": mined.name,
        "settings": mined.settings,
        "queue": {"uuid": queue.uuid, "name": queue.name} if queue else None,
        "chosen": chosen,
        "control": control,
        "strategies": mined.settings.get("brought", []),
        "notes": mined.settings.get("notes", []),
        "created_at": mined.created_at,
        "url": absolute(reverse("hooks:round", args=[mined.project.name, mined.uuid])),
    }


def arm_json(arm: Arm) -> dict[str, Any]:
    row = asdict(arm)
    del row["name"], row["outcomes"]
    return row


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
        "metrics": [number_json(number) for number in report.numbers],
        "label_effect": [{"name": e.name, "before": e.before, "after": e.after} for e in report.label_effect],
        "fixed": compared.fixed if compared else None,
        "regressed": compared.regressed if compared else None,
        "p_value": compared.p_value if compared else None,
        "caveats": report.caveats,
    }
