"""Which split an image belongs to: decided by one function for every format, in this order.

Lists (`train.txt`, `ImageSets/Main/val.txt`, those that a `data.yaml` names), the folders of a `data.yaml`, the names
of the folders that the image or its label file lies in, the name of the document that speaks of it. What names no image
is reported.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias
from unicodedata import normalize

from motherlode.formats.claims import Pictures, decide, without_ending
from motherlode.formats.source import Classes, Files, Problem, Record, read_text, split_named

__all__ = ["Entry", "From", "Splits"]

From: TypeAlias = Literal["lists", "data.yaml", "folder names", "document names", ""]

_ABSOLUTE = re.compile(r"(?:[a-z]:)?/", re.IGNORECASE)
_COLUMNS = frozenset({"-1", "0", "1"})  # what VOC's lists of a class say behind a name


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a `data.yaml`: its key, the folder or list it names, the yaml's own `path` and the yaml itself."""

    key: str
    place: str
    root: str
    file: str

    @property
    def split(self) -> str:
        """The split that the key names."""
        return split_named(self.key) or self.key


class Splits:
    """The splits that a source gives to its images.

    `taken` are text files that are labels, whatever their names. `problems` holds what could not be read, rows and
    entries that name no image, and images that two lists claim; `lists` are the lists that were read.
    """

    def __init__(
        self, files: Files, pictures: Pictures, taken: Set[str] = frozenset(), entries: Iterable[Entry] = ()
    ) -> None:
        self.problems: list[Problem] = []
        self.lists: set[str] = set()
        self._pictures = pictures
        self._listed: dict[str, str] = {}
        self._entered: dict[str, str] = {}
        texts = [name for name in files.names() if name.lower().endswith(".txt") and name not in taken]
        self._read_entries(files, texts, list(entries))
        # an image of `trainval` is in train, unless another list names it
        for name in sorted(texts, key=lambda name: (_stem(name) == "trainval", name)):
            split = "train" if _stem(name) == "trainval" else split_named(_stem(name))
            if split is not None and name not in self.lists:
                self._read_list(files, name, split)

    def of(self, path: str, labels: str = "", *, document: bool = False) -> tuple[str | None, From]:
        """The split of the image at `path`, and what says so; (None, "") where nothing does.

        `labels` is the file that labels it, `document` whether that one speaks of many images, so that its own name
        may be a split's.
        """
        split = self._listed.get(path) if len(self._pictures) else self._of_name(path)
        if split is not None:
            return split, "lists"
        if path in self._entered:
            return self._entered[path], "data.yaml"
        return _of_folders(path.rpartition("/")[0], labels, document)

    # lists

    def _read_list(self, files: Files, name: str, split: str) -> None:
        self.lists.add(name)
        try:
            rows = read_text(files, name).splitlines()
        except (OSError, ValueError) as error:
            self.problems.append(Problem("unreadable", name, "", f"cannot be read ({error})", "Mend it, import again"))
            return
        strangers: list[tuple[int, str]] = []
        for number, line in enumerate(rows, start=1):
            row = line.strip()
            if not row:
                continue
            found = self._named(row, name)
            if found is None:
                strangers.append((number, row))
            elif self._listed.setdefault(found, split) != split and _stem(name) != "trainval":
                there = self._listed[found]
                what = f"{found} is in {there} already, and in {split} here"
                self.problems.append(Problem("duplicate", name, f"line {number}", what, f"It stays in {there}"))
        if strangers:
            number, row = strangers[0]
            others = len(strangers) - 1
            more = f", nor do {others:,} lines more" if others > 1 else ", nor does 1 line more" if others else ""
            what = f"{row[:80]!r} names no image that is here{more}"
            self.problems.append(Problem("unknown", name, f"line {number}", what, "Mend the list and import again"))

    def _named(self, row: str, name: str) -> str | None:
        """The image that a row names; where the source holds labels alone, the key of its name."""
        words = row.rsplit(None, 1)
        readings = [row, words[0]] if len(words) == 2 and words[1] in _COLUMNS else [row]
        if not len(self._pictures):
            return _key(readings[-1])
        found = (self._pictures.find(reading, name, listed=True).path for reading in readings)
        return next((path for path in found if path is not None), None)

    def _of_name(self, path: str) -> str | None:
        key = _key(path)
        return self._listed.get(key) or self._listed.get(key.rpartition("/")[2])

    # entries of a data.yaml

    def _read_entries(self, files: Files, texts: Iterable[str], entries: list[Entry]) -> None:
        folders = _folders(self._pictures.images)
        lists = {normalize("NFC", name): name for name in texts}
        owners: dict[str, Entry] = {}
        for entry in entries:
            if entry.place.lower().endswith(".txt"):
                place = _place(entry, lists.keys(), self._pictures.above)
                if place is not None:
                    self._read_list(files, lists[place], entry.split)
                    continue
            else:
                place = _place(entry, folders, self._pictures.above)
                if place is not None:
                    self._own(owners, place, entry)
                    continue
            if folders:
                what = f"`{entry.key}` names {entry.place!r}, where no image is"
                remedy = "It gives no split; mend the entry, or put the images where it says, and import again"
                self.problems.append(Problem("unknown", entry.file, entry.key, what, remedy))
        # the folder named most closely speaks: `val: images/val` beside `train: images`
        for place in sorted(owners, key=len, reverse=True):
            for image in self._pictures.images:
                if not place or normalize("NFC", image).startswith(f"{place}/"):
                    self._entered.setdefault(image, owners[place].split)

    def _own(self, owners: dict[str, Entry], place: str, entry: Entry) -> None:
        there = owners.setdefault(place, entry)
        if there.split != entry.split:
            what = f"`{entry.key}` names {entry.place!r}, as `{there.key}` does"
            remedy = f"Its images are in {there.split}"
            self.problems.append(Problem("duplicate", entry.file, entry.key, what, remedy))


