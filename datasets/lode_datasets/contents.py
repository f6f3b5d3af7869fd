"""What a version is made of, in the published form: its files, its digest and its counts, from its entries.

Where the parent is of this form, only what changed is read: its lines become a layer of each set that they change, its
leaves go into the parent's trees. Where a set is to have a new base, or there is no such parent, all items are read
once, by path, a page at a time. Either way the files are those that ``motherlode.layers`` asks for, and a pure function
of the version's row and of its parent's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO

from django.utils.translation import gettext as _

from lode_annotation.models import SchemaRevision
from lode_datasets import statements, version_members, version_trees, versions
from lode_datasets.counts import VersionCounts
from lode_datasets.lines import SETS, Lines, joined, lines_of
from lode_datasets.members import Gathering, Items, Members
from lode_datasets.models import Version, VersionFile
from lode_datasets.statements import Held
from lode_platform.errors import Gone
from lode_platform.jobs import Work
from lode_platform.models import Blob
from lode_platform.store import store
from motherlode import layers, manifest, published
from motherlode.merkle import Gathered, Leaves, Trees, place_of

__all__ = ["Content", "schema_file", "schema_of"]

PAGE = layers.BASE_LINES


def schema_file(name: str, revision: SchemaRevision, kinds: Mapping[str, str] | None = None) -> bytes:
    """``schema.json`` under a schema's revision, of a version that carries fields of these kinds, by name."""
    classes = [{"id": row["id"], "name": row["name"], "control": row.get("control", "")} for row in revision.classes]
    return published.schema_file(name, revision.config, classes, {"metadata": dict(kinds)} if kinds else None)


def schema_of(version: Version) -> bytes:
    """``schema.json`` as the version has it."""
    return schema_file(version.stamp["schema"], version.schema_revision, version.metadata_kinds)


