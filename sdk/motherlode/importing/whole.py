"""Moving a Label Studio project in whole: its items, its schema, and a queue with everybody's answers.

The export is read once, a task at a time; what was said of each waits, as it is sent, in a file that has no name until
the items are there. Parts go out while the next are made; a part that was sent before changes nothing, so an import
that broke off goes on when it is run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, BinaryIO
from urllib.parse import quote

from motherlode.client import Client
from motherlode.errors import BadInput, Refused
from motherlode.formats import format_named
from motherlode.formats.source import Folder, Problem, Record
from motherlode.importing import ImportOptions, ImportReport, Source, bring_in
from motherlode.importing.sending import item_path
from motherlode.label_studio.configs import Seen, with_links, with_our_field
from motherlode.label_studio.files import MediaFiles
from motherlode.label_studio.lines import as_text, line_text
from motherlode.label_studio.project import Project
from motherlode.label_studio.tasks import (
    Contents,
    answers_of,
    counts_of,
    field_of,
    line_of,
    number_of,
    path_of,
    why_no_item,
)
from motherlode.media import BadMedia, Image, Media, named

__all__ = ["Found", "MoveReport", "look", "move_in", "parts_of"]

PART = 500
PART_BYTES = 8 << 20
LONGEST = 4096  # letters of an address; what is longer is a text, which is read when it is needed


@dataclass
class MoveReport:
    """What the export holds, what came in of it, and what did not and why."""

    items: ImportReport
    queue: str = ""
    held: Contents = field(default_factory=Contents)
    taken: Counter[str] = field(default_factory=Counter)
    inactive: list[str] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object: that of the items, with `queue`, `export`, `taken` and the problems of both."""
        return {
            **self.items.as_json(),
            "queue": self.queue,
            "export": self.held.as_json(),
            "taken": dict(self.taken),
            "problems": [*self.items.problems, *self.problems],
        }

    def lines(self) -> Iterator[str]:
        """What the export holds beside what came in, kind by kind."""
        held, taken = self.held.counts, self.taken
        answers = taken["answers"] + taken["skipped"]
        yield f"Queue {self.queue!r}:"
        for name, wanted, new, there in (
            ("tasks", held["tasks"], taken["tasks"], taken["tasks_there"]),
            ("annotations", held["annotations"], answers, taken["answers_there"]),
            ("of them skips", held["skipped"], taken["skipped"], 0),
            ("of them ground truths", held["ground_truths"], taken["ground_truths"], 0),
            ("reviews", held["reviews"], taken["reviews"], 0),
            ("drafts", held["drafts"], taken["drafts"], taken["drafts_there"]),
            ("predictions", held["predictions"], taken["predictions"], taken["predictions_there"]),
            ("entries of results", sum(self.held.by_type.values()), taken["entries"], 0),
        ):
            before = f", {there:,} there before" if there else ""
            if wanted or new:
                yield f"  {name}: {new:,} of {wanted:,}{before}"
        if kept := taken["answers_kept"]:
            yield f"  {kept:,} annotations were left as somebody has changed them here since"
        yield f"{taken['label_sets']:,} label sets with {taken['regions']:,} regions and answers."


def move_in(
    client: Client, project: Project, options: ImportOptions, say: Callable[[str], None] = lambda text: None
) -> MoveReport:
    """Bring a project in, into the dataset, schema and queue of these options' names, made where they are missing.

    Raises `BadInput`, before anything is made, for an export that cannot be read to its end, and for a config that asks
    what is not supported, by name.
    """
    with TemporaryFile() as lines:
        return _move_in(client, project, look(project, lines), lines, options, say)


