"""The trees of a version's lines, kept in the store so that the next version's digest costs what changed.

Derived: below ``trees/`` in the store, one file a version, all of the leaves or those that changed since its parent.
What is missing or broken is made again from the rows. A version's digest is asked of them before they are believed.
"""

from collections.abc import Iterator
from contextlib import suppress

from lode_datasets import versions
from lode_datasets.lines import SETS, lines_of
from lode_datasets.models import Dataset, Version
from lode_datasets.statements import held_pages
from lode_platform.errors import known
from lode_platform.store import store
from motherlode.layers import BASE_LINES
from motherlode.manifest import SCHEMA
from motherlode.merkle import BadTrees, Leaves, Trees, place_of
from motherlode.published import Roots, content_digest, labels_digest

__all__ = ["COUNT", "digests", "drop_older", "keep", "of"]

COUNT = len(SETS) + 1  # the labels without ids have a tree too
FOLDER = "trees"
MOST_STALE = 4  # all is written where the changes would be more than this share of it


def digests(trees: Trees, schema: str) -> tuple[str, str]:
    """The digest and the labels' digest of a version with these trees; ``schema`` is its schema.json's sha-256."""
    items, labels, splits, unnamed = trees.roots
    roots = Roots(manifest=items, labels=labels, splits=splits, schema=bytes.fromhex(schema))
    return content_digest(roots), labels_digest(unnamed)


def of(version: Version) -> Trees | None:
    """The trees of a published version of format 1; None where its rows no longer say what it was published with."""
    trees = _kept(version)
    if trees is not None and _right(trees, version):
        return trees
    trees = Trees.build(COUNT, _leaves(version), version.counts["items"])
    return trees if _right(trees, version) else None


def _right(trees: Trees, version: Version) -> bool:
    schema = versions.files(version).get(path=SCHEMA).blob.sha256
    return digests(trees, schema) == (version.digest, version.labels_digest)


def _leaves(version: Version) -> Iterator[tuple[bytes, Leaves]]:
    for page in held_pages(version, BASE_LINES):
        for lines in lines_of(page)[0]:
            yield place_of(lines.path), lines.leaves()


def _kept(version: Version) -> Trees | None:
    """From the files: the newest that has all leaves, and the changes after it."""
    backend = store().backend
    changes: list[bytes] = []
    line = version.dataset.versions.filter(number__lte=version.number, format=version.format).order_by("-number")
    with suppress(BadTrees, FileNotFoundError):
        for one in line.only("uuid", "dataset"):
            if backend.size(_key(version.dataset, one)) is not None:
                with backend.open(_key(version.dataset, one)) as whole:
                    return Trees.load(whole, reversed(changes))
            with backend.open(_key(version.dataset, one) + "-change") as file:
                changes.append(file.read())
    return None


def keep(version: Version, trees: Trees, *, whole: bool) -> None:
    """Writes them: all where ``whole`` or where many have changed since, else what changed since its parent's."""
    backend, key = store().backend, _key(version.dataset, version)
    try:
        if whole or trees.stale * MOST_STALE > len(trees):
            backend.put(key, trees.dump())
        else:
            backend.put(f"{key}-change", [trees.dump_changes()])
    except OSError as error:
        if ours := known(error):
            raise ours from error
        raise


def drop_older(version: Version) -> None:
    """Removes what no later version needs, once a version that has all leaves is published."""
    backend, key = store().backend, _key(version.dataset, version)
    if backend.size(key) is not None:
        for name, _age in list(backend.list(f"{FOLDER}/{version.dataset.uuid}")):
            if name != key:
                backend.delete(name)


def _key(dataset: Dataset, version: Version) -> str:
    return f"{FOLDER}/{dataset.uuid}/{version.uuid}"
