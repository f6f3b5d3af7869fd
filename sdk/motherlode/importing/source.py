"""Reading a folder, or one label file, in the format named or recognised; nothing is sent here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from motherlode import formats
from motherlode.errors import BadInput
from motherlode.formats.claims import may_be_class
from motherlode.formats.leftovers import leftovers
from motherlode.formats.settling import settle
from motherlode.formats.source import Classes, Folder, Problem, Record
from motherlode.importing.known import labels_digest
from motherlode.labeling_config import Task
from motherlode.media import MEDIA, BadMedia, Image, Media, named
from motherlode.paths import PathSet, UnsafePath, check_path
from motherlode.results import IdMap
from motherlode.shapes import BY_TASK, SHAPES

__all__ = ["Source", "look", "read_source"]

# texts beside images that are not meant as items: lists of splits, notes on the whole
_NO_ITEM = re.compile(r"(?:train|trainval|val|valid|test|classes|labels|requirements|licen[cs]e|readme.*)\.txt\Z", re.I)


@dataclass
class Source:
    """A folder as read: its images by item path, its records, the classes it numbers, and what did not come in.
    `config` is the labeling config that its labels were made under, "" where there is none, `config_file` its file."""

    root: Folder
    format: formats.Format
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    classes: list[Classes] = field(default_factory=list)
    ids: dict[str, IdMap] = field(default_factory=dict)
    medium: type[Media] = Image
    config: str = ""
    config_file: str = ""
    _digests: dict[str, str | None] = field(default_factory=dict)

    @property
    def plain(self) -> str:
        """The name of the format that takes its medium alone, without labels."""
        return next(name for name, one in formats.FORMATS.items() if not one.labelled and one.media == (self.medium,))

    @property
    def categories(self) -> dict[str, int]:
        """COCO's id of each label; a label that two documents number differently has none."""
        found: dict[str, set[int]] = {}
        for classes in self.classes:
            for number, label in classes.names.items() if classes.ids else ():
                found.setdefault(label, set()).add(number)
        return {label: numbers.pop() for label, numbers in found.items() if len(numbers) == 1}

    @property
    def parts(self) -> dict[str, Mapping[str, str]]:
        """What the elements of labels say in a config, as the first document that says it; see `check_parts`."""
        return {label: said for classes in reversed(self.classes) for label, said in classes.parts.items()}

    @property
    def asks(self) -> dict[str, dict[str, Any]]:
        """What labels ask beyond their names, as the kind found reads `parts`."""
        shape = BY_TASK[self.task] if self.task else None
        return {label: asks for label, said in self.parts.items() if shape and (asks := shape.part_options(said))}

    def check_parts(self) -> None:
        """Raises `BadInput` where two documents say that the same label asks different things."""
        shape = BY_TASK[self.task] if self.task else None
        seen: dict[str, tuple[str, str]] = {}
        for classes in self.classes:
            for label, said in classes.parts.items() if shape else ():
                fixed = shape.fixed(shape.part_options(said)) if shape else ""
                file, other = seen.setdefault(label, (classes.file, fixed))
                if other != fixed:
                    what = f"{label!r} is made of {other} in {file} and of {fixed} in {classes.file}"
                    raise BadInput(f"{what}, so nothing was brought in; give them labels of their own")

    @property
    def class_ids(self) -> dict[str, int]:
        """The class id that each label is written with: COCO's own, the place in a list from 1, else the next free."""
        places = {label: at + 1 for found in self.classes if not found.ids for at, label in found.names.items()}
        wanted = {label: number for label, number in {**places, **self.categories}.items() if number > 0}
        free = (number for number in count(1) if number not in set(wanted.values()))
        return {label: wanted.get(label) or next(free) for label in self.labels}

    @property
    def task(self) -> Task | None:
        """What the labels found are of, None where there are none."""
        return next((SHAPES[kind].task for record in self.records for kind in record.kinds), None)

    @property
    def tasks(self) -> list[Task]:
        """What the labels found are of, each once."""
        found = (SHAPES[kind].task for record in self.records for kind in record.kinds)
        return list(dict.fromkeys(found))

    def digest(self, record: Record) -> str | None:
        """The digest of what is said of an image, None where it is not labelled; asked for once all is read."""
        if record.path not in self._digests:
            self._digests[record.path] = labels_digest(record)
        return self._digests[record.path]

    @cached_property
    def labels(self) -> list[str]:
        """The labels: all that the source numbers, in its order, then the others found, sorted; asked for once all is
        read."""
        numbered = dict.fromkeys(label for found in self.classes for label in found.names.values())
        found = {label for record in self.records for label in record.labels}
        return [*numbered, *sorted(found - numbered.keys())]