def _move_in(
    client: Client,
    project: Project,
    found: Found,
    lines: BinaryIO,
    options: ImportOptions,
    say: Callable[[str], None],
) -> MoveReport:
    asked = project.asked(found.seen, found.field)
    with _root(project, asked.medium, found) as (root, paths, problems):
        source = Source(root, format_named("label-studio"), medium=asked.medium, problems=problems)
        links = [one for one in found.seen.links if asked.links is None or one not in asked.links.class_ids]
        source.config = with_our_field(with_links(project.config, links))
        source.config_file = project.config_file
        if links:
            names = ", ".join(map(repr, links[:10]))
            what = f"results have relations named {names}, which the config does not declare"
            remedy = "They were added to the schema"
            problems.append(Problem("note", project.export, "", what, remedy))
        source.records = [_record(path, found.splits.get(place)) for place, path in paths.items()]
        if not source.records:
            shown = "".join(f"\n  {problem}" for problem in problems[:10])
            raise BadInput(f"none of the tasks' {asked.medium.plural} was found, so nothing was brought in{shown}")
        report = MoveReport(bring_in(client, source, options, say), held=found.contents)
        queue = _queue(client, project, options, say, report)
        _send(client, project, parts_of(lines, options, paths), queue, report)
    return report


def _record(path: str, split: str | None) -> Record:
    return Record(path, present=True, labelled=False, split=split, split_from="the tasks' meta" if split else "")


@dataclass
class Found:
    """What the export holds, counted; the config that its results were made under; the field of its tasks' data, and
    what that says and which split a task is of, by its place."""

    contents: Contents = field(default_factory=Contents)
    seen: Seen = field(default_factory=Seen)
    said: dict[int, str] = field(default_factory=dict)
    splits: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    field: str = ""


def look(project: Project, lines: BinaryIO) -> Found:
    """Read an export to its end, before anything is made, and write into `lines` what `parts_of` sends of each task:
    its place, and the line that brings it in, which lacks the path of its item. Raises `BadInput`."""
    asked = project.asked(Seen(), "") if project.config else None
    model = str(project.settings.get("model_version") or "")
    found = Found(field=asked.field if asked else "")
    medium = asked.medium if asked else Image
    for place, task in project.tasks():
        if not isinstance(task, dict):
            _tell(found, project, f"[{place}]", "it is not an object")
            continue
        counts_of(task, found.contents)
        for answer in answers_of(task):
            found.seen.see(answer["result"])
        found.field = found.field or field_of(task)
        meta = task.get("meta")
        if isinstance(meta, dict) and isinstance(meta.get("split"), str) and meta["split"]:
            found.splits[place] = meta["split"]
        text, why = line_text(line_of(task, place, "", project.people, model))
        if why := why or why_no_item(task, found.field, medium):
            _tell(found, project, f"task {number_of(task, place)}", why)
            continue
        lines.write(b"%d %s\n" % (place, text))
        said = task["data"][found.field]
        found.said[place] = said[:LONGEST] if isinstance(said, str) else ""
    if not found.contents.counts["tasks"]:
        raise BadInput(f"{project.export} holds no task")
    return found


def _tell(found: Found, project: Project, row: str, what: str) -> None:
    remedy = "It was left out; mend it and import again"
    found.problems.append(Problem("unreadable", project.export, row, what, remedy))


@contextmanager
def _root(
    project: Project, medium: type[Media], found: Found
) -> Iterator[tuple[Folder, dict[int, str], list[Problem]]]:
    """The folder of the tasks' files, the path of each by the task's place, and what was not found. Texts and
    lists that stand in the export itself get a file each."""
    paths: dict[int, str] = {}
    if medium is Image:
        _find_files(project, found, paths)
        yield Folder(project.media_root), paths, found.problems
        return
    with TemporaryDirectory() as made:
        (Path(made) / medium.plural).mkdir()
        for place, task in project.tasks():
            if place not in found.said:
                continue
            try:
                data = medium.from_data(task["data"][found.field])
            except BadMedia as error:  # without a config nobody knew what the data is
                what = f"the {found.field!r} of its data {error.what}"
                _tell(found, project, f"task {number_of(task, place)}", what)
                continue
            paths[place] = path_of(medium, task, place)
            (Path(made) / paths[place]).write_bytes(data)
        yield Folder(Path(made)), paths, found.problems


