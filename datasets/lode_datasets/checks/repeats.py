"""The same bytes more than once in a split."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import NOTE, SHOWN, Check, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Counts the items beyond the first of the same bytes and split; the pool is a split here."""
    rows = check_statements.repeats(subject.rows)
    first: dict[tuple[str, str], str] = {}
    items = dict[int, str]()
    count = 0
    for path, md5, split, item in rows:
        before = first.setdefault((md5, split), path)
        if before != path:
            count += 1
            if len(items) < SHOWN:
                items[item] = f"= {before}, {split}"
    return Finding(count, subject.items, [{"count": count}] if count else [], items)


CHECK = Check(
    "duplicate_within_split",
    _("Duplicates within a split"),
    _("The same bytes more than once in a split."),
    NOTE,
    look,
    level="info",
    of_items=True,
)
