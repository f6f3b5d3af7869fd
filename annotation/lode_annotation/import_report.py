"""The report of an import of labels: what came in, and what did not, by file and row."""

from collections.abc import Mapping, Sequence
from typing import Any

from lode_annotation.label_sets import still_linked
from lode_annotation.models import Schema
from motherlode.formats.source import Draft, Problem, Record
from motherlode.media import Media
from motherlode.regions import Control, Region

MAX_LISTED = 1_000  # of each kind of thing a report names; the counts are of all


def empty_report() -> dict[str, Any]:
    """A report of nothing."""
    return {
        "items": 0,
        "label_sets": 0,
        "regions": 0,
        "unchanged": 0,
        "clipped": [],
        "left_out": [],
        "unlabelled": [],
        "notes": [],
        "skipped_human": [],
        "unknown_items": [],
        "classes_made": [],
        "counts": dict.fromkeys(("clipped", "left_out", "unlabelled", "notes", "skipped_human", "unknown_items"), 0),
    }


def say(report: dict[str, Any], kind: str, what: Any) -> None:
    report["counts"][kind] += 1
    if len(report[kind]) < MAX_LISTED:
        report[kind].append(what)


def say_problem(report: dict[str, Any], problem: Mapping[str, Any]) -> None:
    row = dict(problem)
    kinds = {"clipped": "clipped", "note": "notes", "unlabelled": "unlabelled"}
    kind = kinds.get(str(row.get("kind", "")), "left_out")
    say(report, kind, row)


def say_unlinked(
    report: dict[str, Any], record: Record, relations: Sequence[Mapping[str, Any]], regions: Sequence[Region]
) -> None:
    """A note of the relations that an import ends, since a region at one of their ends is gone."""
    kept = {one.id for one in still_linked(relations, regions)}
    gone = [row["id"] for row in relations if row["id"] not in kept]
    if not gone:
        return
    many = "1 relation is" if len(gone) == 1 else f"{len(gone):,} relations are"
    what = f"{many} gone from {record.path} with a region at one end ({', '.join(gone[:3])})"
    problem = Problem("note", record.source, "", what, "The label set before this import has them", record.path)
    say_problem(report, problem.as_json())


def twice(record: Record) -> dict[str, str]:
    return Problem(
        "duplicate", record.source, "", f"labels {record.path} a second time", "The first labels count", record.path
    ).as_json()


def other_medium(record: Record, path: str, media: Media, medium: type[Media], schema: Schema) -> dict[str, str]:
    what = f"{path} is {media.one}, and the schema {schema.name!r} asks about {medium.plural}"
    remedy = f"It stays as it is; import its labels under a schema of {media.plural}"
    return Problem("unknown", record.source, "", what, remedy, record.path).as_json()


def no_control(record: Record, schema: Schema, controls: Sequence[Control]) -> dict[str, str]:
    known = ", ".join(control.name for control in controls)
    what = f"the schema {schema.name!r} has no control {record.control!r}; it has {known}"
    remedy = "The item stays as it is; name one of these and import again"
    return Problem("unknown", record.source, "", what, remedy, record.path).as_json()


def retired(record: Record, draft: Draft, schema: Schema) -> dict[str, str]:
    """Somebody took a label out of the schema after the import had found it there."""
    return Problem(
        "unknown",
        record.source,
        draft.row,
        f"the schema {schema.name!r} has no label {draft.label!r} any more, so {record.path} stays as it is",
        "Put the label back and import again",
        record.path,
    ).as_json()
