"""The verb that brings data in: import.

What only some sources need is loaded with them: to start is a good part of an import of little.
"""

from __future__ import annotations

import json
import os
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from motherlode.cache import default_root
from motherlode.cli.out import Out, Verbs, add_verb, again, client_of, count, problem_lines, size
from motherlode.client import Client
from motherlode.errors import BadInput, NotConfigured
from motherlode.formats import FORMATS, UnknownFormat, detect, format_named
from motherlode.formats.source import Folder, Problem
from motherlode.importing import (
    ImportOptions,
    ImportReport,
    KnownFolder,
    Target,
    bring_in,
    default_project,
    read_source,
    task_asked,
    unchanged,
)
from motherlode.media import MEDIA
from motherlode.results import id_map_file, save_ids
from motherlode.shapes import LABEL_TASKS
from motherlode.versions import parse_name

__all__ = ["add_verbs"]

SHOWN = 10  # images that a line names


def add_verbs(verbs: Verbs) -> None:
    """import."""
    verb = add_verb(verbs, "import", import_, "bring a folder of images or texts, and labels, into a dataset")
    verb.add_argument("path", type=Path, nargs="?", help="a folder, a zip of one, or one COCO or Label Studio file")
    verb.add_argument("--dataset", "-d", required=True, help="the dataset; made, with project and schema, if missing")
    verb.add_argument("--format", "-f", choices=list(FORMATS), help="default: recognised")
    verb.add_argument("--replace", action="store_true", help="replace label sets that came from a person, too")
    verb.add_argument("--strict", action="store_true", help="leave an image unlabelled if any label of it is lost")
    verb.add_argument(
        "--replace-media", action="store_true", help="an item of the same name with other bytes gets the new file"
    )
    verb.add_argument("--split-policy", type=split_policy, metavar="SPLITS", help="of a new dataset: train=0.8,val=0.2")
    verb.add_argument("--labels", type=words, help="of the schema, besides those found: cat,dog")
    verb.add_argument("--task", choices=LABEL_TASKS, help="what labels are read as; default: as the schema asks")
    verb.add_argument("--control", default="", metavar="NAME", help="which control of the schema the labels answer")
    verb.add_argument("--medium", choices=list(MEDIA), help="which files are items; default: images, else texts")
    verb.add_argument("--prefix", default="", help="put before every item's path")
    verb.add_argument("--users", type=Path, metavar="FILE", help="of a Label Studio export: who its person numbers are")
    verb.add_argument("--config", type=Path, metavar="FILE", help="of a Label Studio export: its labeling config")
    verb.add_argument("--media", type=Path, metavar="FOLDER", help="of a Label Studio export: where its media lie")
    verb.add_argument(
        "--from-label-studio",
        metavar="URL",
        help="bring in a project of a Label Studio server: --project is its number, LABEL_STUDIO_API_KEY the key",
    )
    verb.add_argument("--zip-encoding", default="", metavar="NAME", help="of names in a zip that are not UTF-8: gbk")


def words(text: str) -> list[str]:
    """`cat,dog` in parts."""
    return [part.strip() for part in text.split(",") if part.strip()]


def split_policy(text: str) -> dict[str, float]:
    """`train=0.8,val=0.1,test=0.1`, or the same as JSON."""
    try:
        if text.lstrip().startswith("{"):
            pairs = list(json.loads(text).items())
        else:
            pairs = [part.partition("=")[::2] for part in text.split(",") if part.strip()]
        policy = {str(name).strip(): float(share or 1) for name, share in pairs}
    except (TypeError, ValueError):
        policy = {}
    if not policy or min(policy.values()) < 0 or sum(policy.values()) <= 0:
        raise ArgumentTypeError(f"{text!r} is not splits and their shares, such as train=0.8,val=0.2")
    return policy


def import_(arguments: Namespace, out: Out) -> int:
    """Bring it in, and say what was made, what came in and what did not; a zip is unpacked first."""
    if arguments.from_label_studio:
        arguments.path = _fetched(arguments, out)
    if arguments.path is None:
        raise BadInput("name what is to come in: a folder, a zip of one, or one label file")
    if arguments.path.suffix.lower() != ".zip" or not arguments.path.is_file():
        return _import(arguments.path, arguments, out)
    from motherlode.zips import unpacked

    with unpacked(arguments.path, arguments.zip_encoding) as folder:
        return _import(folder, arguments, out)