def read_source(
    folder: Path,
    name: str | None = None,
    prefix: str = "",
    *,
    strict: bool = False,
    called: Path | None = None,
    task: Callable[[], Task | None] = lambda: None,
    medium: str | None = None,
    asked: Task | None = None,
) -> Source:
    """Read a folder, or one label file, in the format named or recognised. Raises `BadInput`.

    Images whose names no item may carry are reported and left out. An image none of whose labels can come in (with
    `strict`: not all) is unlabelled, and named; where no label at all comes in, nothing does. `called` is what a
    refusal calls the folder, where it is but the inside of a zip. A format that can read
    its labels as several kinds asks `task` which. Where classes are `asked` for and no label file is found, the folders
    are the classes.

    A source comes in as one medium: `medium` where it is given, else images where it holds any, else texts. Files of
    another medium stay out; where they may be items, a note names them.
    """
    called = called or folder
    if not folder.exists():
        raise BadInput(f"{folder} is not there")
    if folder.is_file() and folder.suffix.lower() == ".zip":
        raise BadInput(f"{folder} is a zip: unpack it and import the folder, or run `lode import {folder}`")
    files = Folder(folder)
    try:
        chosen = formats.format_named(name) if name else _recognised(files, medium, asked)
    except formats.UnknownFormat as error:
        seen = [*files.problems, *leftovers(files, frozenset())]
        raise formats.UnknownFormat(f"{called}: {error}{_shown(seen)}") from None
    if name and chosen.holds and not chosen.detect(files):
        raise BadInput(f"{called} holds no {chosen.holds}")
    wanted = MEDIA[medium] if medium else chosen.medium_of(files)
    if wanted not in chosen.media:
        raise BadInput(f"{called}: {chosen.title} are read of {chosen.media[0].plural}, not of {wanted.plural}")
    source = Source(files, chosen, problems=list(files.problems), medium=wanted)
    known = PathSet()
    used = {problem.file for problem in files.problems}
    for found in chosen.records(files, task() if chosen.tasks else None, wanted):
        if isinstance(found, Problem):
            source.problems.append(found)
            used.add(found.file)
        elif isinstance(found, Classes):
            source.classes.append(found)
            used.add(found.file)
            if found.ids:
                source.ids[found.file] = IdMap(found.images, found.labels)
        else:
            used.add(found.source)
            _take_record(source, known, found, prefix, strict)
    told = set[str]()
    source.check_parts()
    source.problems += leftovers(files, used, told)
    source.problems += _of_other_media(source, told)
    if not (name or asked or chosen.labelled):
        source.problems += _of_folders(source)
    _refuse_what_gives_nothing(called, source)
    return source


def _recognised(files: Folder, medium: str | None, asked: Task | None) -> formats.Format:
    """The format that the files are recognised as; where no labels are there, one that offers those `asked` for.
    Raises `UnknownFormat`."""
    found = formats.detect(files, MEDIA[medium] if medium else None)
    if found.labelled or asked is None:
        return found
    return next((one for one in formats.FORMATS.values() if one.offers(files, asked)), found)


def _of_other_media(source: Source, told: Set[str]) -> Iterator[Problem]:
    """A note for each medium of which there are files that may have been meant as items, but for those `told` of."""
    if source.format.labelled and len(source.format.media) == 1:
        return  # beside labels texts are lists and notes
    for other in MEDIA.values():
        names = [
            name
            for name in source.root.names()
            if named(name) is other and name not in told and not _NO_ITEM.match(name)
        ]
        if other is source.medium or not names:
            continue
        number = f"{len(names):,} {other.plural}" if len(names) > 1 else f"1 {other.noun}"
        what = f"{number} beside the {source.medium.plural} stayed out"
        remedy = f"A source comes in as one medium; --medium {other.kind} takes them, into a dataset of their own"
        yield Problem("note", names[0], "", what, remedy)


