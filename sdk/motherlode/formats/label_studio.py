"""Label Studio's export (JSON) as a source of labels, and its tasks written.

As labels a task has the one answer that counts: a ground truth, else the one that was saved last, skips apart.
`lode import` brings the project in whole instead (`motherlode.importing.whole`), with everybody's answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from motherlode import relations
from motherlode.errors import BadInput
from motherlode.formats.format import Format, Seems
from motherlode.formats.json_stream import first_object
from motherlode.formats.label_studio_writing import WRITER
from motherlode.formats.source import Classes, Draft, Files, Problem, Record
from motherlode.formats.values import BadValue, label_name, plain_attributes, whole_number
from motherlode.label_studio.configs import Asked, Seen
from motherlode.label_studio.files import MediaFiles, named_by
from motherlode.label_studio.project import Project, exports_in, is_export, is_min
from motherlode.label_studio.tasks import answers_of, field_of, listed, number_of, path_of, why_no_item
from motherlode.media import Image, Media, named
from motherlode.regions import BadRegion, from_result
from motherlode.shapes import SHAPES

__all__ = ["FORMAT", "best_answer", "detect", "drafts_of", "read"]


def detect(files: Files) -> bool:
    """Whether one of the JSON files is an export."""
    return bool(exports_in(files))


def _seems(name: str, text: str) -> Seems | None:
    if not name.lower().endswith(".json") or not text.lstrip("\ufeff \t\r\n").startswith("["):
        return None
    first = first_object(text)
    if is_export(first):
        return Seems("a Label Studio export", "Import it apart, with --format label-studio")
    if is_min(first):
        return Seems("Label Studio's JSON_MIN", "It lacks drafts, skips and people; export the project as JSON")
    return None


def read(files: Files) -> Iterator[Record | Problem | Classes]:
    """A record for each task, and one, unlabelled, for each image that no task is of."""
    images = [name for name in files.names() if named(name) is Image]
    spoken: dict[str, str] = {}
    notes: Counter[str] = Counter()
    for name in exports_in(files):
        try:
            yield from _read_export(Project.beside(files, name), MediaFiles(images), spoken, notes)
        except BadInput as error:
            yield Problem("unreadable", name, "", str(error), "Mend it, or export the project again as JSON")
    for image in images:
        if image not in spoken:
            yield Record(path=image, present=True, labelled=False)
    for what, count in sorted((+notes).items()):
        yield Problem("note", "", "", f"{count:,} {what} were left out", "lode import brings the project in whole")


def _read_export(
    project: Project, files: MediaFiles, spoken: dict[str, str], notes: Counter[str]
) -> Iterator[Record | Problem | Classes]:
    seen, first = Seen(), ""
    for _, task in project.tasks():
        if isinstance(task, dict):
            first = first or field_of(task)
            for answer in answers_of(task):
                seen.see(answer["result"])
    asked = project.asked(seen, first)
    placed = [control for control in asked.controls if not control.per_region and SHAPES[control.kind].labelled]
    labels = dict.fromkeys(label for control in placed for label in control.class_ids)
    yield Classes(project.export, dict(enumerate(labels)), parts=asked.parts)
    for place, task in project.tasks():
        row = f"task {number_of(task, place)}" if isinstance(task, dict) else f"[{place}]"
        what = "it is not a task with data and annotations"
        if not is_export(task) or (what := why_no_item(task, asked.field, asked.medium)):
            yield Problem("unreadable", project.export, row, what, "It was left out; mend it and import again")
            continue
        said = task["data"][asked.field]
        path, several = (None, ()) if asked.medium.inline else files.find(said)
        if several:
            what = f"{said[:200]!r} may be {' or '.join(several[:3])}"
            yield Problem("unknown", project.export, row, what, "It was left out; import with its folder alone")
            continue
        named_so = path or (path_of(asked.medium, task, place) if asked.medium.inline else named_by(said))
        if (other := spoken.setdefault(named_so, row)) != row:
            what = f"its file {named_so} is that of {other}, too"
            yield Problem("duplicate", project.export, row, what, "The first task of a file counts", named_so)
            continue
        yield from _record(project.export, row, task, named_so, path is not None, said, asked, notes)


def _record(
    file: str,
    row: str,
    task: Mapping[str, Any],
    path: str,
    present: bool,
    said: Any,
    asked: Asked,
    notes: Counter[str],
) -> Iterator[Record | Problem]:
    answers = answers_of(task)
    best = best_answer(answers)
    notes["other answers of tasks"] += max(0, sum(one.get("was_cancelled") is not True for one in answers) - 1)
    notes["drafts"] += len(listed(task, "drafts"))
    meta = task.get("meta")
    split = meta.get("split") if isinstance(meta, dict) else None
    split = split if isinstance(split, str) and split else None
    origin = "the tasks' meta" if split else ""
    if best is None:
        yield Record(path, present, labelled=False, source=file, split=split, split_from=origin)
        return
    media = _media(best["result"], said, asked)
    drafts, problems = drafts_of(best["result"], media, asked, notes)
    for what in problems:
        yield Problem("unreadable", file, row, what, "It was left out; mend it and import again", path)
    width, height = (media.width, media.height) if isinstance(media, Image) and drafts else (None, None)
    lost = len(problems)
    yield Record(path, present, True, file, width, height, split, tuple(drafts), lost=lost, split_from=origin)


def best_answer(answers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The answer that counts: a ground truth before others, the one that was saved last before earlier ones; neither a
    skip nor one whose last review rejects it."""

    def weight(row: Mapping[str, Any]) -> tuple[bool, str]:
        return row.get("ground_truth") is True, str(row.get("updated_at") or row.get("created_at") or "")

    def counts(row: Mapping[str, Any]) -> bool:
        reviews = [one for one in listed(row, "reviews") if isinstance(one, dict)]
        return row.get("was_cancelled") is not True and not (reviews and reviews[-1].get("accepted") is False)

    return max(filter(counts, answers), key=weight, default=None)


