"""Classes of which less than half is left of what the parent version had."""

from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.check import WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Compares the labels of each class; one that the schema merged into another is no longer asked for."""
    before = subject.parent.counts["classes"] if subject.parent else {}
    now, names = subject.counts["classes"], subject.revision.class_names
    facts: list[Fact] = [
        {"class_id": int(key), "name": names.get(int(key), key), "count": now.get(key, 0), "before": count}
        for key, count in before.items()
        if now.get(key, 0) * 2 < count and key not in subject.revision.merged
    ]
    return Finding(len(facts), subject.items if before else 0, facts)


CHECK = Check(
    "class_shrunk",
    _("Shrunken classes"),
    _("A class with less than half of the parent version's labels."),
    WARNING,
    look,
)
