"""The verb that writes labels in another format: convert."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from motherlode import verbs as sdk
from motherlode.cli.out import Out, Verbs, add_verb, client_of, count, problem_lines
from motherlode.convert import ConvertReport, convert_folder, convert_version
from motherlode.errors import BadInput
from motherlode.formats import FORMATS, writers
from motherlode.formats.writing import clone, copy
from motherlode.importing.out import move_out
from motherlode.shapes import LABEL_TASKS

__all__ = ["add_verbs"]

QUEUE = "queue:"
NOUNS = {"tasks": "task", "annotations": "annotation", "drafts": "draft", "predictions": "prediction"}


def add_verbs(verbs: Verbs) -> None:
    """convert."""
    verb = add_verb(verbs, "convert", convert, "write a folder's, or a version's, labels in another format")
    verb.add_argument("source", help='a folder, a version such as cells@v1, or a queue such as "queue:Trays"')
    verb.add_argument("target", type=Path, help="an empty folder, or none yet")
    verb.add_argument("--to", required=True, choices=list(writers()), help="the format to write")
    verb.add_argument("--from", dest="from_", choices=list(FORMATS), help="default: recognised")
    verb.add_argument("--split", help="of a version: only this split")
    verb.add_argument("--task", choices=LABEL_TASKS, help="of a folder: what its labels are read as (default: boxes)")
    verb.add_argument("--link", action="store_true", help="let images share the disk's blocks where it can (reflink)")


def _queue(arguments: Namespace, out: Out) -> None:
    if not FORMATS[arguments.to].whole:
        raise BadInput(
            f"a queue holds everybody's answers, and {FORMATS[arguments.to].title} one of each item:"
            " publish its dataset and convert the version"
        )
    with client_of(arguments) as client:
        report = move_out(client, arguments.source.removeprefix(QUEUE), arguments.target)
    out.answer(report.as_json())
    counts = report.held.counts
    said = ", ".join(count(counts[name], one) for name, one in NOUNS.items() if counts[name])
    out.say(f"{said} written to {report.folder}.")


def convert(arguments: Namespace, out: Out) -> None:
    """A folder needs no server; a version is pulled first; a queue is written whole, with everybody's answers."""
    if arguments.source.startswith(QUEUE):
        return _queue(arguments, out)
    folder = Path(arguments.source)
    put = clone if arguments.link else copy
    if folder.exists():
        report: ConvertReport = convert_folder(
            folder, arguments.target, arguments.to, arguments.from_, put, arguments.task
        )
    else:
        samples = sdk.load(arguments.source, arguments.split, client=client_of(arguments))
        report = convert_version(samples, arguments.target, arguments.to, put)
    out.answer(report.as_json())
    out.say(f"{count(report.images, 'image')} with {count(report.regions, 'region')} written to {report.folder}.")
    if report.unlabelled:
        out.say(f"{count(report.unlabelled, 'unlabelled image')} left out.")
    for line in problem_lines(report.problems):
        out.say(line)
