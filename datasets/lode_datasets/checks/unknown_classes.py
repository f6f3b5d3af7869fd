"""Labels of classes that the schema does not have."""

from django.utils.translation import gettext_lazy as _

from lode_datasets.checks.check import SHOWN, WARNING, Check, Fact, Finding
from lode_datasets.checks.subject import Subject


def look(subject: Subject) -> Finding:
    """Looks at the version's counts; only where they name such a class are labels read, to name items."""
    names = subject.revision.class_names
    unknown = {int(key): count for key, count in subject.counts["classes"].items() if int(key) not in names}
    facts: list[Fact] = [{"class_id": key, "name": str(key), "count": count} for key, count in unknown.items()]
    items = dict[int, str]()
    for row, classes in subject.classes() if unknown else ():
        if shown := unknown.keys() & set(classes):
            items[row.item] = ", ".join(map(str, sorted(shown)))
        if len(items) == SHOWN:
            break
    return Finding(sum(unknown.values()), subject.items, facts, items)


CHECK = Check(
    "class_unknown",
    _("Classes unknown to the schema"),
    _("Labels of a class that the newest revision of the schema does not have."),
    WARNING,
    look,
)
