"""What became of a mining round: asked, labelled, in a version, and whether the next run does better for it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lode_annotation.models import LabelSet
from lode_datasets import versions
from lode_datasets.models import Entry, Version
from lode_hooks import transitions
from lode_hooks.compare import Comparison, LabelEffect, compare
from lode_hooks.deciding import Number
from lode_hooks.evaluate import DEFAULTS
from lode_hooks.models import Evaluation, MinedItem, MiningRound, PredictionSet, Run
from lode_hooks.predictions import POOL
from lode_hooks.readings import rows_of, threshold_or_own

LABELS, VERSION, RUN, EVALUATION = "labels", "version", "run", "evaluation"
"""What a report may wait for; "" when it is whole."""

TEST, VALIDATION, TRAIN = "test", "val", "train"
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of a round, items unless said otherwise.

    `chosen` -> `labelled` -> `in_version`; `changed` are those whose labels are not what they were. `of` are the
    objects of its items that the earlier run got wrong on the new truth, `fixed` and `still` what the later run makes
    of them; both runs were not trained on these items when they predicted (out of fold, or the pool). `rate` =
    fixed / of with its 95 % interval (Wilson), None where nothing could be followed.
    """

    name: str
    chosen: int
    labelled: int
    changed: int
    in_version: int
    of: int
    fixed: int
    still: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LoopReport:
    """A round's report.

    `numbers` are the later run's on the untouched split, the earlier run's beside them, both on the same truth;
    `label_effect` is what corrected labels alone moved there. `sentence` says it in words, `guards` what was left out
    so that it is true.
    """

    round: MiningRound
    failures: int
    arms: dict[str, Arm]
    version: Version | None
    run: Run | None
    split: str
    evaluation_before: Evaluation | None
    evaluation_after: Evaluation | None
    comparison: Comparison | None
    numbers: list[Number]
    label_effect: list[LabelEffect]
    waiting_for: str
    sentence: str
    guards: list[str]


def loop_report(mined: MiningRound) -> LoopReport:
    """Follow a round from its failures to the next run, as far as it has come."""
    items = list(mined.mined_items.select_related("item").order_by("pk"))
    label_sets = _labelled(mined)
    version = _version(mined, label_sets)
    run = _later_run(mined, version) if version else None
    split = _report_split(mined, run)
    before, after = _pair(mined.run, run, version, split) if run and version else (None, None)
    followed = _follow(mined, run, version) if run and version else {}
    held: set[int] = set()
    for holder in {version, after.version if after else version} - {None}:
        held |= _held(holder, label_sets) if holder else set()
    arms = {
        name: _arm(name, [item for item in items if item.arm == name], label_sets, mined, held, followed)
        for name in (MinedItem.Arm.MINED.value, MinedItem.Arm.CONTROL.value)
    }
    comparison = compare(before, after) if before and after else None
    report = LoopReport(
        round=mined,
        failures=_failures(mined),
        arms=arms,
        version=version,
        run=run,
        split=split,
        evaluation_before=before,
        evaluation_after=after,
        comparison=comparison,
        numbers=comparison.numbers if comparison else [],
        label_effect=_label_effect(mined, before, version, split),
        waiting_for=_waiting(arms, version, run, after, before),
        sentence="",
        guards=_guards(items, mined, split, followed) + _unlike(before, after),
    )
    return replace(report, sentence=sentence(report))


def _failures(mined: MiningRound) -> int:
    """Failures that the round could choose from: those of the sets it was mined from, at their thresholds."""
    sets = mined.settings.get("prediction_sets", [])
    evaluations = Evaluation.objects.filter(
        prediction_set__uuid__in=sets, state=Evaluation.State.READY, created_at__lt=mined.created_at
    ).exclude(prediction_set__split=POOL)
    newest = {evaluation.prediction_set_id: evaluation for evaluation in evaluations.order_by("pk")}
    total = 0
    for evaluation in newest.values():
        rows = rows_of(evaluation)
        total += int(rows.at(threshold_or_own(evaluation, None)).failing.sum())
    return total


