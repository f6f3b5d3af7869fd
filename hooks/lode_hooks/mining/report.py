"""What became of a mining round: asked, labelled, in a version, and whether the next run does better for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lode_annotation.models import LabelSet
from lode_datasets import versions
from lode_datasets.models import Entry, Version
from lode_hooks.evaluations import transitions
from lode_hooks.evaluations.compare import Comparison, LabelEffect, compare
from lode_hooks.evaluations.evaluate import DEFAULTS
from lode_hooks.evaluations.metrics.paired import Interval
from lode_hooks.evaluations.metrics.shares import difference, wilson
from lode_hooks.evaluations.splits import POOL, TEST, TRAIN, VALIDATION
from lode_hooks.evaluations.summary import rows_of, threshold_or_own
from lode_hooks.mining.report_parts import (
    CONTROL_BETTER,
    EVALUATION,
    LABELS,
    MINING,
    NOT_SHOWN,
    RUN,
    VERSION,
    Arm,
    LoopReport,
)
from lode_hooks.mining.report_words import sentence
from lode_hooks.models import Evaluation, MinedItem, MiningRound, PredictionSet, Run


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
    sources = _sources(mined)
    beyond = difference(arms[MinedItem.Arm.MINED].outcomes, arms[MinedItem.Arm.CONTROL].outcomes)
    report = LoopReport(
        round=mined,
        sources=sources,
        failures=sum(count for _evaluation, count in sources),
        outcome=_outcome(beyond),
        beyond_control=beyond,
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
        caveats=_caveats(items, mined, split, arms, comparison) + _unfollowed(run, followed) + _unlike(before, after),
    )
    return replace(report, sentence=sentence(report))


def _outcome(beyond: Interval | None) -> str:
    if beyond is None:
        return ""
    if beyond.low > 0:
        return MINING
    return CONTROL_BETTER if beyond.high < 0 else NOT_SHOWN


def _sources(mined: MiningRound) -> list[tuple[Evaluation, int]]:
    """The evaluations of the sets that the round was mined from, with how many failures each has at its threshold."""
    sets = mined.settings.get("prediction_sets", [])
    evaluations = Evaluation.objects.filter(prediction_set__uuid__in=sets, created_at__lt=mined.created_at)
    evaluations = evaluations.exclude(prediction_set__split=POOL).ready().whole()
    newest = {evaluation.prediction_set_id: evaluation for evaluation in evaluations.order_by("pk")}
    return [
        (evaluation, int(rows_of(evaluation).at(threshold_or_own(evaluation, None)).failing.sum()))
        for evaluation in newest.values()
    ]


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
    """A run's evaluations on a split, out of fold on train; with the usual settings, so that two can stand together.

    Of what is reported on only those of the whole split: a part of it is somebody's trial.
    """
    found = Evaluation.objects.filter(prediction_set__run=run, prediction_set__split=split, settings=dict(DEFAULTS))
    found = found.ready().whole()
    if split == TRAIN:
        return found.filter(prediction_set__out_of_fold=True)
    return found if split == POOL else found.filter(prediction_set__partial=False)


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
    objects = [followed.get(str(item.item.uuid), []) for item in counted]
    outcomes = [(sum(rights), len(rights)) for rights in objects if rights]
    fixed, of = sum(right for right, _all in outcomes), sum(tries for _right, tries in outcomes)
    low, high = wilson(fixed, of)
    return Arm(
        name=name,
        chosen=len(items),
        labelled=len(labelled),
        changed=len(changed),
        in_version=len(counted),
        of=of,
        fixed=fixed,
        unchanged=of - fixed,
        rate=fixed / of if of else None,
        low=low,
        high=high,
        outcomes=outcomes,
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


def _caveats(
    items: Sequence[MinedItem],
    mined: MiningRound,
    split: str,
    arms: Mapping[str, Arm],
    comparison: Comparison | None,
) -> list[str]:
    """What the report leaves out or sets apart so that it does not overstate, in sentences: of what it shows alone."""
    said = []
    if comparison is not None:
        touched = _touched(items, mined, split)
        said.append(
            ngettext(
                "%(count)d item of the %(split)s split was in this round: its change is label effect, not the model's.",
                "%(count)d items of the %(split)s split were in this round: their change is label effect, not the"
                " model's.",
                touched,
            )
            % {"count": touched, "split": split}
            if touched
            else _("The metrics are of the %(split)s split; none of its items was in this round.") % {"split": split}
        )
    if any(arm.of for arm in arms.values()):
        said.append(
            _("A mined item is in training now: it is fixed only by predictions of a model that had not seen it.")
        )
        said.append(
            _("Mined failures are the worst ones and regress to the mean by themselves: compare with the control.")
        )
    return said


def _touched(items: Sequence[MinedItem], mined: MiningRound, split: str) -> int:
    """How many of the round's items were in a split of the version that it was mined from."""
    held = versions_of(mined)
    if held is None:
        return 0
    return Entry.objects.filter(
        versions.holding(held.number), dataset=mined.dataset_id, split=split, item__in=[each.item_id for each in items]
    ).count()


def _unfollowed(run: Run | None, followed: Followed) -> list[str]:
    """That the round's own items are not followed, where there is a later run that could have been."""
    if run is None or followed:
        return []
    return [
        _("“%(run)s” has no out-of-fold predictions on train, so the round's own items are not followed.")
        % {"run": run.name}
    ]


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
