"""Verbs that bring data in and make versions of it: import, convert, publish, versions, diff."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from motherlode import verbs as sdk
from motherlode.cache import Cache
from motherlode.cli.out import Out, Verbs, add_verb, count, problem_lines, size
from motherlode.cli.pins import id_map_file
from motherlode.cli.server import client_of
from motherlode.client import Client
from motherlode.convert import ConvertReport, convert_folder, convert_version
from motherlode.errors import BadInput, NotConfigured
from motherlode.formats import FORMATS, writers
from motherlode.formats.source import Folder
from motherlode.formats.writing import clone, copy
from motherlode.importing import (
    ImportOptions,
    ImportReport,
    KnownFolder,
    bring_in,
    default_project,
    read_source,
    task_asked,
    unchanged,
)
from motherlode.media import MEDIA
from motherlode.predictions import save_ids
from motherlode.shapes import BY_TASK
from motherlode.versions import dataset_path, parse_name
from motherlode.zips import unpacked

__all__ = ["add_verbs"]

SHOWN = 10  # images that a line names


def add_verbs(verbs: Verbs) -> None:
    """import, convert, publish, versions, diff."""
    verb = add_verb(verbs, "import", import_, "bring a folder of images or texts, and labels, into a dataset")
    verb.add_argument("path", type=Path, help="a folder, a zip of one, or one COCO file")
    verb.add_argument("--dataset", "-d", required=True, help="the dataset; made, with project and schema, if missing")
    verb.add_argument("--format", "-f", choices=list(FORMATS), help="default: recognised")
    verb.add_argument("--replace", action="store_true", help="replace label sets that came from a person, too")
    verb.add_argument("--strict", action="store_true", help="leave an image unlabelled if any label of it is lost")
    verb.add_argument(
        "--replace-media", action="store_true", help="an item of the same name with other bytes gets the new file"
    )
    verb.add_argument("--split-policy", type=split_policy, metavar="SPLITS", help="of a new dataset: train=0.8,val=0.2")
    verb.add_argument("--labels", type=words, help="of the schema, besides those found: cat,dog")
    verb.add_argument("--task", choices=list(BY_TASK), help="what labels are read as; default: as the schema asks")
    verb.add_argument("--control", default="", metavar="NAME", help="which control of the schema the labels answer")
    verb.add_argument("--medium", choices=list(MEDIA), help="which files are items; default: images, else texts")
    verb.add_argument("--prefix", default="", help="put before every item's path")
    verb.add_argument("--zip-encoding", default="", metavar="NAME", help="of names in a zip that are not UTF-8: gbk")
    verb = add_verb(verbs, "convert", convert, "write a folder's, or a version's, labels in another format")
    verb.add_argument("source", help="a folder, or a version such as cells@v1")
    verb.add_argument("target", type=Path, help="an empty folder, or none yet")
    verb.add_argument("--to", required=True, choices=list(writers()), help="the format to write")
    verb.add_argument("--from", dest="from_", choices=list(FORMATS), help="default: recognised")
    verb.add_argument("--split", help="of a version: only this split")
    verb.add_argument("--task", choices=list(BY_TASK), help="of a folder: what its labels are read as (default: boxes)")
    verb.add_argument("--link", action="store_true", help="let images share the disk's blocks where it can (reflink)")
    verb = add_verb(verbs, "publish", publish, "make a version of a dataset as it stands")
    verb.add_argument("dataset", help="its name: cells")
    verb.add_argument("--message", "-m", default="", help="why")
    verb = add_verb(verbs, "versions", versions, "list a dataset's versions")
    verb.add_argument("dataset", help="its name: cells")
    verb = add_verb(verbs, "diff", diff, "say what changed between two versions")
    verb.add_argument("old", help="cells@v1")
    verb.add_argument("new", help="cells@v2, or v2")


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
    if arguments.path.suffix.lower() != ".zip" or not arguments.path.is_file():
        return _import(arguments.path, arguments, out)
    with unpacked(arguments.path, arguments.zip_encoding) as folder:
        return _import(folder, arguments, out)


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
        report = _brought_in(client, path, options, arguments, out)
    out.answer(report.as_json())
    for line in _import_lines(report, arguments.replace):
        out.say(line)
    return 0 if report.items or report.label_sets or report.unchanged else 1


def _brought_in(client: Client, path: Path, options: ImportOptions, arguments: Namespace, out: Out) -> ImportReport:
    ids = id_map_file(Cache(), client.url, options.project, options.dataset)
    known = KnownFolder(Folder(path), keep=path == arguments.path)  # the inside of a zip is elsewhere next time
    key = known.key(client.url, options) if path.exists() else ""
    report = unchanged(client, known, options, key, ids_kept=ids.exists())
    if report is not None:
        known.save()
        return report
    source = read_source(
        path,
        options.format,
        options.prefix,
        strict=options.strict,
        called=arguments.path,
        task=lambda: task_asked(client, options),
        medium=options.medium,
        asked=options.task,
    )
    report = bring_in(client, source, options, out.say, known=known, key=key)
    if source.ids:
        save_ids(ids, source.ids)
    return report


def _import_lines(report: ImportReport, replaced: bool) -> Iterator[str]:
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
    yield _import_sum(report, bool(wrong))


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


def _import_sum(report: ImportReport, wrong: bool) -> str:
    labelled = report.label_sets + report.unchanged
    parts = [f"In: {count(report.items, 'item')}, labels of {count(labelled, 'item')}."]
    missing = [count(report.images - report.items, "item")] if report.images > report.items else []
    missing += [f"the labels of {count(report.left_unlabelled, 'item')}"] if report.unlabelled else []
    if missing:
        parts.append(f"Not in: {' and '.join(missing)}.")
    if missing or wrong:
        parts.append("Next: mend what is named above and import again; what is in stays in.")
    elif report.items or labelled:
        parts.append(f'Next: lode publish {report.dataset} -m "why"')
    return " ".join(parts)


def convert(arguments: Namespace, out: Out) -> None:
    """A folder needs no server; a version is pulled first."""
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


def publish(arguments: Namespace, out: Out) -> None:
    """Ask for it, wait for the job, and say what it is."""
    name = parse_name(arguments.dataset)
    with client_of(arguments, name.project) as client:
        path = dataset_path(client, name)
        body = {"message": arguments.message, "operation_id": str(uuid4())}
        answer = client.post(f"{path}/publish", body, repeatable=True)
        unchanged = bool(answer.get("unchanged"))
        version = answer["version"]
        if answer.get("job") and not unchanged:
            client.wait(answer["job"], f"Publishing {name.dataset}")
            version = client.get(f"{path}/versions/{version['version']}")
    out.answer({**version, "unchanged": unchanged})
    head = f"{version['dataset']}@v{version['version']}"
    if unchanged:
        out.say(f"Nothing changed since {head}; it stays the latest.")
    else:
        out.say(f"Published {head}: {_splits(version.get('splits') or {})}")
    out.say(f"  digest  {version['digest']}")
    out.say(f"  commit  {version['commit']}")
    if version.get("url"):
        out.say(f"  page    {version['url']}")
    out.say(f"Next: lode pin {head}")


def _splits(splits: Mapping[str, Any]) -> str:
    total = sum(int(items) for items in splits.values())
    return f"{count(total, 'item')} ({', '.join(f'{name} {items:,}' for name, items in splits.items())})"


def versions(arguments: Namespace, out: Out) -> None:
    """The newest first."""
    name = parse_name(arguments.dataset)
    with client_of(arguments, name.project) as client:
        rows = sorted(client.pages(f"{dataset_path(client, name)}/versions"), key=lambda row: -int(row["version"]))
    out.answer(rows)
    if not rows:
        out.say(f'{name.dataset} has no version yet: lode publish {name.dataset} -m "why"')
    lines = [
        (
            f"{row['dataset']}@v{row['version']}",
            sum(int(items) for items in (row.get("splits") or {}).values()),
            " ".join(f"{split}={items}" for split, items in (row.get("splits") or {}).items()),
            str(row["digest"])[:19],
            str(row.get("created_at") or "")[:16].replace("T", " "),
            row.get("message") or "",
        )
        for row in rows
    ]
    out.table(lines, ("version", "items", "splits", "digest", "made", "why"))


def diff(arguments: Namespace, out: Out) -> None:
    """From the old to the new."""
    old = parse_name(arguments.old)
    text = arguments.new
    new = parse_name(text if "@" in text else f"{old.dataset}@{text}")
    if (old.dataset, old.project) != (new.dataset, new.project or old.project):
        raise BadInput("versions of one dataset are compared: lode diff cells@v1 cells@v2")
    with client_of(arguments, old.project) as client:
        path = dataset_path(client, old)
        numbers = [str(client.get(f"{path}/versions/{_which(part.version)}")["version"]) for part in (old, new)]
        answer = client.get(f"{path}/diff/{numbers[0]}/{numbers[1]}")
    out.answer(answer)
    out.say(f"{old.dataset}@v{numbers[0]} -> v{numbers[1]}")
    for key, value in answer.items():
        if isinstance(value, bool) or key in ("results", "next", "old", "new"):
            continue
        if isinstance(value, int):
            out.say(f"  {key.replace('_', ' '):<20} {value:,}")
        elif isinstance(value, Mapping) and value and all(isinstance(number, int) for number in value.values()):
            sign = "+" if key == "classes" else ""
            parts = ", ".join(f"{name} {number:{sign},}" for name, number in value.items())
            out.say(f"  {key.replace('_', ' '):<20} {parts}")


def _which(version: str) -> str:
    return version[1:] if version[1:].isdigit() and version.startswith("v") else version or "latest"
