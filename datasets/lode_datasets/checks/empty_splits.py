"""Splits that are to have a share of the items and have none."""

from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.check import NOTE, Check, Fact, Finding
from lode_datasets.checks.subject import Subject
from lode_datasets.selection import policy_of
from motherlode.manifest import POOL


def look(subject: Subject) -> Finding:
    """The splits that the dataset's policy names, and those that the parent version had."""
    wanted = [split for split, share in policy_of(subject.dataset).ratios.items() if share]
    if subject.parent:
        wanted += [split for split in subject.parent.counts["splits"] if split not in (*wanted, POOL)]
    facts: list[Fact] = [{"split": split} for split in wanted if not subject.counts["splits"].get(split)]
    return Finding(len(facts), subject.items, facts)


CHECK = Check(
    "empty_split", _("Empty splits"), _("A split that is to have items and has none."), NOTE, look, level="info"
)