def _of_folders(source: Source) -> Iterator[Problem]:
    """A note where all items lie in folders that may be meant as their classes."""
    folders = {record.path.rpartition("/")[0].rpartition("/")[2] for record in source.records}
    meant = sorted(folder for folder in folders if may_be_class(folder) and not folder.isdecimal())
    if 1 < len(meant) == len(folders):
        such = f"the {source.medium.plural} lie in folders such as {meant[0]} and {meant[1]}"
        remedy = "If they are their classes, import with --task classes, into another dataset"
        yield Problem("note", "", "", f"{such}, which were not taken for classes", remedy)


def _take_record(source: Source, known: PathSet, record: Record, prefix: str, strict: bool) -> None:
    try:
        reason = "" if known.add(check_path(prefix + record.path)) else "is another file's but for its composition"
    except UnsafePath as error:
        reason = error.reason
    if reason:
        what, remedy = f"the name {reason}", "Rename the file and import again"
        source.problems.append(Problem("unreadable", record.path, "", what, remedy, record.path))
        return
    record = replace(record, strict=True) if strict else record
    if record.lost and not record.comes_in(len(record.drafts)):
        source.problems.append(record.left_unlabelled(len(record.drafts)))
        record = replace(record, labelled=False, drafts=())
    source.records.append(record)


def _refuse_what_gives_nothing(called: Path, source: Source) -> None:
    """Raise `BadInput` where there is nothing to bring in, or where a labelled source would come in without a label."""
    wrong = [problem for problem in source.problems if problem.kind != "note"]
    lost = any(record.lost for record in source.records)
    labelled = any(record.labelled for record in source.records)
    drafts = any(record.drafts for record in source.records)
    images = f"; --format {source.plain} takes the {source.medium.plural} alone" if source.records else ""
    kept, settled = _any_label_fits(source) if drafts else (False, [])
    if not source.records:
        what, images = "nothing that comes in", ""
    elif source.format.labelled and ((wrong and not labelled) or (lost and not drafts) or (drafts and not kept)):
        what = "no labels that come in"
    elif drafts or (unread := _first_unread(source)) is None:
        return
    else:
        what, images = f"no {source.medium.noun} that can be read", ""
        wrong.append(unread)
    where = f"{called} holds {what} as {source.format.title}, so nothing was brought in{images}"
    raise BadInput(f"{where}{_shown([*wrong, *settled])}")


def _shown(problems: Sequence[Problem], most: int = 10) -> str:
    return "".join(f"\n  {problem}" for problem in problems[:most])


def _any_label_fits(source: Source) -> tuple[bool, list[Problem]]:
    """Whether a label is left of the first image that keeps one, and what is wrong with all before it."""
    problems: list[Problem] = []
    for record in source.records:
        if not record.labelled or not record.drafts:
            continue
        try:
            looked = look(record, source.root.file(record.path) if record.present else None, whole=True)
        except BadMedia as error:
            problems.append(_unread(record, error))
            continue
        if looked is None:
            return True, []  # the server knows the image
        drafts, found = settle(record, *looked)
        problems += found
        if drafts and record.comes_in(len(drafts)):
            return True, []
    return False, problems


def _first_unread(source: Source) -> Problem | None:
    """What is wrong with the first file where none that is present can be read; None where one can."""
    first = None
    for record in source.records:
        if record.present:
            try:
                look(record, source.root.file(record.path), whole=True)
                return None
            except BadMedia as error:
                first = first or _unread(record, error)
    return first


def _unread(record: Record, error: BadMedia) -> Problem:
    remedy = f"{error.remedy[:1].upper()}{error.remedy[1:]} and import again"
    return Problem("unreadable", record.path, "", f"the file {error.what}", remedy, record.path)


def look(record: Record, file: Path | None, *, whole: bool = False) -> tuple[Media, int] | None:
    """What a record's file holds and its EXIF orientation, else what its labels claim; None where nothing is known.

    `whole` decodes an image to its last byte, too. Raises `BadMedia`.
    """
    if file is None:
        return (Image(record.width, record.height), 1) if record.width and record.height else None
    try:
        with file.open("rb") as stream:
            return (named(record.path) or Image).look(stream, whole=whole)
    except OSError as error:
        raise BadMedia(f"cannot be opened ({error.strerror})", "give yourself access to it") from None