def _labelled(mined: MiningRound) -> dict[int, LabelSet]:
    """The newest label set that each of the round's items got from its queue, by item."""
    if mined.queue_id is None:
        return {}
    rows = LabelSet.objects.filter(
        annotation_revision__annotation__task__queue=mined.queue_id,
        item__in=mined.mined_items.values("item"),
        staged_by=None,
    ).order_by("pk")
    return {row.item_id: row for row in rows}


def _held(version: Version, label_sets: Mapping[int, LabelSet]) -> set[int]:
    """Items of which a version holds what the round's queue gave: the same labels, given before it was published.

    By content, not by row: an answer equal to what was known changes nothing and is in the version all the same.
    """
    given = {item: row for item, row in label_sets.items() if row.created_at <= version.created_at}
    rows = Entry.objects.filter(
        versions.holding(version.number), dataset=version.dataset_id, item__in=list(given), label_set__isnull=False
    )
    digests = rows.values_list("item_id", "label_set__digest")
    return {item for item, digest in digests if digest == given[item].digest}


def _version(mined: MiningRound, label_sets: Mapping[int, LabelSet]) -> Version | None:
    """The first published version that holds labels from the round."""
    if not label_sets:
        return None
    first = min(row.created_at for row in label_sets.values())
    published = Version.objects.published().filter(dataset=mined.dataset_id, created_at__gte=first)
    for version in published.select_related("dataset", "schema_revision").order_by("number"):
        if _held(version, label_sets):
            return version
    return None


def _later_run(mined: MiningRound, version: Version) -> Run | None:
    """The newest run since the round that predicted on this version or a later one, on a split to report on if any did.

    A run that has only mined the pool since then does not hide the one that was measured.
    """
    sets = PredictionSet.objects.filter(
        version__dataset=mined.dataset_id,
        version__number__gte=version.number,
        state=PredictionSet.State.READY,
        created_at__gt=mined.created_at,
    ).exclude(run=mined.run_id)
    by_age = sets.select_related("run").order_by("-run__started_at", "-pk")
    newest = by_age.filter(split__in=[TEST, VALIDATION]).first() or by_age.first()
    return newest.run if newest else None


def _report_split(mined: MiningRound, run: Run | None) -> str:
    """Test where both runs predicted on it, else validation."""
    own = set(mined.run.prediction_sets.filter(state=PredictionSet.State.READY).values_list("split", flat=True))
    theirs = (
        set(run.prediction_sets.filter(state=PredictionSet.State.READY).values_list("split", flat=True)) if run else own
    )
    return VALIDATION if TEST not in own & theirs and VALIDATION in own & theirs else TEST


def _pair(earlier: Run, later: Run, version: Version, split: str) -> tuple[Evaluation | None, Evaluation | None]:
    """Both runs on one split of one truth: that of the version the later run predicted on."""
    after = _ready(later, split).filter(version__number__gte=version.number).order_by("-version__number", "-pk").first()
    if after is None:
        return None, None
    return _ready(earlier, split).filter(version=after.version).order_by("-pk").first(), after


def _ready(run: Run, split: str) -> QuerySet[Evaluation]:
    """A run's evaluations on a whole split, out of fold on train; with the usual settings, so that two can stand
    together. A part of a split is somebody's trial, and no ground for a report."""
    found = Evaluation.objects.filter(
        prediction_set__run=run,
        prediction_set__split=split,
        prediction_set__partial=False,
        state=Evaluation.State.READY,
        settings=dict(DEFAULTS),
    ).select_related(
        "prediction_set__run__project", "prediction_set__version", "version__dataset", "version__schema_revision"
    )
    return found.filter(prediction_set__out_of_fold=True) if split == TRAIN else found


Followed = dict[str, list[bool]]
"""For every item (uuid): its objects that the earlier run got wrong, and whether the later run gets them right."""


