"""Items of which it is known that their medium cannot be read."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import SHOWN, WARNING, Check, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Asks the rows alone: no file is opened."""
    rows = check_statements.unreadable(subject.rows)
    some = {row.item: "" for row in rows[:SHOWN]}
    return Finding(len(rows), subject.items, [{"count": len(rows)}] if rows else [], some)


CHECK = Check(
    "unreadable",
    _("Items without size"),
    _("Pictures of no width or height, items of no bytes. No file is opened: lode verify reads them all."),
    WARNING,
    look,
    of_items=True,
)
