"""What is looked at when a version is published: leaks between splits, classes a split lacks, what is unlabelled.

A check never stops a publish; it is a row on the version that says what a reader should know, as facts. Words are made
of them where they are shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from motherlode.manifest import POOL

__all__ = ["LEAKS", "Check", "absent_classes", "duplicates", "groups_torn", "outgrown", "unlabelled"]

PREVIEW_SIZE = 20
LEAKS = ("duplicate_across_splits", "group_across_splits")  # what compares all items


class Check(TypedDict, total=False):
    """``code`` and ``level`` ("danger", "warning", "info") always; the rest are the facts of that code."""

    code: str
    level: str
    count: int
    split: str
    class_id: int
    name: str
    examples: list[list[str]]


def absent_classes(counts: Mapping[str, Any], names: Mapping[int, str]) -> list[Check]:
    """A class that train, val or test lacks although another split has it, or that nothing shows at all."""
    split_classes: Mapping[str, Mapping[str, int]] = counts["split_classes"]
    splits = [split for split in counts["splits"] if split != POOL]
    found: list[Check] = []
    for class_id, name in sorted(names.items()):
        lacking = [split for split in splits if not split_classes.get(split, {}).get(str(class_id))]
        if splits and len(lacking) == len(splits):
            found.append({"code": "class_unused", "level": "info", "class_id": class_id, "name": name})
            continue
        for split in lacking:
            found.append(
                {"code": "class_absent", "level": "warning", "class_id": class_id, "name": name, "split": split}
            )
    return found


def duplicates(rows: Iterable[tuple[str, str, str]]) -> list[Check]:
    """The same bytes in two splits, from (path, md5, split); the pool counts as no split."""
    first: dict[str, tuple[str, str]] = {}
    examples: list[list[str]] = []
    count = 0
    for path, md5, split in rows:
        if split == POOL:
            continue
        path_before, split_before = first.setdefault(md5, (path, split))
        if split_before != split:
            count += 1
            if len(examples) < PREVIEW_SIZE:
                examples.append([path_before, split_before, path, split])
    if not count:
        return []
    return [{"code": "duplicate_across_splits", "level": "danger", "count": count, "examples": examples}]


def groups_torn(torn: Sequence[str]) -> list[Check]:
    """Groups (patients, scenes, videos) that stand in more than one split."""
    if not torn:
        return []
    examples = [[group] for group in torn[:PREVIEW_SIZE]]
    return [{"code": "group_across_splits", "level": "danger", "count": len(torn), "examples": examples}]


def outgrown(paths: Sequence[str]) -> list[Check]:
    """Items whose labels were made for a picture of another size, before their file was replaced."""
    if not paths:
        return []
    examples = [[path] for path in paths[:PREVIEW_SIZE]]
    return [{"code": "labels_outgrown", "level": "danger", "count": len(paths), "examples": examples}]


def unlabelled(counts: Mapping[str, Any]) -> list[Check]:
    """How many items are left in the pool."""
    left = counts["splits"].get(POOL, 0)
    return [{"code": "unlabelled", "level": "info", "count": left}] if left else []
