"""Receives a label import: opened under the client's uuid, sent in parts of JSON lines, finished by starting its job.

A line is a ``motherlode.formats.source.Record`` as its ``as_json`` writes it, or ``{"problem": ...}``.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from django.db import transaction

from lode_annotation import import_staging
from lode_annotation.import_batches import Line
from lode_annotation.models import LabelImport, LabelImportPart, Schema
from lode_annotation.schemas import check_name
from lode_platform import access, free_json, jobs
from lode_platform.callers import Caller
from lode_platform.errors import BadInput, Conflict, NotFound, TooLarge
from lode_platform.models import Job, JobState, Project
from motherlode.formats.source import Record, kind_in
from motherlode.formats.values import label_name
from motherlode.shapes import DEFAULT

VERB = "annotation.import_labels"
MAX_PART_BYTES = 32 * 1024 * 1024
MAX_PART_LINES = 5_000
MAX_PARTS = 100_000

Found: TypeAlias = dict[tuple[str, str], dict[str, None]]
"""Labels in the order in which they were found, by the control that their line names, "" for none, and their task."""


def begin(
    project: Project,
    caller: Caller,
    *,
    uuid: UUID,
    schema: str = "labels",
    dataset: str = "",
    format: str = "",  # noqa: A002 - the word of the trade
    replace: bool = False,
) -> LabelImport:
    """Opens an import into the schema of that name (or uuid), and its job, which waits until all has been sent; the
    same ``uuid`` again gives the same import."""
    user = caller.user
    access.require(caller, project, "labels.import")
    schema = _named(project, schema)
    given = {"schema_name": schema, "dataset": dataset[:64], "format": format[:16], "replace": replace}
    with transaction.atomic():
        made, is_new = LabelImport.objects.get_or_create(
            uuid=uuid, defaults={"project": project, "created_by": user, **given}
        )
        if is_new:
            made.job = _job_of(made, receiving=True)
            made.save(update_fields=["job"])
    if made.project_id != project.pk or made.created_by_id != user.pk:
        raise Conflict("This uuid belongs to another import.", code="id_taken")
    return made


def _job_of(label_import: LabelImport, *, receiving: bool) -> Job:
    return jobs.enqueue(
        VERB,
        project=label_import.project,
        user=label_import.created_by,
        title=f"Import labels into {label_import.schema_name}",
        arguments={"import": str(label_import.uuid)},
        receiving=receiving,
    )


def is_open(label_import: LabelImport) -> bool:
    """Whether parts may still be sent."""
    return label_import.job is None or label_import.job.state == JobState.RECEIVING


def _named(project: Project, schema: str) -> str:
    try:
        uuid = UUID(schema)
    except ValueError:
        return check_name(schema)
    name = Schema.objects.filter(project=project, uuid=uuid).values_list("name", flat=True).first()
    if name is None:
        raise BadInput(f"There is no schema {schema} in this project.", code="unknown_schema", field="schema")
    return name


def mine(caller: Caller, uuid: UUID) -> LabelImport:
    """An import that this person opened, and may still send to. Raises ``NotFound``."""
    user = caller.user
    found = LabelImport.objects.select_related("project", "job").filter(uuid=uuid, created_by=user).first()
    if found is None:
        raise NotFound("There is no such import.")
    access.require(caller, found.project, "labels.import")
    return found


def put_part(caller: Caller, uuid: UUID, number: int, body: bytes) -> int:
    """As ``keep_part``, of the import that has this uuid."""
    return keep_part(mine(caller, uuid), number, body)


def keep_part(label_import: LabelImport, number: int, body: bytes) -> int:
    """Keeps part ``number`` (from 0) and answers how many lines it has; sending it again replaces it.

    Its plain lines are staged at once, where the schema is there; see ``import_staging``.

    Raises ``BadInput`` naming the first line that is not a valid record, ``TooLarge``, ``Conflict`` once the import is
    finished.
    """
    if not is_open(label_import):
        raise _finished()
    if number >= MAX_PARTS:
        raise BadInput(f"Parts are numbered 0 to {MAX_PARTS - 1}.", code="bad_part")
    if len(body) > MAX_PART_BYTES:
        raise TooLarge(f"A part may have {MAX_PART_BYTES >> 20} MiB; send more, smaller parts.")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"The part is not UTF-8: {error}", code="bad_part") from None
    lines, found = _looked_at(text)
    labels = [[control, task, [*named]] for (control, task), named in found.items()]
    kept: dict[str, Any] = {"lines": text, "count": len(lines), "labels": labels, "rest": None, "regions": 0}
    early = import_staging.early(label_import, lines)
    with transaction.atomic():
        job = jobs.receive(label_import.job) if label_import.job is not None else None
        if job is None and label_import.job is not None:
            raise _finished()
        if job is not None:
            before = label_import.parts.filter(number=number, rest__isnull=False).first()
            if before is not None:
                import_staging.take_back(before, [row for _, row in lines_of(before.lines)], job)
            if early is not None and (staged := early.write(job)) is not None:
                kept |= staged._asdict()
        LabelImportPart.objects.update_or_create(label_import=label_import, number=number, defaults=kept)
    return len(lines)


def _finished() -> Conflict:
    return Conflict("This import is finished; start another.", code="import_finished")


def _looked_at(text: str) -> tuple[list[Line], Found]:
    """The lines of a part, and the labels that they name; each is one that the job can read."""
    lines, found = list[Line](), Found()
    for number, row in lines_of(text):
        if len(lines) == MAX_PART_LINES:
            raise TooLarge(f"A part may have {MAX_PART_LINES} lines; send more, smaller parts.")
        lines.append(line := Line.of(row))
        try:
            _find(line, found)
        except KeyError as error:
            raise _bad_line(number, row, f"it lacks {error}") from None
        except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
            raise _bad_line(number, row, str(error)) from None
    return lines, found


def labels_in(part: LabelImportPart) -> Found:
    """The labels that a part's lines name; of one that was kept before they were, its lines are read."""
    if part.labels is None:
        return _looked_at(part.lines)[1]
    return {(control, task): dict.fromkeys(named) for control, task, named in part.labels}


