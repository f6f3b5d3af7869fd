"""From one label format to another, or from a version to a format, without a server's help for the first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motherlode.errors import BadInput
from motherlode.formats import coco, voc, yolo
from motherlode.formats.source import Problem, Record, as_regions, settle
from motherlode.importing import Source, look, read_source
from motherlode.regions import Region
from motherlode.samples import Samples

__all__ = ["TARGETS", "ConvertReport", "Labelled", "convert_folder", "convert_version"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled image to be written: `file` is None where only its labels are there."""

    path: str
    file: Path | None
    width: int
    height: int
    split: str
    regions: Sequence[Region]


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


def convert_folder(source: Path, target: Path, to: str, name: str | None = None) -> ConvertReport:
    """Read a folder in one format and write another. Raises `BadInput`."""
    found = read_source(source, name)
    report = ConvertReport(to, str(target), problems=[problem.as_json() for problem in found.problems])
    class_ids = found.class_ids
    classes = {number: label for label, number in class_ids.items()}
    _write(to, target, list(_settled(found, class_ids, report)), classes, report)
    return report


def _settled(source: Source, class_ids: Mapping[str, int], report: ConvertReport) -> Iterator[Labelled]:
    for record in source.records:
        if not record.labelled:
            report.unlabelled += 1
            continue
        file = source.root.file(record.path) if record.present else None
        size = _size(record, file)
        if size is None:
            problem = Problem("unreadable", record.path, "", "the image's size is not known", "It was left out")
            report.problems.append(problem.as_json())
            continue
        drafts, problems = settle(record, *size)
        if not record.comes_in(len(drafts)):
            problems.append(record.left_unlabelled(len(drafts)))
            report.unlabelled += 1
        report.problems += [problem.as_json() for problem in problems]
        if not record.comes_in(len(drafts)):
            continue
        regions = as_regions(record.path, drafts, class_ids)
        yield Labelled(record.path, file, size[0], size[1], record.split or "train", regions)


def _size(record: Record, file: Path | None) -> tuple[int, int, int] | None:
    """Width, height and EXIF orientation of the upright image, from its bytes, else as its labels claim."""
    looked = None if file is None else look(file)
    if looked is None and record.width and record.height:
        return (record.width, record.height, 1)
    return looked


def convert_version(samples: Samples, target: Path, to: str) -> ConvertReport:
    """Write the labelled samples of a version; class ids are its permanent ones."""
    report = ConvertReport(to, str(target), unlabelled=sum(not sample.labelled for sample in samples))
    rows = [
        Labelled(sample.path, sample.file, sample.width, sample.height, sample.split, list(sample.labels))
        for sample in samples
        if sample.labelled
    ]
    _write(to, target, rows, samples.classes, report)
    return report


def _write(to: str, target: Path, rows: list[Labelled], classes: Mapping[int, str], report: ConvertReport) -> None:
    if to not in TARGETS:
        raise BadInput(f"labels are written as {', '.join(TARGETS)}, not as {to!r}")
    if target.exists() and any(target.iterdir()):
        raise BadInput(f"{target} is not empty; name a folder that is, or none yet")
    if not rows:
        shown = "".join(f"\n  {row['file']}: {row['what']}. {row['remedy']}" for row in report.problems[:10])
        raise BadInput(f"there is no labelled image to write{shown}")
    target.mkdir(parents=True, exist_ok=True)
    report.images = len(rows)
    report.regions = sum(len(row.regions) for row in rows)
    TARGETS[to](target, _without_shared_folder(rows), classes)


def _without_shared_folder(rows: list[Labelled]) -> list[tuple[str, Labelled]]:
    """Each image with its path below the folder that all of them lie in."""
    shared = os.path.commonpath([os.path.dirname(row.path) for row in rows]) if rows else ""
    return [(row.path[len(shared) + 1 :] if shared else row.path, row) for row in rows]


def _put(row: Labelled, place: Path) -> None:
    if row.file is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.file, place)


def _text(place: Path, data: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def _by_split(rows: Iterable[tuple[str, Labelled]]) -> dict[str, list[tuple[str, Labelled]]]:
    found: dict[str, list[tuple[str, Labelled]]] = {}
    for path, row in rows:
        found.setdefault(row.split, []).append((path, row))
    return found


def _write_voc(target: Path, rows: list[tuple[str, Labelled]], classes: Mapping[int, str]) -> None:
    for path, row in rows:
        _put(row, target / "JPEGImages" / path)
        data = voc.write_xml(path, row.width, row.height, row.regions)
        _text(target / "Annotations" / f"{os.path.splitext(path)[0]}.xml", data)
    for split, part in _by_split(rows).items():
        names = "".join(f"{os.path.splitext(path)[0]}\n" for path, _ in part)
        _text(target / "ImageSets" / "Main" / f"{split}.txt", names.encode())


def _write_coco(target: Path, rows: list[tuple[str, Labelled]], classes: Mapping[int, str]) -> None:
    for split, part in _by_split(rows).items():
        for path, row in part:
            _put(row, target / "images" / split / path)
        (target / "annotations").mkdir(exist_ok=True)
        with (target / "annotations" / f"instances_{split}.json").open("w", encoding="utf-8") as out:
            items = ((f"images/{split}/{path}", row.width, row.height, row.regions) for path, row in part)
            coco.write_json(items, classes, out)


def _write_yolo(target: Path, rows: list[tuple[str, Labelled]], classes: Mapping[int, str]) -> None:
    for path, row in rows:
        _put(row, target / "images" / row.split / path)
        label = target / "labels" / row.split / f"{os.path.splitext(path)[0]}.txt"
        _text(label, yolo.write_label(row.width, row.height, row.regions).encode())
    splits = [split for split in ("train", "val", "test") if split in _by_split(rows)]
    _text(target / "data.yaml", yolo.write_yaml(classes, splits).encode())


TARGETS: dict[str, Callable[[Path, list[tuple[str, Labelled]], Mapping[int, str]], None]] = {
    "coco": _write_coco,
    "voc": _write_voc,
    "yolo": _write_yolo,
}