def _fetched(arguments: Namespace, out: Out) -> Path:
    """The folder that a Label Studio project was fetched into; `--project` is taken as its number."""
    from motherlode.label_studio.server import fetch, folder_of

    if arguments.path is not None:
        raise BadInput("--from-label-studio brings in a project of a server: leave the path out")
    number, url = str(arguments.project or ""), str(arguments.from_label_studio)
    if not (number.isascii() and number.isdecimal()):
        raise BadInput(
            "--from-label-studio needs --project with the number of Label Studio's project, as in its address"
        )
    key = os.environ.get("LABEL_STUDIO_API_KEY", "")
    if not key:
        raise NotConfigured("set LABEL_STUDIO_API_KEY to a token of Label Studio (Account & Settings there)")
    arguments.project, arguments.format = None, "label-studio"
    folder = folder_of(default_root(), url, int(number))
    fetch(url, int(number), folder, key, out.say)
    return folder


def _import(path: Path, arguments: Namespace, out: Out) -> int:
    name = parse_name(arguments.dataset)
    client = client_of(arguments, name.project)
    try:
        project = client.project
    except NotConfigured as error:
        raise NotConfigured(f"{error}; such as --project {default_project(arguments.path)}") from None
    options = ImportOptions(
        project=project,
        dataset=name.dataset,
        format=arguments.format,
        replace=arguments.replace,
        replace_media=arguments.replace_media,
        split_policy=arguments.split_policy,
        labels=arguments.labels or (),
        task=arguments.task,
        medium=arguments.medium,
        prefix=arguments.prefix,
        strict=arguments.strict,
        control=arguments.control,
    )
    with client:
        if _is_whole(path, options):
            return _move(client, path, options, arguments, out)
        report = _brought_in(client, path, options, arguments, out)
        if report is None:
            return _by_tasks(client, path, options, arguments, out)
    out.answer(report.as_json())
    for line in _import_lines(report, arguments.replace, again(arguments, name.project, name.dataset)):
        out.say(line)
    return 0 if report.items or report.label_sets or report.unchanged else 1


def _is_whole(path: Path, options: ImportOptions) -> bool:
    """Whether a source is one of which everybody's answers come in."""
    if options.format:
        return format_named(options.format).whole
    with suppress(UnknownFormat):
        return path.exists() and detect(Folder(path)).whole
    return False


def _by_tasks(client: Client, path: Path, options: ImportOptions, arguments: Namespace, out: Out) -> int:
    """Bring in a source whose labels are of several kinds: written as tasks first, whose config asks for each kind."""
    from tempfile import TemporaryDirectory

    from motherlode.convert import convert_folder
    from motherlode.formats.writing import clone

    with TemporaryDirectory() as folder:
        found = convert_folder(path, Path(folder), "label-studio", options.format, clone)
        kept = [row for row in found.problems if row["kind"] != "note" or row["file"]]
        if found.unlabelled:
            what = f"{count(found.unlabelled, 'unlabelled image')} left out"
            remedy = "Import them apart, with --format images"
            kept.append(Problem("note", "", "", what, remedy).as_json())
        return _move(client, Path(folder), options, arguments, out, kept)


def _move(
    client: Client,
    path: Path,
    options: ImportOptions,
    arguments: Namespace,
    out: Out,
    before: Sequence[dict[str, Any]] = (),
) -> int:
    """Bring a project of another tool in, and say what its export holds and what came in of it; `before` are problems
    that were met on the way."""
    from motherlode.importing.whole import move_in
    from motherlode.label_studio.project import Project

    project = Project.find(
        path, media=arguments.media, config=arguments.config, users=arguments.users, called=arguments.path
    )
    report = move_in(client, project, options, out.say)
    report.problems[:0] = before
    out.answer(report.as_json())
    for line in report.lines():
        out.say(line)
    for line in problem_lines(report.as_json()["problems"]):
        out.say(line)
    return 0 if report.taken["tasks"] or report.taken["tasks_there"] else 1


def _brought_in(
    client: Client, path: Path, options: ImportOptions, arguments: Namespace, out: Out
) -> ImportReport | None:
    """The report; None, and nothing was brought in, where the labels are of several kinds."""
    ids = id_map_file(default_root(), client.url, options.project, options.dataset)
    known = KnownFolder(Folder(path), keep=path == arguments.path)  # the inside of a zip is elsewhere next time
    key = known.key(client.url, options) if path.exists() else ""
    target = Target(client, options)
    report = unchanged(target, known, key, ids_kept=ids.exists())
    if report is not None:
        known.save()
        return report
    source = read_source(
        path,
        options.format,
        options.prefix,
        strict=options.strict,
        called=arguments.path,
        task=lambda: task_asked(target),
        medium=options.medium,
        asked=options.task,
    )
    if len(source.tasks) > 1:
        return None
    report = bring_in(client, source, options, out.say, target=target, known=known, key=key)
    if source.ids:
        save_ids(ids, source.ids)
    return report


