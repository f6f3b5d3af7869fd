"""What is looked at before a version is published. A check is one module and one line here.

A check is a function from a ``Subject`` (a version on its way, or what the dataset holds now) to a ``Finding``.
"""

from lode_datasets.checks import (
    classes,
    duplicates,
    empty_splits,
    groups,
    near_duplicates,
    outgrown,
    regions,
    repeats,
    shrunk,
    unknown_classes,
    unlabelled,
    unreadable,
    unreviewed,
)
from lode_datasets.checks.check import Check

__all__ = ["CHECKS", "Check"]

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        duplicates.CHECK,
        groups.CHECK,
        near_duplicates.CHECK,
        repeats.CHECK,
        outgrown.CHECK,
        regions.CHECK,
        unknown_classes.CHECK,
        classes.ABSENT,
        classes.UNUSED,
        shrunk.CHECK,
        empty_splits.CHECK,
        unreadable.CHECK,
        unreviewed.CHECK,
        unlabelled.CHECK,
    )
}
"""By name, in the order in which they are shown."""
