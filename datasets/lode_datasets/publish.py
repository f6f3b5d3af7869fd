"""Publishing: a dataset's selection, labels and splits become an immutable version.

``publish`` writes the version's row with everything the version will be (see ``changes``). ``carry_out`` does the rest,
each step a pure function of that row, each writing only what is not there yet::

    entries -> label shards, schema, splits -> manifest -> .dir -> commit -> refs/versions/vN -> branch -> tag -> row

So a worker that dies anywhere is followed by one that ends at the same digest and the same commit, and nobody sees
anything of the version until the row says ``published``: every door asks the rows, not the disk.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_annotation.models import LabelSet, SchemaRevision
from lode_datasets import changes, checks, git, repositories, shards, statements, versions
from lode_datasets.counts import VersionCounts
from lode_datasets.models import Dataset, Entry, Version, VersionFile
from lode_platform import events
from lode_platform.errors import BadInput, Conflict, Gone
from lode_platform.jobs import OPEN, Cancelled, Work, enqueue
from lode_platform.models import Blob, Job, PastFile, User
from lode_platform.store import store
from motherlode import manifest
from motherlode.regions import Texts, earlier_row

__all__ = ["carry_out", "publish"]

VERB = "datasets.publish"
LINES = 16_384  # label lines held in memory at a time, whole shards
TRIES = 5


# -- asked for -------------------------------------------------------------------------------------------------------


def publish(
    dataset: Dataset, user: User, *, message: str = "", operation_id: UUID | None = None
) -> tuple[Version, Job | None]:
    """Asks for a version of what the dataset holds at this moment.

    Gives the new version and its job; the latest version and None where nothing differs from it; for an
    ``operation_id`` seen before, what that gave. Its DVC remote is at MOTHERLODE_PUBLIC_URL, whatever address the
    caller came by. Raises ``Conflict`` (publishing) while another version is being published, ``BadInput`` (empty) for
    a dataset without items.
    """
    if operation_id is not None:
        seen = Version.objects.filter(operation_id=operation_id).select_related("job").first()
        if seen is not None and seen.dataset_id != dataset.pk:
            raise Conflict("This operation_id published another dataset; make a new one.", code="operation_id_used")
        if seen is not None:
            return seen, None if seen.state == Version.State.PUBLISHED else seen.job
    for _try in range(TRIES):
        clear_way(dataset)
        parent = versions.latest(dataset)
        revision = dataset.schema.revisions.order_by("-number").first()
        if revision is None:
            raise BadInput(f"The schema {dataset.schema.name!r} has no revision.", code="no_schema")
        frozen = changes.freeze(dataset)
        if parent and not frozen and schema_file(dataset.schema.name, revision) == schema_of(parent):
            return parent, None
        if not frozen.new and (parent is None or len(frozen.gone) == parent.counts["items"]):
            raise BadInput("There is nothing to publish: the dataset holds no items.", code="empty")
        made = _write_row(dataset, user, parent, revision, frozen, message, operation_id)
        if made is not None:
            return made, made.job
    raise Conflict("Others keep publishing this dataset; try again in a moment.", code="publishing")


def _write_row(
    dataset: Dataset,
    user: User,
    parent: Version | None,
    revision: SchemaRevision,
    frozen: changes.Changes,
    message: str,
    operation_id: UUID | None,
) -> Version | None:
    """The row, its job and the event, in one short transaction; None where the world moved since it was read."""
    number = parent.number + 1 if parent else 1
    try:
        with transaction.atomic():
            Dataset.objects.select_for_update().get(pk=dataset.pk)
            newest = versions.latest(dataset)
            if (newest and newest.pk) != (parent and parent.pk) or dataset.versions.unpublished().exists():
                return None
            version = Version.objects.create(
                dataset=dataset,
                number=number,
                parent=parent,
                schema_revision=revision,
                message=message.strip(),
                author=user,
                created_at=timezone.now(),
                server_url=settings.PUBLIC_URL,
                stamp={
                    "project": dataset.project.name,
                    "dataset": dataset.name,
                    "schema": dataset.schema.name,
                    "author": user.get_full_name() or user.username,
                    "email": user.email or f"{user.username}@motherlode.invalid",
                },
                frozen=frozen.pack(),
                operation_id=operation_id,
            )
            version.job = enqueue(
                VERB,
                project=dataset.project,
                user=user,
                title=_("Publish %(name)s") % {"name": f"{dataset.name}@v{number}"},
                arguments={"version": str(version.uuid)},
            )
            version.save(update_fields=["job"])
            return version
    except IntegrityError:  # PostgreSQL: another publish committed its row between our look and our write
        return None


def clear_way(dataset: Dataset) -> None:
    """Takes back a version whose job is over without having published it; ``Conflict`` where one is under way."""
    found = dataset.versions.unpublished().defer("frozen").first()
    if found is None:
        return
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=found.job_id).first() if found.job_id else None
        if job is not None and job.state in OPEN:
            raise Conflict(
                f"{dataset.name}@v{found.number} is being published already.",
                code="publishing",
                version=found.number,
                job=str(job.uuid),
            )
        # From here on its job finds no version: trying it again must not publish what is being taken back.
        Version.objects.unpublished().filter(pk=found.pk).update(job=None)
    changes.withdraw(found)


def schema_file(name: str, revision: SchemaRevision) -> bytes:
    """``schema.json`` under a schema's revision."""
    return manifest.schema_bytes(name, revision.config, revision.classes).data