@dataclass
class Content:
    """A version's content while it is published; ``write_files`` makes it, ``name`` puts it onto the row."""

    version: Version
    trees: Trees = field(init=False)
    members: Members | None = None
    """None where those of the parent are not known: a job finds them."""
    whole: bool = False
    """Whether all items were read."""
    items_changed: bool = True
    splits_changed: bool = True
    listing: BinaryIO | None = None
    """The bytes of the items' ``.dir``, where all items were read and some changed."""

    def __post_init__(self) -> None:
        before = self.version.parent
        self.parent = before if before is not None and before.format else None
        self.counts = VersionCounts()
        self.size = 0  # of the items, in bytes
        self.stacks: dict[str, layers.Stack] = {}

    def write_files(self, work: Work) -> None:
        """All files that are not items into the store, then as rows."""
        trees = version_trees.of(self.parent) if self.parent else None
        if trees is None:
            plans = dict.fromkeys(SETS, layers.Plan(self.version.number, base=True))
            files = dict(self._write_bases(work, plans, versions.entries(self.version).count()))
        else:
            files = self._write_changes(work, trees)
        [schema] = store().add_many([schema_of(self.version)])
        files[manifest.SCHEMA] = schema
        work.step("after_bytes")
        self._write_rows(work, files)

    # -- all items -------------------------------------------------------------------------------------------------

    def _write_bases(self, work: Work, plans: Mapping[str, layers.Plan], expected: int) -> Iterator[tuple[str, Blob]]:
        """New bases of the sets whose plan asks for one, from all items; counts them and makes their trees."""
        self.whole, self.counts, self.size = True, VersionCounts(), 0
        names: list[str] = []
        gathered, gathering = Gathered(version_trees.COUNT, expected), Gathering()
        listing = self.listing = store().scratch_file() if self.items_changed else None

        def pieces() -> Iterator[bytes]:
            for number, page in enumerate(statements.held_pages(self.version, PAGE)):
                lines, items = self._count(page)
                gathering.add(items)
                paths, *columns = zip(*lines, strict=True)
                gathered.add_lines(paths, columns)
                if listing is not None:
                    listing.write(f"{', ' if number else '['}{manifest.dir_entries(page)}".encode())
                for name, column in zip(SETS, columns, strict=False):
                    if plans[name].base:
                        names.append(f"{name}/{layers.base_file(self.version.number, number)}")
                        yield joined(column)
                work.progress(work.job.done)
            if listing is not None:
                listing.write(b"]" if names else b"[]")

        blobs = store().add_many(pieces())
        self.trees, self.members = gathered.trees(), Members(gathering.rows())
        for name in SETS:
            if plans[name].base:
                self.stacks[name] = plans[name].after(None, len(self.trees))
        return zip(names, blobs, strict=True)

    def _count(self, rows: list[Held], sign: int = 1) -> tuple[list[Lines], Items]:
        """Counts items in, or out where ``sign`` is -1; gives their lines, and what pages ask of them."""
        lines, classes = lines_of(rows)
        items = version_members.items_of(rows, classes)
        self.size += sign * sum(row.size for row in rows)
        self.counts.add(zip(items.splits, items.classes, strict=True), sign)
        self.counts.describe((row.metadata for row in rows), sign)
        return lines, items

    # -- what changed ----------------------------------------------------------------------------------------------

    def _write_changes(self, work: Work, trees: Trees) -> dict[str, Blob]:
        """Layers of the sets that changed; a new base where the plan asks for one."""
        assert self.parent is not None
        before = {name: layers.Stack.from_json(self.parent.stacks[name]) for name in SETS}
        self.counts = VersionCounts(self.parent.counts)
        self.size = self.parent.size - sum(row.size for row in versions.file_rows(self.parent))
        new = self._changed(trees)
        held = sum(self.counts.splits.values())
        plans = {name: layers.plan(before[name], self.version.number, len(new[name]), held) for name in SETS}
        self.items_changed, self.splits_changed = bool(new["manifest"]), bool(new["splits"])
        files: dict[str, Blob] = {}
        if any(plan.base for plan in plans.values()):
            files |= self._write_bases(work, plans, held)
        else:
            self.trees = trees
        there = {file.path: file.blob for file in versions.files(self.parent)}
        made: list[tuple[str, bytes]] = []
        for name, plan in plans.items():
            if not plan.base:
                lines = [] if plan.is_empty else self._layer(name, plan, before[name], new[name], there)
                self.stacks[name] = plan.after(before[name], len(lines))
                if not plan.is_empty:
                    made.append((f"{name}/{layers.files_of(self.stacks[name])[-1]}", joined(lines)))
        blobs = store().add_many([data for _name, data in made])
        return files | {name: blob for (name, _data), blob in zip(made, blobs, strict=True)}

    def _changed(self, trees: Trees) -> dict[str, dict[str, bytes | None]]:
        """The lines of each set that came or changed, None for one that went, by path; the trees have them then."""
        assert self.parent is not None
        lines, ended = self._count(statements.ended(self.version), -1)
        gone = {line.path for line in lines}
        lines, began = self._count(statements.began(self.version))
        came = {line.path: line for line in lines}
        if before := version_members.of(self.parent):
            self.members = before.changed(ended, began)
        changes: dict[bytes, Leaves | None] = {}
        new: dict[str, dict[str, bytes | None]] = {name: {} for name in SETS}
        for path in gone - came.keys():
            changes[place_of(path)] = None
            for name in SETS:
                new[name][path] = None
        for path, line in came.items():
            place, leaves = place_of(path), line.leaves()
            was = trees.get(place) or (b"",) * len(leaves)
            if was == leaves:
                continue
            changes[place] = leaves
            for number, name in enumerate(SETS):
                if was[number] != leaves[number]:
                    new[name][path] = getattr(line, name)
        trees.update(changes)
        return new

    def _layer(
        self,
        name: str,
        plan: layers.Plan,
        before: layers.Stack,
        new: Mapping[str, bytes | None],
        there: Mapping[str, Blob],
    ) -> list[bytes]:
        """The lines of a set's new layer, sorted by path: those of the layers that it takes the place of, and the new
        ones over them. A path that came and went between its versions has none."""
        held: dict[str, bytes] = {}
        for layer in before.layers:
            if layer.first >= plan.first:
                file = f"{name}/{layers.file_of(layer)}"
                held |= {manifest.path_of(line): line for line in _read(file, there[file]).split(b"\n")[:-1]}
        held |= {path: layers.removal(path) if line is None else line for path, line in new.items()}
        gone = [path for path, line in held.items() if line.endswith(layers.GONE) and line == layers.removal(path)]
        if gone and plan.first < self.version.number:
            known = statements.paths_held(self.version.dataset_id, plan.first - 1, gone)
            for path in set(gone) - known:
                del held[path]
        return [held[path] for path in sorted(held)]

    # -- onto the rows ---------------------------------------------------------------------------------------------

    def _write_rows(self, work: Work, files: Mapping[str, Blob]) -> None:
        """The files as change: rows only for those whose bytes differ from the parent's."""
        number = self.version.number
        before = {file.path: file.blob for file in versions.files(self.version.parent)} if self.version.parent else {}
        wanted = {manifest.SCHEMA} | {f"{name}/{file}" for name in SETS for file in layers.files_of(self.stacks[name])}
        changed = {path: blob for path, blob in files.items() if path not in before or before[path].pk != blob.pk}
        over = [path for path in before if path in changed or path not in wanted]
        with work.fenced():
            mine = VersionFile.objects.filter(dataset=self.version.dataset_id)
            for start in range(0, len(over), 500):
                old = mine.filter(path__in=over[start : start + 500], last=None, first__lt=number)
                old.update(last=number - 1)
            VersionFile.objects.bulk_create(
                [
                    VersionFile(dataset_id=self.version.dataset_id, path=path, blob=blob, first=number)
                    for path, blob in changed.items()
                ],
                ignore_conflicts=True,
                batch_size=200,
            )

    def name(self) -> dict[str, bytes]:
        """Digests, counts, sizes and listings onto the row, which is not saved; gives the ``.dir`` objects of the sets
        of lines by their name."""
        version, rows = self.version, list(versions.file_rows(self.version))
        schema = next(row.sha256 for row in rows if row.path == manifest.SCHEMA)
        version.format = published.FORMAT
        version.digest, version.labels_digest = version_trees.digests(self.trees, schema)
        version.index = manifest.digest_of(manifest.manifest_pieces(rows))
        version.stacks = {name: stack.as_json() for name, stack in self.stacks.items()}
        version.counts = self.counts.as_json()
        version.files = version.counts["items"] + len(rows)
        version.size = self.size + sum(row.size for row in rows)
        objects: dict[str, bytes] = {}
        version.listings = {}
        for name in versions.LINES:
            listing = manifest.dir_bytes(
                row._replace(path=row.path.removeprefix(f"{name}/")) for row in rows if row.path.startswith(f"{name}/")
            )
            version.listings[name] = manifest.dir_oid([listing])
            objects[version.listings[name]] = listing
        return objects


def _read(path: str, blob: Blob) -> bytes:
    """A file of the parent's; its bytes must be those that it was published with."""
    with store().open(blob.md5) as file:
        data = file.read()
    if sha256(data).hexdigest() != blob.sha256:
        raise Gone(
            _("The bytes of data/%(path)s are not those that were published: bring the store back from a backup.")
            % {"path": path},
            code="file_changed",
        )
    return data