def decided(
    found: Iterable[tuple[Record, bool] | Problem | Classes], pictures: Pictures, splits: Splits
) -> Iterator[Record | Problem | Classes]:
    """What label files gave: of their claims (a record, and whether it claims its image exactly) what `decide` gives,
    then one unlabelled record an image that none speaks of."""
    claims: list[tuple[Record, bool]] = []
    for one in found:
        if isinstance(one, tuple):
            claims.append(one)
        else:
            yield one
    spoken = set()
    for outcome in decide(claims):
        if isinstance(outcome, Record):
            spoken.add(outcome.path)
        yield outcome
    for image in pictures.images:
        if image not in spoken:
            split, split_from = splits.of(image)
            yield Record(path=image, present=True, labelled=False, split=split, split_from=split_from)


@lru_cache(maxsize=1024)  # files are many, folders few
def _of_folders(folder: str, labels: str, document: bool) -> tuple[str | None, From]:
    for names in (folder.split("/"), labels.split("/")[:-1]):
        for name in reversed(names):
            split = split_named(name)
            if split is not None:
                return split, "folder names"
    for word in re.split(r"[_.\s-]", _stem(labels)) if document else ():
        split = split_named(word)
        if split is not None:
            return split, "document names"
    return None, ""


def _stem(name: str) -> str:
    return os.path.splitext(name.rpartition("/")[2])[0].lower()


def _key(name: str) -> str:
    return normalize("NFC", without_ending(name.replace("\\", "/").removeprefix("./").lstrip("/")))


def _folders(images: Iterable[str]) -> set[str]:
    """Every folder that holds images, in itself or below; the root is ""."""
    found: set[str] = set()
    for image in images:
        folder = posixpath.dirname(normalize("NFC", image))
        while folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return found


def _place(entry: Entry, known: Set[str], above: tuple[str, ...]) -> str | None:
    """Which of the known paths an entry names: from the yaml, from the yaml's `path`, or by its ending."""
    name, root = (normalize("NFC", text.replace("\\", "/")) for text in (entry.place, entry.root))
    name = name.partition("*")[0].rstrip("/") if "*" in name else name
    here = posixpath.dirname(entry.file)
    inner = re.sub(r"^(?:\.{0,2}/)+", "", f"{name}/").strip("/")
    if not _ABSOLUTE.match(name):
        for tried in (posixpath.join(here, root, name), posixpath.join(here, name), posixpath.join(here, inner)):
            path = posixpath.normpath(tried).removeprefix(".")
            if path in known:
                return path
        if not _ABSOLUTE.match(root):
            ending = [path for path in known if path.endswith(f"/{inner}")]
            return ending[0] if len(ending) == 1 else None
        name = f"{root}/{name}"
    # made on another machine: the known path that it ends in, with the folders that this source lies in
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    best: dict[int, list[str]] = {}
    for path in known:
        own = tuple(part for part in path.split("/") if part)
        full = (*above, *own)
        shared = next(
            (n for n in range(min(len(full), len(parts))) if full[-1 - n] != parts[-1 - n]), min(len(full), len(parts))
        )
        if shared >= max(1, len(own)) and (shared > 1 or split_named(_stem(parts[-1])) is not None):
            best.setdefault(shared, []).append(path)
    closest = best[max(best)] if best else []
    return closest[0] if len(closest) == 1 else None


def _shared_ending(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    """How many parts two paths share at their ends."""
    count = 0
    for left, right in zip(reversed(one), reversed(two), strict=False):
        if left != right:
            break
        count += 1
    return count