def schema_of(version: Version) -> bytes:
    """``schema.json`` as the version has it."""
    return schema_file(version.stamp["schema"], version.schema_revision)


# -- carried out -----------------------------------------------------------------------------------------------------


def carry_out(work: Work) -> dict[str, Any]:
    """The job: from the version's row to ``published``. Cancelled, it takes the version back."""
    version = (
        Version.objects.select_related("dataset__project", "dataset__schema", "parent", "schema_revision", "author")
        .filter(uuid=work.arguments["version"], job=work.job)
        .first()
    )
    if version is None:
        raise Gone("This version was taken back before it was published; publish again.", code="withdrawn")
    if version.state == Version.State.PUBLISHED:
        return _result(version)
    with work.fenced():
        Version.objects.filter(pk=version.pk).update(state=Version.State.PUBLISHING)
    try:
        with _marked_failed(version, work):
            return _publish(version, work)
    except Cancelled:
        changes.withdraw(version)
        raise


@contextmanager
def _marked_failed(version: Version, work: Work) -> Iterator[None]:
    """Says on the row that its publish failed; trying the job again goes on with the same row."""
    try:
        yield
    except Cancelled:
        raise
    except Exception:
        work.check()  # another worker's now: not ours to judge
        Version.objects.unpublished().filter(pk=version.pk).update(state=Version.State.FAILED)
        raise


def _publish(version: Version, work: Work) -> dict[str, Any]:
    work.step("after_row")
    frozen = changes.thaw(version.frozen or b"")
    total = len(frozen.new) + len(frozen.gone)
    for done in changes.apply(version, frozen, work):
        work.progress(done, total, _("Writing what changed"))
    work.step("after_entries")

    content = _Content(version)
    work.progress(total, total, _("Writing labels, schema and splits"))
    content.write_files(work)
    work.step("after_shards")

    work.progress(total, total, _("Naming the content"))
    listing = _name(version, content, work)
    work.step("after_manifest")
    if version.parent and version.digest == version.parent.digest:
        changes.withdraw(version)
        return {**_result(version.parent), "unchanged": True}

    store().put_object(version.dir_oid, listing)  # last of the bytes: it says that all are there
    work.step("after_dir")
    work.progress(total, total, _("Committing"), at_once=True)  # the last moment at which a cancel is heard

    release = repositories.release(version)
    with git.opened(repositories.folder(version.dataset)) as repo:
        if version.parent and git.branch_at(repo) != version.parent.commit:
            repositories.rebuild(version.dataset)
        version.commit = git.write(repo, release)
        work.step("after_commit")
        git.set_version(repo, version.number, version.commit)
        work.step("after_ref")
        git.move_branch(repo, version.commit)
        work.step("after_branch")
        git.set_tag(repo, version.number, git.tag_id(release))
        work.step("after_tag")

    with work.fenced():
        version.state = Version.State.PUBLISHED
        version.published_at = timezone.now()
        version.frozen = None
        version.save(update_fields=["state", "published_at", "frozen", "commit"])
        events.record(
            version.dataset.project,
            version.author,
            "dataset.publish",
            version,
            name=str(version),
            digest=version.digest,
            message=version.message,
        )
    return _result(version)


def _result(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "name": str(version),
        "uuid": str(version.uuid),
        "digest": version.digest,
        "commit": version.commit,
    }


