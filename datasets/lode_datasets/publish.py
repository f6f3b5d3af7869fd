"""Publishing: a dataset's selection, labels and splits become an immutable version.

``publish`` writes the version's row with everything the version will be (see ``changes``). ``carry_out`` does the rest,
each step a pure function of that row, each writing only what is not there yet::

    entries -> lines, schema -> digests -> .dir -> trees -> commit -> refs/versions/vN -> branch -> tag -> row

So a worker that dies anywhere is followed by one that ends at the same digest and the same commit, and nobody sees
anything of the version until the row says ``published``: every door asks the rows, not the disk.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lode_annotation.models import SchemaRevision
from lode_datasets import (
    carried,
    changes,
    checking,
    gate,
    git,
    repositories,
    statements,
    version_members,
    version_trees,
    versions,
)
from lode_datasets.checks.subject import Subject
from lode_datasets.contents import PAGE, Content, schema_file, schema_of
from lode_datasets.lines import lines_of
from lode_datasets.models import Dataset, Version
from lode_platform import events
from lode_platform.errors import BadInput, Conflict, Gone
from lode_platform.jobs import OPEN, Cancelled, Work, enqueue
from lode_platform.models import Job, User
from lode_platform.store import store
from motherlode import manifest, published

__all__ = ["carry_out", "publish"]

VERB = "datasets.publish"
TRIES = 5
NAMED = [
    "format",
    "digest",
    "index",
    "labels_digest",
    "stacks",
    "listings",
    "dir_oid",
    "size",
    "files",
    "counts",
    "checks",
]


# -- asked for -------------------------------------------------------------------------------------------------------


def publish(
    dataset: Dataset,
    user: User,
    *,
    message: str = "",
    operation_id: UUID | None = None,
    metadata: Sequence[str] | None = None,
) -> tuple[Version, Job | None]:
    """Asks for a version of what the dataset holds at this moment.

    ``metadata`` names the fields of the items that it carries, and that the dataset's versions carry from then on; None
    leaves that choice as it is.

    Gives the new version and its job; the latest version and None where nothing differs from it; for an
    ``operation_id`` seen before, what that gave. Its DVC remote is at MOTHERLODE_PUBLIC_URL, whatever address the
    caller came by. Raises ``Conflict`` (publishing) while another version is being published, ``BadInput`` (empty) for
    a dataset without items or, naming ``metadata``, for a field that the project has not.
    """
    if operation_id is not None:
        seen = Version.objects.filter(operation_id=operation_id).select_related("job").first()
        if seen is not None and seen.dataset_id != dataset.pk:
            raise Conflict("This operation_id published another dataset; make a new one.", code="operation_id_used")
        if seen is not None:
            return seen, None if seen.state == Version.State.PUBLISHED else seen.job
    kinds = carried.fields_of(dataset, metadata)
    for _try in range(TRIES):
        clear_way(dataset)
        parent = versions.newest(dataset)
        if parent and parent.format > published.FORMAT:
            _refuse(parent)
        revision = dataset.schema.revisions.order_by("-number").first()
        if revision is None:
            raise BadInput(f"The schema {dataset.schema.name!r} has no revision.", code="no_schema")
        frozen = changes.freeze(dataset, kinds)
        if parent and not frozen and schema_file(dataset.schema.name, revision, kinds) == schema_of(parent):
            return parent, None
        if not frozen.new and (parent is None or frozen.gone == parent.counts["items"]):
            raise BadInput("There is nothing to publish: the dataset holds no items.", code="empty")
        made = _write_row(dataset, user, parent, revision, frozen, message, operation_id, kinds)
        if made is not None:
            return made, made.job
    raise Conflict("Others keep publishing this dataset; try again in a moment.", code="publishing")


def _refuse(parent: Version) -> None:
    try:
        published.refuse_newer(versions.read_file(parent, manifest.SCHEMA), str(parent))
    except published.TooNew as error:
        raise BadInput(str(error), code="too_new") from None


def _write_row(
    dataset: Dataset,
    user: User,
    parent: Version | None,
    revision: SchemaRevision,
    frozen: changes.Frozen,
    message: str,
    operation_id: UUID | None,
    kinds: Mapping[str, str],
) -> Version | None:
    """The row, its job and the dataset's choice of fields, in one short transaction; None where the world moved since
    it was read."""
    number = parent.number + 1 if parent else 1
    try:
        with transaction.atomic():
            Dataset.objects.select_for_update().get(pk=dataset.pk)
            if dataset.metadata_kinds != kinds:
                dataset.metadata_kinds = dict(kinds)
                dataset.save(update_fields=["metadata_kinds"])
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
                frozen=frozen.packed,
                metadata_kinds=dict(kinds),
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
    except IntegrityError:  # another publish has this number by now
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
    total, batches = changes.thaw(version.frozen or b"")
    for done in changes.apply(version, batches, work):
        work.progress(done, total, _("Writing what changed"))
    work.step("after_entries")

    content = Content(version)
    work.progress(total, total, _("Writing labels, items and splits"))
    content.write_files(work)
    work.step("after_files")

    work.progress(total, total, _("Naming the content"))
    objects = content.name()
    if version.parent and _unchanged(version, version.parent):
        changes.withdraw(version)
        return {**_result(version.parent), "unchanged": True}
    _check(version, content, work)
    version.dir_oid = _list_items(version, content, work)
    work.step("after_listing")
    for name, listing in objects.items():
        store().put_object(name, listing)  # last of the bytes: it says that all are there
    work.step("after_dirs")
    version_trees.keep(version, content.trees, whole=content.whole)
    work.step("after_trees")
    if content.members is not None:
        version_members.keep(version, content.members)
    work.step("after_members")
    with work.fenced():
        version.save(update_fields=NAMED)
    work.step("after_name")
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
        if content.members is None:
            version_members.index(version, version.author)
    with suppress(OSError):  # the version stands; what is left over goes with a later one
        version_trees.drop_older(version)
    return _result(version)


def _result(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "name": str(version),
        "uuid": str(version.uuid),
        "digest": version.digest,
        "commit": version.commit,
    }


def _check(version: Version, content: Content, work: Work) -> None:
    """What a reader should know, as rows and in short; what compares all items is asked again only where an answer can
    have changed. Raises ``GateClosed`` where an error was found that nobody waived."""
    subject = Subject(version.dataset, version.schema_revision, version.parent, version, work.check)
    same = not (content.items_changed or content.splits_changed or content.whole)
    results = checking.look(subject, work, same_items=same)
    version.checks = checking.said(results)
    with work.fenced():
        checking.keep(subject, results, version.author)
    gate.refuse(results, str(version))


def _unchanged(version: Version, parent: Version) -> bool:
    """Whether the version says what its parent says: then the parent is the answer, whatever scheme names it."""
    if parent.format:
        return bool(version.digest == parent.digest)
    if schema_of(version) != schema_of(parent):
        return False
    came, gone = statements.began(version), statements.ended(version)
    lines = [{row.path: one for row, one in zip(rows, lines_of(rows)[0], strict=True)} for rows in (came, gone)]
    return len(came) == len(gone) and lines[0] == lines[1]


def _list_items(version: Version, content: Content, work: Work) -> str:
    """The ``.dir`` of the items: the parent's where their bytes are the parent's, else written from the rows."""
    if version.parent and version.parent.format and not content.items_changed:
        return str(version.parent.dir_oid)

    def rows() -> Iterator[tuple[str, str]]:
        for page in statements.listed(version, PAGE):
            work.check()
            yield from page

    if content.listing is None:
        return store().add_listing(manifest.dir_pieces(rows()))
    with content.listing as written:
        written.seek(0)
        return store().add_listing(iter(partial(written.read, 1 << 20), b""))
