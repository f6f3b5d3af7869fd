"""The same bytes in two splits: what is evaluated on may have been learned."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import SHOWN, WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Counts the items whose bytes an item of another split had before, by path; the pool counts as no split."""
    first: dict[str, check_statements.Twin] = {}
    examples: list[list[str]] = []
    items: dict[int, str] = {}
    count = 0
    for twin in check_statements.twins(subject.rows):
        before = first.setdefault(twin.md5, twin)
        if before.split != twin.split:
            count += 1
            if len(examples) < SHOWN:
                examples.append([before.path, before.split, twin.path, twin.split])
                items[twin.item] = f"{twin.split} = {before.path}, {before.split}"
    facts: list[Fact] = [{"count": count, "examples": examples}] if count else []
    return Finding(count, subject.items, facts, items)


CHECK = Check(
    "duplicate_across_splits",
    _("Duplicates across splits"),
    _("The same bytes in two splits; the pool counts as no split."),
    WARNING,
    look,
    level="danger",
    of_items=True,
)
