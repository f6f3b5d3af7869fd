"""Labels that were made for a picture of another size, before its file was replaced."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import SHOWN, WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Looks at the items that got a file of another size."""
    found = check_statements.outgrown(subject.rows)
    facts: list[Fact] = [{"count": len(found), "examples": [[row.path] for row in found[:SHOWN]]}] if found else []
    return Finding(len(found), subject.items, facts, {row.item: "" for row in found[:SHOWN]})


CHECK = Check(
    "labels_outgrown",
    _("Labels of another size"),
    _("Labels made for a picture of another size, before its file was replaced."),
    WARNING,
    look,
    level="danger",
)