@dataclass(frozen=True, slots=True)
class _NewLine:
    """What a changed item's label line is made of."""

    path: str
    split: str
    width: int
    height: int
    label_set: int | None


class _Content:
    """The bytes of one version, and its counts, from its entries and its parent's files."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.parent = version.parent
        self.counts = VersionCounts(self.parent.counts if self.parent else None)
        self.rows: list[manifest.Row] = []
        self.splits: list[str] = []
        self.groups: list[str] = []
        self._before: dict[str, str] = {}
        self._load_rows()

    def _load_rows(self) -> None:
        """Every item's manifest row, split and group, sorted by path in code point order."""
        number = self.version.number
        with connection.cursor() as cursor:
            cursor.execute(HELD, [manifest.ITEMS, self.version.dataset_id, number, number])
            rows = sorted(cursor.fetchall())  # the database may collate by other rules
        self.rows = [manifest.Row._make(row[:4]) for row in rows]
        self.splits = [row[4] for row in rows]
        self.groups = [row[5] for row in rows]

    @property
    def items(self) -> int:
        return len(self.splits)

    def paths(self) -> Iterator[str]:
        start = len(manifest.ITEMS)
        return (row[0][start:] for row in self.rows[: self.items])

    # -- files that are not items -----------------------------------------------------------------------------------

    def write_files(self, work: Work) -> None:
        """Label shards, schema and splits into the store, then as rows; ``rows`` and ``counts`` are whole then."""
        split_lines = "".join(map(manifest.split_line, self.paths(), self.splits)).encode()
        files = dict(self._shards(work))
        schema, splits = store().add_many([schema_of(self.version), split_lines])
        files |= {manifest.SCHEMA: schema, manifest.SPLITS: splits}
        before = {file.path: file.blob for file in versions.files(self.parent)} if self.parent else {}
        bits = manifest.shard_bits(self.items)
        wanted = {manifest.shard_file(shard, bits) for shard in range(1 << bits)} | {manifest.SCHEMA, manifest.SPLITS}
        self._write_rows(work, files, before, wanted)
        now = {**before, **files}
        self.rows += [manifest.Row(path, now[path].md5, now[path].sha256, now[path].size) for path in sorted(wanted)]

    def _write_rows(self, work: Work, files: Mapping[str, Blob], before: Mapping[str, Blob], wanted: set[str]) -> None:
        """The files as change: rows only for those whose bytes differ from the parent's."""
        number = self.version.number
        changed = {path: blob for path, blob in files.items() if path not in before or before[path].pk != blob.pk}
        over = [path for path in before if path in changed or path not in wanted]
        with work.fenced():
            mine = VersionFile.objects.filter(dataset=self.version.dataset_id)
            mine.filter(path__in=over, last=None, first__lt=number).update(last=number - 1)
            VersionFile.objects.bulk_create(
                [
                    VersionFile(dataset_id=self.version.dataset_id, path=path, blob=blob, first=number)
                    for path, blob in changed.items()
                ],
                ignore_conflicts=True,
                batch_size=200,
            )

    def _shards(self, work: Work) -> Iterator[tuple[str, Blob]]:
        """The label shards that changes touch, written a few at a time; counts what came and what went."""
        number, bits = self.version.number, manifest.shard_bits(self.items)
        mine = Entry.objects.filter(dataset=self.version.dataset_id)
        new: defaultdict[int, list[_NewLine]] = defaultdict(list)
        rows = mine.filter(first=number).values_list("path", "split", "item__width", "item__height", "label_set_id")
        touched: set[str] = set()
        for row in list(rows):  # not through a cursor: PostgreSQL would plan it as if only its first rows were wanted
            touched.add(row[0])
            new[manifest.shard_of(row[0], bits)].append(_NewLine(*row))
        drop: defaultdict[int, set[str]] = defaultdict(set)
        if self.parent:
            for path in self._count_out(mine.filter(last=number - 1)):
                touched.add(path)
                drop[manifest.shard_of(path, bits)].add(path)
        planned = shards.plan(self.items, self.parent.counts["items"] if self.parent else 0, touched)
        per_round = max(1, LINES // manifest.ITEMS_PER_SHARD)
        planned_rest = iter(planned)
        while some := list(islice(planned_rest, per_round)):
            contents = self._rewritten(some, new, drop)
            blobs = store().add_many(contents)
            yield from ((manifest.shard_file(shard, bits), blob) for shard, blob in zip(some, blobs, strict=True))
            work.progress(work.job.done)

    def _count_out(self, gone: Any) -> Iterator[str]:
        """Takes the entries that ended out of the counts; gives their paths."""
        ended = list(gone.values_list("path", "split", "label_set_id"))
        for start in range(0, len(ended), 5000):
            part = ended[start : start + 5000]
            said = _regions([labels for _path, _split, labels in part if labels is not None])
            for path, split, labels in part:
                self.counts.add(split, None if labels is None else said[labels].class_ids, -1)
                yield path

    def _rewritten(
        self, some: Sequence[int], new: Mapping[int, Sequence[_NewLine]], drop: Mapping[int, set[str]]
    ) -> list[bytes]:
        ids = [line.label_set for shard in some for line in new.get(shard, ()) if line.label_set is not None]
        said = _regions(ids)
        contents = []
        for shard in some:
            lines: dict[str, bytes] = {}
            for line in new.get(shard, ()):
                regions, class_ids = said[line.label_set] if line.label_set is not None else (None, None)
                self.counts.add(line.split, class_ids)
                lines[line.path] = manifest.label_line(line.path, line.split, line.width, line.height, regions).encode()
            before = self.parent.counts["items"] if self.parent else 0
            contents.append(shards.rewrite(shard, self.items, before, self._read, drop.get(shard, ()), lines))
        return contents

    def _read(self, path: str) -> bytes:
        """One of the parent's shards."""
        if self.parent and not self._before:
            self._before = {file.path: file.blob.md5 for file in versions.files(self.parent)}
        with store().open(self._before[path]) as file:
            return file.read()


HELD = """
SELECT %s || e.path, b.md5, b.sha256, b.size, e.split, i."group"
FROM {entry} e JOIN {blob} b ON b.id = e.blob_id JOIN {item} i ON i.id = e.item_id
WHERE e.dataset_id = %s AND e.first <= %s AND (e.last IS NULL OR e.last >= %s)
""".format(**changes.TABLES)


class _Regions(NamedTuple):
    """All that a label set says as one canonical text, and the class of each."""

    text: str
    class_ids: list[int]


def _regions(ids: Sequence[int]) -> dict[int, _Regions]:
    """All that label sets say, by primary key, in the form of versions before format 1."""
    return {key: _earlier(texts) for key, texts in statements.label_texts(ids).items()}


def _earlier(texts: Texts) -> _Regions:
    """One list of rows that name no control (``motherlode.regions.earlier_row``), and the class of each."""
    rows = [earlier_row(row) for text in (texts.regions, texts.answers) for row in json.loads(text)]
    return _Regions(manifest.canonical(rows), [row["class_id"] for row in rows])


def _outgrown(version: Version) -> list[str]:
    """The paths of items whose labels were made for a picture of another size."""
    replaced = PastFile.objects.filter(item__project=version.dataset.project_id, resized=True).values("item")
    held = Entry.objects.filter(dataset=version.dataset, last=None, item__in=replaced)
    # Of the current label sets: one that says the same, saved since, says that they fit.
    labels = (
        LabelSet.objects.current().outgrown().filter(schema=version.dataset.schema_id, item__in=held.values("item"))
    )
    return sorted(held.filter(item__in=labels.values("item")).values_list("path", flat=True))


def _name(version: Version, content: _Content, work: Work) -> bytes:
    """Digest, ``.dir``, size, counts and checks onto the row; gives the bytes of the ``.dir``."""
    version.digest = manifest.digest_of(manifest.manifest_pieces(content.rows))
    listing = manifest.dir_bytes(content.rows)
    version.dir_oid = manifest.dir_oid([listing])
    version.size = sum(row.size for row in content.rows)
    version.files = len(content.rows)
    version.counts = content.counts.as_json()
    names = version.schema_revision.class_names
    version.checks = [
        *checks.duplicates(zip(content.paths(), (row.md5 for row in content.rows), content.splits, strict=False)),
        *checks.groups_torn(zip(content.groups, content.splits, strict=True)),
        *checks.outgrown(_outgrown(version)),
        *checks.absent_classes(version.counts, names),
        *checks.unlabelled(version.counts),
    ]
    with work.fenced():
        version.save(update_fields=["digest", "dir_oid", "size", "files", "counts", "checks"])
    return listing