def _find_files(project: Project, found: Found, paths: dict[int, str]) -> None:
    files = MediaFiles(name for name in project.media.names() if named(name) is Image)
    owners: dict[str, int] = {}
    for place, said in found.said.items():
        file, several = files.find(said)
        row = f"[{place}]"
        if file is None:
            what = f"{said[:200]!r} may be {' or '.join(several[:3])}" if several else f"no file is {said[:200]!r}"
            remedy = "Put it below the folder of media under the path it names, and import again"
            found.problems.append(Problem("unknown", project.export, row, what, remedy))
        elif (other := owners.setdefault(file, place)) != place:
            what = f"its file {file} is that of [{other}], too"
            found.problems.append(Problem("duplicate", project.export, row, what, "The first task of a file came in"))
        else:
            paths[place] = file


def _queue(
    client: Client, project: Project, options: ImportOptions, say: Callable[[str], None], report: MoveReport
) -> Mapping[str, Any]:
    """The queue of the project, made where there is none; paused, so that nobody takes a task that is half there."""
    address = client.project_path(options.project)
    name = (project.title or options.dataset)[:120]
    schema = client.get(f"{address}/datasets/{quote(options.dataset)}")["schema"]
    queues = {row["name"]: row for row in client.pages(f"{address}/queues")}
    if name in queues and queues[name]["schema"] != schema:
        name = f"{name} ({options.dataset})"
    report.queue, there = name, queues.get(name)
    if there is None:
        body = {"name": name, "schema": schema, "items": [], "overlap": project.overlap}
        try:
            there = client.post(f"{address}/queues", body)
        except Refused as error:
            if error.code != "not_yet":
                raise
            there = client.post(f"{address}/queues", {**body, "overlap": 1})
            what = f"a task of the project is to get {project.overlap} answers, and one of the queue gets 1"
            remedy = "All that were given came in; a task with an answer is done"
            report.problems.append(Problem("note", project.export, "", what, remedy).as_json())
        say(f"made the queue {name!r}")
        report.items.made.append(f"made the queue {name!r}")
    client.patch(f"queues/{there['uuid']}", {"state": "paused"})
    return there


def _send(
    client: Client, project: Project, parts: Iterator[bytes], queue: Mapping[str, Any], report: MoveReport
) -> None:
    address = f"queues/{queue['uuid']}/move-in"
    headers = {"Content-Type": "application/x-ndjson"}

    def put(part: bytes) -> Mapping[str, Any]:
        found: Mapping[str, Any] = client.request("POST", address, content=part, headers=headers, repeatable=True)
        return found

    for answer in client.each(put, parts, at_most=2):
        report.taken.update(answer["counts"])
        report.problems += [{**row, "file": project.export} for row in answer["problems"]]
    client.patch(f"queues/{queue['uuid']}", {"state": "open"})
    _notes(project, report)


def parts_of(lines: BinaryIO, options: ImportOptions, paths: Mapping[int, str]) -> Iterator[bytes]:
    """The lines that `look` wrote of the tasks that have a path, by their place, in parts of at most `PART` and about
    `PART_BYTES`."""
    part: list[bytes] = []
    size = 0
    lines.seek(0)
    for place, text in (row.split(b" ", 1) for row in lines):
        if (file := paths.get(int(place))) is None:
            continue
        path = as_text(item_path(Record(path=file, present=True, labelled=False), options))
        line = b'{"path": %s, %s' % (path.encode("utf-8", "replace"), text[1:])
        if part and (len(part) == PART or size + len(line) > PART_BYTES):
            yield b"".join(part)
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield b"".join(part)


def _notes(project: Project, report: MoveReport) -> None:
    counts = report.held.counts
    if numbers := counts["predictions_by_number"]:
        what = f"{numbers:,} predictions are named by their number alone: this export does not hold them"
        remedy = "lode import --from-label-studio brings them in, too"
        report.problems.append(Problem("note", project.export, "", what, remedy).as_json())
    if unknown := sorted(project.people.unknown):
        who = ", ".join(map(str, unknown[:10])) + (", ..." if len(unknown) > 10 else "")
        what = f"nothing says who the person{'s' * (len(unknown) > 1)} {who} of the export are"
        remedy = "They came in as people who cannot log in; --users names them"
        report.problems.append(Problem("note", project.export, "", what, remedy).as_json())
