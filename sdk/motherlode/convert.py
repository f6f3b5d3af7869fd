"""From one label format to another, or from a version to a format, without a server's help for the first."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from motherlode.carried import plain
from motherlode.errors import BadInput
from motherlode.formats import writers
from motherlode.formats.settling import as_regions, settle
from motherlode.formats.source import Problem
from motherlode.formats.writing import BOXES, CLASSES, OUTLINES, ClassNames, Labelled, Put, copy
from motherlode.importing import Source, look, read_source
from motherlode.labeling_config import Task
from motherlode.media import BadMedia
from motherlode.regions import controls_for
from motherlode.samples import Samples

__all__ = ["ConvertReport", "convert_folder", "convert_version"]


@dataclass
class ConvertReport:
    """What was written, and what was not."""

    format: str
    folder: str
    images: int = 0
    regions: int = 0
    unlabelled: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return {
            "format": self.format,
            "folder": self.folder,
            "images": self.images,
            "regions": self.regions,
            "unlabelled": self.unlabelled,
            "problems": self.problems,
        }


def convert_folder(
    source: Path, target: Path, to: str, name: str | None = None, put: Put = copy, task: Task | None = None
) -> ConvertReport:
    """Read a folder in one format and write another; `put` makes the images, `task` is what labels are read as.

    Raises `BadInput`.
    """
    found = read_source(source, name, task=lambda: task)
    report = ConvertReport(to, str(target), problems=[problem.as_json() for problem in found.problems])
    class_ids = found.class_ids
    asks = {class_ids[label]: asks for label, asks in found.asks.items() if label in class_ids}
    classes = ClassNames({number: label for label, number in class_ids.items()}, asks, parts=found.parts)
    rows = list(_settled(found, class_ids, report))
    if unsplit := sum(not row.split for row in rows):
        what = f"the source gives {unsplit:,} images no split: they were written as train"
        report.problems.append(Problem("note", "", "", what, "Split them yourself, or import and publish").as_json())
    rows = [replace(row, split=row.split or "train") for row in rows]
    _write(to, target, rows, classes, report, put)
    return report


def _settled(source: Source, class_ids: Mapping[str, int], report: ConvertReport) -> Iterator[Labelled]:
    for record in source.records:
        if not record.labelled:
            report.unlabelled += 1
            continue
        file = source.root.file(record.path) if record.present else None
        try:
            looked = look(record, file)
            what = "the image's size is not known"
        except BadMedia as error:
            looked, what = look(record, None), f"the file {error.what}"
        if looked is None:
            problem = Problem("unreadable", record.path, "", what, "It was left out")
            report.problems.append(problem.as_json())
            continue
        drafts, problems = settle(record, *looked)
        if not record.comes_in(len(drafts)):
            problems.append(record.left_unlabelled(len(drafts)))
            report.unlabelled += 1
        report.problems += [problem.as_json() for problem in problems]
        if not record.comes_in(len(drafts)):
            continue
        regions = as_regions(record.path, drafts, controls_for((draft.kind for draft in drafts), class_ids))
        yield Labelled(record.path, file, looked[0], record.split or "", regions)


def convert_version(samples: Samples, target: Path, to: str, put: Put = copy) -> ConvertReport:
    """Write the labelled samples of a version; class ids are its permanent ones, `put` makes the images."""
    report = ConvertReport(to, str(target), unlabelled=sum(not sample.labelled for sample in samples))
    rows = []
    unknown: Counter[str] = Counter()
    links = 0
    for sample in samples:
        if not sample.labelled:
            continue
        odd = sample.labels.unknown
        unknown.update(str(row.get("kind")) for row in odd)
        if odd and not sample.labels:  # nothing of it can be written, which is not the same as an empty image
            what = "has no label of a kind that this version of Motherlode knows"
            problem = Problem("unreadable", sample.path, "", f"it {what}", "It was left out", sample.path)
            report.problems.append(problem.as_json())
            continue
        regions = list(sample.labels)
        own = plain(sample.metadata)
        rows.append(Labelled(sample.path, sample.file, sample.media, sample.split, regions, sample.relations, own))
        links += len(sample.relations)
    described = sum(bool(row.metadata) for row in rows)
    relations = "1 relation between regions was" if links == 1 else f"{links:,} relations between regions were"
    for count, keeps, what, member in (
        (links, "relation", f"{relations} not written", "relations"),
        (described, "metadata", f"the metadata of {described:,} items was not written", "metadata"),
    ):
        if count and to in writers() and keeps not in writers()[to].keeps:
            what = f"{what}: {writers()[to].title} cannot hold {member}"
            remedy = f"{_writing(keeps, member)}; the SDK reads sample.{member}"
            report.problems.append(Problem("note", "", "", what, remedy).as_json())
    for kind, number in unknown.items():
        what = f"{number:,} labels of kind {kind!r} were not written: this version of Motherlode does not know it"
        report.problems.append(Problem("note", "", "", what, "Upgrade Motherlode").as_json())
    _write(to, target, rows, ClassNames(samples.classes, samples.snapshot.asks, samples.snapshot.config), report, put)
    return report


def _write(to: str, target: Path, rows: list[Labelled], classes: ClassNames, report: ConvertReport, put: Put) -> None:
    known = writers()
    if to not in known:
        raise BadInput(f"labels are written as {', '.join(known)}, not as {to!r}")
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target} is not empty; name a folder that is, or none yet")
    chosen, problems = known[to].choose(_without_shared_folder(rows), _remedies())
    report.problems += [problem.as_json() for problem in problems]
    if not chosen:
        # what the format cannot hold says it best, and stands last
        shown = "".join(f"\n  {_said(row)}" for row in reversed(report.problems[-10:]))
        raise BadInput(f"there is no labelled image to write as {known[to].title}{shown}")
    if absent := sum(row.file is None for _, row in chosen):
        what = f"{absent:,} images are not in the source: their labels were written alone"
        report.problems.append(Problem("note", "", "", what, "Put the images beside them").as_json())
    target.mkdir(parents=True, exist_ok=True)
    report.images = len(chosen)
    report.regions = sum(len(row.regions) for _, row in chosen)
    known[to].write(target, chosen, classes, put)


def _remedies() -> dict[str, str]:
    """Which formats hold what another does not, by what is lost."""
    found = {}
    for lost, keeps, noun in (
        (CLASSES, "class", "classes"),
        (BOXES, "box", "boxes"),
        (OUTLINES, "outline", "outlines"),
    ):
        found[lost] = _writing(keeps, noun)
    return {**found, OUTLINES: f"Their bounds were; {found[OUTLINES]}"}


def _writing(keeps: str, noun: str) -> str:
    """Which formats hold what is kept under that name."""
    *names, last = [name for name, writer in writers().items() if keeps in writer.keeps]
    return f"--to {', '.join(names)} and {last} write {noun}" if names else f"--to {last} writes {noun}"


def _said(row: Mapping[str, Any]) -> str:
    return f"{row['file']}{': ' if row['file'] else ''}{row['what']}. {row['remedy']}"


def _without_shared_folder(rows: list[Labelled]) -> list[tuple[str, Labelled]]:
    """Each image with its path below the folder that all of them lie in."""
    shared = os.path.commonpath([os.path.dirname(row.path) for row in rows]) if rows else ""
    return [(row.path[len(shared) + 1 :] if shared else row.path, row) for row in rows]
