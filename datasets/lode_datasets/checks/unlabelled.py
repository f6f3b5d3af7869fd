"""Items without labels: they are in the pool."""

from django.utils.translation import gettext_lazy as _

from lode_datasets import check_statements
from lode_datasets.checks.check import NOTE, SHOWN, Check, Finding
from lode_datasets.checks.subject import Subject
from motherlode.manifest import POOL


def look(subject: Subject) -> Finding:
    """The pool is counted with the version; its first items are named."""
    left = int(subject.counts["splits"].get(POOL, 0))
    if not left:
        return Finding(looked_at=subject.items)
    some = dict.fromkeys(check_statements.pooled(subject.rows, SHOWN), "")
    return Finding(left, subject.items, [{"count": left}], some)


CHECK = Check("unlabelled", _("Unlabelled items"), _("Items without labels, in the pool."), NOTE, look, level="info")