def _media(result: Sequence[Any], said: Any, asked: Asked) -> Media:
    if asked.medium.inline:
        return asked.medium.probe(asked.medium.from_data(said))
    for entry in result:
        if isinstance(entry, dict) and "original_width" in entry:
            try:
                width, height = (whole_number(entry[f"original_{side}"]) for side in ("width", "height"))
            except (BadValue, KeyError):
                continue
            if width > 0 and height > 0:
                return Image(width, height)
    return Image(1, 1)  # of what is said of the whole picture


def drafts_of(result: Sequence[Any], media: Media, asked: Asked, notes: Counter[str]) -> tuple[list[Draft], list[str]]:
    """What a result says of an item of this medium as drafts, and why an entry is none. What has no class is counted
    among the `notes`."""
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    problems = []
    for at, entry in enumerate(result):
        if relations.is_relation(entry):
            notes["relations"] += 1
        elif isinstance(entry, dict) and isinstance(entry.get("id"), str):
            groups.setdefault(entry["id"], []).append(entry)
        else:
            problems.append(f"result[{at}] is not an entry with an id")
    drafts = []
    for own, entries in groups.items():
        try:
            for region in from_result(entries, media, asked.controls):
                if not SHAPES[region.kind].labelled:
                    notes[f"{SHAPES[region.kind].task} of whole items"] += 1
                    continue
                said, wrong = plain_attributes(dict(region.attributes))
                notes["attributes that are not plain"] += bool(wrong)
                label, row = label_name(region.label), f"region {own}"
                drafts.append(Draft(label, region.geometry, region.kind, attributes=said, row=row))
        except (ArithmeticError, AttributeError, BadRegion, KeyError, TypeError, ValueError) as error:
            text = str(error)
            problems.append(text if text.startswith("region ") else f"region {own}: {text}")
    return drafts, problems


FORMAT = Format(
    "label-studio",
    "Label Studio",
    detect,
    read,
    holds="export of Label Studio (JSON, a list of tasks)",
    writer=WRITER,
    seems=_seems,
    whole=True,
)
