"""Labels that people gave and no reviewer accepted or fixed."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import OFF, SHOWN, Check, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Looks at labels from annotations and consensus; imported ones have no review here and are not looked at."""
    looked_at, rows = check_statements.unreviewed(subject.rows)
    some = {row.item: "" for row in rows[:SHOWN]}
    left_out = _("Imported labels are not looked at.") if looked_at < subject.counts["labelled"] else ""
    return Finding(len(rows), looked_at, [{"count": len(rows)}] if rows else [], some, str(left_out))


CHECK = Check(
    "unreviewed",
    _("Unreviewed labels"),
    _("Labels that people gave and no reviewer accepted or fixed; imported labels aside."),
    OFF,
    look,
)