def _follow(mined: MiningRound, later: Run, version: Version) -> Followed:
    """Objects of train and pool items under both runs, out of fold, on the truth of the later one's version."""
    after = _ready(later, TRAIN).filter(version__number__gte=version.number).order_by("-version__number", "-pk").first()
    if after is None:
        return {}
    rows = rows_of(after)
    right = {key: ok for key, (_row, ok) in transitions.truths(rows, rows.at(threshold_or_own(after, None))).items()}
    followed: Followed = {}
    for split in (TRAIN, POOL):
        before = _ready(mined.run, split).filter(version=after.version).order_by("-pk").first()
        if before is None:
            continue
        own = rows_of(before)
        for key, (_row, ok) in transitions.truths(own, own.at(threshold_or_own(before, None))).items():
            if key in right:
                objects = followed.setdefault(key[0], [])
                if not ok:
                    objects.append(right[key])
    return followed


def _arm(
    name: str,
    items: Sequence[MinedItem],
    label_sets: Mapping[int, LabelSet],
    mined: MiningRound,
    held: set[int],
    followed: Followed,
) -> Arm:
    labelled = [item for item in items if item.item_id in label_sets]
    earlier = _digests_before(mined, [item.item_id for item in labelled])
    changed = [item for item in labelled if earlier.get(item.item_id) != label_sets[item.item_id].digest]
    counted = [item for item in labelled if item.item_id in held]
    outcomes = [right for item in counted for right in followed.get(str(item.item.uuid), [])]
    fixed, of = sum(outcomes), len(outcomes)
    low, high = wilson(fixed, of)
    return Arm(
        name=name,
        chosen=len(items),
        labelled=len(labelled),
        changed=len(changed),
        in_version=len(counted),
        of=of,
        fixed=fixed,
        still=of - fixed,
        rate=fixed / of if of else None,
        low=low,
        high=high,
    )


def _digests_before(mined: MiningRound, items: Sequence[int]) -> dict[int, str]:
    """The label digests of items in the version that the round was mined from; none for those of the pool."""
    before = versions_of(mined)
    if before is None:
        return {}
    rows = Entry.objects.filter(
        versions.holding(before.number), dataset=mined.dataset_id, item__in=items, label_set__isnull=False
    )
    return {item: digest for item, digest in rows.values_list("item_id", "label_set__digest") if digest}


def wilson(successes: int, total: int) -> tuple[float | None, float | None]:
    """The 95 % interval of a share (Wilson 1927); None, None of nothing."""
    if total == 0:
        return None, None
    share = successes / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    whole = 1 + Z * Z / total
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def _label_effect(
    mined: MiningRound, before: Evaluation | None, version: Version | None, split: str
) -> list[LabelEffect]:
    """The earlier run on the truth it was made on and on the new one: what the labels alone moved."""
    if before is None or version is None:
        return []
    first = _ready(mined.run, split).filter(version=before.prediction_set.version).order_by("-pk").first()
    if first is None or first.pk == before.pk:
        return []
    names = [name for name in ("AP", "AP50", "accuracy", "macro_f1") if name in before.metrics]
    return [LabelEffect(name, first.metrics[name], before.metrics[name], first, before) for name in names]


def _waiting(
    arms: Mapping[str, Arm],
    version: Version | None,
    run: Run | None,
    after: Evaluation | None,
    before: Evaluation | None,
) -> str:
    if version is None:
        return VERSION if any(arm.labelled for arm in arms.values()) else LABELS
    if run is None:
        return RUN
    return EVALUATION if after is None or before is None else ""


def _guards(items: Sequence[MinedItem], mined: MiningRound, split: str, followed: Followed) -> list[str]:
    """What the report leaves out or sets apart so that it does not flatter, in sentences."""
    said = [
        _("The numbers are of the %(split)s split; no item of it was in this round.") % {"split": split},
        _("A mined item is in training now. It counts as fixed only by predictions of a model that had not seen it."),
    ]
    held = versions_of(mined)
    touched = 0
    if held is not None:
        touched = Entry.objects.filter(
            versions.holding(held.number),
            dataset=mined.dataset_id,
            split=split,
            item__in=[item.item_id for item in items],
        ).count()
    if touched:
        said[0] = ngettext(
            "%(count)d item of the %(split)s split was in this round: its change is label effect, not the model's.",
            "%(count)d items of the %(split)s split were in this round: their change is label effect, not the model's.",
            touched,
        ) % {"count": touched, "split": split}
    if not followed:
        said.append(
            _("The later run has no out-of-fold predictions on train, so the round's own items are not followed.")
        )
    said.append(_("Mined failures are the worst ones and tend to the mean by themselves: compare with the control."))
    return said


