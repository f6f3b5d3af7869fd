"""Classes that a split lacks, that nothing shows, or of which much less is left than the parent version had."""

from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.check import NOTE, WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject
from motherlode.manifest import POOL


def _lacking(subject: Subject) -> dict[int, list[str]]:
    """By class the splits that lack it, the pool aside."""
    shown = subject.counts["split_classes"]
    splits = [split for split in subject.counts["splits"] if split != POOL]
    return {
        class_id: [split for split in splits if not shown.get(split, {}).get(str(class_id))]
        for class_id in sorted(subject.names)
        if splits
    }


def _is_used(subject: Subject, splits: list[str]) -> bool:
    return len(splits) < len(subject.counts["splits"].keys() - {POOL})


def absent(subject: Subject) -> Finding:
    """A class that a split lacks although another split has it."""
    facts: list[Fact] = [
        {"class_id": class_id, "name": subject.names[class_id], "split": split}
        for class_id, splits in _lacking(subject).items()
        if _is_used(subject, splits)
        for split in splits
    ]
    return Finding(len(facts), subject.items, facts)


def unused(subject: Subject) -> Finding:
    """A class that nothing shows."""
    facts: list[Fact] = [
        {"class_id": class_id, "name": subject.names[class_id]}
        for class_id, splits in _lacking(subject).items()
        if not _is_used(subject, splits)
    ]
    return Finding(len(facts), subject.items, facts)


ABSENT = Check(
    "class_absent",
    _("Classes absent from a split"),
    _("A class that one split lacks and another has."),
    WARNING,
    absent,
)
UNUSED = Check("class_unused", _("Unused classes"), _("A class that nothing shows."), NOTE, unused, level="info")
