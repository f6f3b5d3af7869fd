"""Groups (patients, scenes, videos) in two splits."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import SHOWN, WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Counts groups; the pool counts as no split, and an item without a group is in none."""
    torn = check_statements.torn_groups(subject.rows)
    facts: list[Fact] = [{"count": len(torn), "examples": [[row.group] for row in torn[:SHOWN]]}] if torn else []
    return Finding(len(torn), subject.items, facts, {row.item: row.group for row in torn[:SHOWN]})


CHECK = Check(
    "group_across_splits",
    _("Groups across splits"),
    _("A group (patient, scene, video) that has items in two splits."),
    WARNING,
    look,
    level="danger",
    of_items=True,
)