def _bad_line(line: int, row: Mapping[str, Any], why: str) -> BadInput:
    """The refusal of a line that no job could import: the line, the file that it came from, and what is wrong."""
    named = str(row.get("file") or row.get("path") or "")[:200]
    where = f"Line {line} ({named})" if named else f"Line {line}"
    return BadInput(
        f"{where} is not a valid record: {why}. Fix it and send the part again.", code="bad_part", line=line
    )


def _check_problem(problem: Any) -> None:
    """A problem that the sender met: an object of texts. Raises ``ValueError``."""
    if not isinstance(problem, dict) or not all(isinstance(value, str) for value in problem.values()):
        raise ValueError("a problem is an object whose values are texts")


def _find(line: Line, found: Found) -> None:
    """Adds the labels that a line names to those ``found``. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for a
    line that no job can read."""
    row = line.row
    control = str(row.get("control") or "")
    if line.plain is not None:
        if line.plain:
            _find_labels(line.plain, found.setdefault((control, DEFAULT.task), {}), 1)
        return
    if "problem" in row:
        _check_problem(row["problem"])
        return
    Record.from_json(row)
    for number, region in enumerate(row.get("regions", ()), start=1):
        _find_labels([region], found.setdefault((control, kind_in(region).task), {}), number)


def _find_labels(regions: Sequence[Mapping[str, Any]], named: dict[str, None], first: int) -> None:
    for number, region in enumerate(regions, start=first):
        if (label := str(region["label"])) not in named:
            if label_name(region["label"]) != label:
                where = region.get("row") or f"region {number}"
                raise ValueError(f"{where}: the label {label!r} has spaces around it, is not NFC, or begins with $")
            named[label] = None


def lines_of(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if not line.strip():
            continue
        try:
            row, flaw = free_json.loads_looked_at(line)
        except ValueError as error:
            raise BadInput(f"Line {number} is not JSON: {error}", code="bad_part", line=number) from None
        if not isinstance(row, dict):
            raise BadInput(f"Line {number} is not an object.", code="bad_part", line=number)
        if flaw:
            raise BadInput(f"Line {number}: {flaw[0]} {flaw[1]}.", code="bad_part", line=number)
        yield number, row


def finish(caller: Caller, uuid: UUID, *, dataset: str | None = None) -> Job:
    """Starts the job that imports what was sent; asked again, the same job."""
    label_import = mine(caller, uuid)
    if label_import.job is not None and not is_open(label_import):
        return label_import.job
    with transaction.atomic():
        held = LabelImport.objects.select_for_update(of=("self",), no_key=True).get(pk=label_import.pk)
        if held.job is not None and not is_open(held):
            return held.job
        if dataset is not None:
            held.dataset = dataset[:64]
        if held.job is None:  # opened before its job was made with it
            held.job = _job_of(held, receiving=False)
        else:
            jobs.start(held.job)
        held.save(update_fields=["job", "dataset"])
    return held.job