def _import_lines(report: ImportReport, replaced: bool, named: str) -> Iterator[str]:
    """What came in, what gave the splits, what did not come in and why; the last line says it in one."""
    sent = f", {size(report.sent_bytes)} sent" if report.sent_bytes else ""
    yield f"{count(report.created, 'item')} new, {report.existing:,} there before{sent}."
    if report.replaced:
        yield f"{count(report.replaced, 'item')} with a new file; labels, splits and history are kept."
    if report.resized:
        shown = ", ".join(report.resized[:SHOWN]) + (", ..." if len(report.resized) > SHOWN else "")
        yield f"{count(len(report.resized), 'item')} with a picture of another size: {shown}." + (
            " Labels from before are marked on the Items page (filter Labels: to check); a queue can be filled so."
        )
    if report.label_sets:
        yield f"{count(report.label_sets, 'label set')} with {count(report.regions, 'region')}."
    if report.unchanged:
        yield f"{count(report.unchanged, 'label set')} as before."
    if report.skipped_human and not replaced:
        kept = count(len(report.skipped_human), "item")
        yield f"{kept} {'keeps' if len(report.skipped_human) == 1 else 'keep'} the labels that a person made;" + (
            " --replace takes the imported ones."
        )
    yield from _split_lines(report)
    notes = [row for row in report.problems if row.get("kind") == "note"]
    wrong = [row for row in report.problems if row.get("kind") not in ("note", "unlabelled")]
    more = sum(
        number for kind, number in report.unlisted.items() if kind not in ("notes", "unlabelled", "skipped_human")
    )
    if wrong:
        yield f"{count(len(wrong) + more, 'problem')}, with place and remedy:"
        yield from problem_lines(wrong)
    if notes:
        yield "Also seen:"
        yield from problem_lines(notes)
    unlabelled = report.unlabelled
    if unlabelled:
        number = report.left_unlabelled
        shown = ", ".join(unlabelled[:SHOWN]) + (", ..." if number > SHOWN else "")
        stay, them = ("image stays", "it") if number == 1 else ("images stay", "them")
        yield f"{number:,} {stay} unlabelled, since labels of {them} could not come in: {shown}"
    yield _import_sum(report, bool(wrong), named)


DECIDED_BY = {
    "published": "as a published version has it",
    "import": "as an earlier import said",
    "person": "as a person decided",
}


def _split_lines(report: ImportReport) -> Iterator[str]:
    """How many items got their split from where, and which given splits lost against an earlier decision."""
    origins: dict[str, dict[str, int]] = {}
    for split, given in report.splits.items():
        for origin, items in given.items():
            origins.setdefault(origin, {})[split] = items
    for origin, splits in origins.items():
        yield f"Splits by {origin}: {', '.join(f'{split} {items:,}' for split, items in splits.items())}."
    if report.splits_lost:
        kept = count(sum(report.splits_lost.values()), "item")
        yield f"{kept} in the dataset already, whose given split is not taken (a split sticks once it is decided):"
        for (wanted, stays, by), lost in sorted(report.splits_lost.items()):
            yield f"  {lost:,} given {wanted}: in {stays}, {DECIDED_BY.get(by, by)}"
        yield "  A new dataset takes the given splits: --dataset with another name."
    rest = report.items - sum(sum(given.values()) for given in report.splits.values())
    if rest > 0 and origins:
        named = "item gets its" if rest == 1 else "items get their"
        yield f"{rest:,} {named} split from the dataset's split policy."


def _import_sum(report: ImportReport, wrong: bool, named: str) -> str:
    labelled = report.label_sets + report.unchanged
    parts = [f"In: {count(report.items, 'item')}, labels of {count(labelled, 'item')}."]
    missing = [count(report.images - report.items, "item")] if report.images > report.items else []
    missing += [f"the labels of {count(report.left_unlabelled, 'item')}"] if report.unlabelled else []
    if missing:
        parts.append(f"Not in: {' and '.join(missing)}.")
    if missing or wrong:
        parts.append("Next: mend what is named above and import again; what is in stays in.")
    elif report.items or labelled:
        parts.append(f'Next: lode publish {named} -m "why"')
    return " ".join(parts)