def _unlike(before: Evaluation | None, after: Evaluation | None) -> list[str]:
    """That the two runs did not predict on the same images, where it is so: items came or went between them."""
    if before is None or after is None or before.counts["images"] == after.counts["images"]:
        return []
    words = _("The earlier run predicted on %(before)d images of the split, the later on %(after)d: compare with care.")
    return [words % {"before": before.counts["images"], "after": after.counts["images"]}]


def versions_of(mined: MiningRound) -> Version | None:
    """The version that a round was mined from."""
    sets = mined.settings.get("prediction_sets", [])
    first = PredictionSet.objects.filter(uuid__in=sets).select_related("version").order_by("-version__number").first()
    return first.version if first else None


def sentence(report: LoopReport) -> str:
    """The report in words, as far as it has come."""
    mined, control = report.arms["mined"], report.arms["control"]
    chosen = mined.chosen + control.chosen
    labelled = mined.labelled + control.labelled
    facts: dict[str, Any] = {
        "chosen": chosen,
        "labelled": labelled,
        "changed": mined.changed + control.changed,
        "version": str(report.version) if report.version else "",
        "run": report.run.name if report.run else "",
    }
    if report.waiting_for == LABELS:
        return _("%(chosen)d items wait to be labelled.") % facts
    if report.waiting_for == VERSION:
        return _("%(labelled)d of %(chosen)d items are labelled; publish a version that holds them.") % facts
    words = [
        _("%(labelled)d of %(chosen)d items were labelled, %(changed)d of them anew, and are in %(version)s.") % facts
    ]
    if report.waiting_for == RUN:
        return " ".join([*words, _("No run has predicted on it yet.")])
    if report.waiting_for == EVALUATION:
        return " ".join([*words, _("%(run)s predicted on it; its evaluation is on the way.") % facts])
    number = _headline(report.numbers)
    if number is not None:
        words.append(_moved(number, report))
    if mined.rate is not None:
        words.append(
            _("Of %(of)d objects it got wrong in mined items, the next run gets %(fixed)d right (%(rate)s).")
            % {"of": mined.of, "fixed": mined.fixed, "rate": _percent(mined.rate, mined.low, mined.high)}
        )
        if control.rate is not None:
            words.append(
                _("In the control it is %(fixed)d of %(of)d (%(rate)s).")
                % {"of": control.of, "fixed": control.fixed, "rate": _percent(control.rate, control.low, control.high)}
            )
    return " ".join(words)


def _headline(numbers: Sequence[Number]) -> Number | None:
    by_name = {number.name: number for number in numbers}
    return by_name.get("AP50") or by_name.get("accuracy") or (numbers[0] if numbers else None)


def _moved(number: Number, report: LoopReport) -> str:
    """One number's way from the earlier run to the later one, and whether chance alone could do that."""
    facts: dict[str, Any] = {
        "split": report.split,
        "name": number.title,
        "other": f"{number.other:.3f}" if number.other is not None else "?",
        "value": f"{number.value:.3f}",
    }
    if number.difference_low is None or number.difference_high is None:
        return _("On %(split)s, %(name)s went from %(other)s to %(value)s.") % facts
    facts |= {"low": f"{number.difference_low:+.3f}", "high": f"{number.difference_high:+.3f}"}
    if number.difference_low > 0:
        return (
            _("On %(split)s, %(name)s rose from %(other)s to %(value)s (95 %% interval %(low)s to %(high)s).") % facts
        )
    if number.difference_high < 0:
        return (
            _("On %(split)s, %(name)s fell from %(other)s to %(value)s (95 %% interval %(low)s to %(high)s).") % facts
        )
    return (
        _("On %(split)s, %(name)s went from %(other)s to %(value)s, which chance could do (%(low)s to %(high)s).")
        % facts
    )


def _percent(rate: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{rate:.0%}"
    return _("%(rate)s, %(low)s to %(high)s") % {"rate": f"{rate:.0%}", "low": f"{low:.0%}", "high": f"{high:.0%}"}
