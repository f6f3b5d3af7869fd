"""Which image a label file means: found by all that it says, and left open where that contradicts itself.

Names meet in NFC, with backslashes and URL-escapes undone. A folder that the labels name must be one of the image's;
folders that only say what kind of file lies in them (`images`, `Annotations`) do not count. What stays open is never
guessed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias, TypeVar
from unicodedata import normalize
from urllib.parse import unquote

from motherlode.formats.source import Problem, Record, is_image, split_named
from motherlode.media import Image, Media, named

__all__ = ["Found", "Pictures", "as_path", "decide", "may_be_class", "own_or_named", "without_ending"]

# folders that only say what kind of file lies below them, so that `Annotations/a.xml` belongs to `JPEGImages/a.jpg`
KIND_FOLDERS = frozenset(
    {
        *("annotations", "annotation", "ann", "labels", "label", "voc", "xml", "xmls", "imagesets", "main"),
        *("images", "image", "img", "imgs", "jpegimages"),
    }
)
_ABSOLUTE = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^/]*|[a-z]:)?/", re.IGNORECASE)

Folders: TypeAlias = tuple[str, ...]
Key = TypeVar("Key")


def may_be_class(folder: str) -> bool:
    """Whether a folder of that name may stand for a class: it names neither a split nor a kind of files."""
    return bool(folder) and folder.lower() not in KIND_FOLDERS and split_named(folder) is None


class _Way(NamedTuple):
    """How plain names below one folder are found: what stands before them, word by word, else the folders they name."""

    starts: list[str]
    folders: Folders


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave: an image, and whether by an exact claim; or the images that it could not decide between."""

    path: str | None = None
    exact: bool = False
    several: tuple[str, ...] = ()

    def why_not(self, name: str) -> str:
        """Why there is no image, for a `Problem`."""
        if not self.several:
            return f"no image {name!r} was found"
        return f"the image {name!r} may be {' or '.join(self.several[:3])}"


def without_ending(name: str) -> str:
    """The name without an image's ending; any other dot is part of the name."""
    return name[: name.rfind(".")] if is_image(name) else name


def as_path(name: str) -> str:
    """The path that a name gives to an image that does not lie beside its labels: of an absolute one the file name."""
    path = next(_readings(name), "")
    return path.rpartition("/")[2] if _ABSOLUTE.match(path) else _inside(path)


class Pictures:
    """The images of a source, to be found by the names that label files give them; or its files of another `medium`.

    `above` are the names of the folders that the source lies in, outermost first: labels may name those too.
    """

    def __init__(self, names: Iterable[str], above: Sequence[str] = (), medium: type[Media] = Image) -> None:
        self.images = [name for name in names if named(name) is medium]
        self.above = tuple(_composed(name) for name in above)
        self._starts = [f"{'/'.join(self.above[at:])}/" for at in range(len(self.above))]
        self._named = [(_composed(image), image) for image in self.images]
        self._paths = dict(self._named)
        # of each image, the folders that say more than what kind of file it is
        self._folders: dict[str, Folders] = {image: _plain(path) for path, image in self._named}
        self._placed = _grouped(((self._folders[image], _base(path)), image) for path, image in self._named)
        self._homes = set(self._folders.values())
        self._ways: dict[tuple[str, str], _Way | None] = {}

    # of names that are written otherwise than their images'

    @cached_property
    def _bases(self) -> dict[str, list[str]]:
        return _grouped((_base(path), image) for path, image in self._named)

    @cached_property
    def _folded(self) -> dict[str, list[str]]:
        return _grouped((_base(path).casefold(), image) for path, image in self._named)

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        return _grouped((_stem(path), image) for path, image in self._named)

    @cached_property
    def _placed_stems(self) -> dict[tuple[Folders, str], list[str]]:
        return _grouped(((self._folders[image], _stem(path)), image) for path, image in self._named)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def in_folders(self) -> frozenset[str]:
        """Those that lie in a folder: a text that does is an item, whatever its name, and never a list of a split."""
        return frozenset(name for name in self.images if "/" in name)

    def find(self, name: str, beside: str, *, document: str = "", listed: bool = False) -> Found:
        """The image that `name` (a path, a file name or a stem) means when the label file `beside` says it.

        `document` is the stem of a file that speaks of many images and may be named for their folder
        (`instances_val2017`). A row of a list (`listed`) may name folders of another machine.
        """
        if "%" not in name and "\\" not in name and name.isascii() and name == name.strip():
            folder, slash, base = name.rpartition("/")
            way = self._way(f"{folder}{slash}", beside)
            if way is not None and base not in ("", ".", ".."):
                for start in way.starts:
                    if start + base in self._paths:
                        return Found(self._paths[start + base], exact=True)
                there = self._placed.get((way.folders, base), ())
                if len(there) == 1:
                    return Found(there[0], exact=True)
        for reading in _readings(name):
            found = self._find(reading, _composed(beside), document, listed)
            if found.path is not None or found.several:
                return found
        return Found()

    def _way(self, folder: str, beside: str) -> _Way | None:
        """Where `beside` finds plain names of images below `folder` ("a/b/", or ""); None where that is not plain."""
        if (folder, beside) not in self._ways:
            parts = folder.split("/")[:-1]
            plain = beside.isascii() and not _ABSOLUTE.match(folder) and not {"", ".", ".."}.intersection(parts)
            self._ways[folder, beside] = self._way_of(folder, beside) if plain else None
        return self._ways[folder, beside]

    def _way_of(self, folder: str, beside: str) -> _Way:
        home = f"{beside.rpartition('/')[0]}/" if "/" in beside else ""
        starts = [home + folder]
        if folder:
            starts += [folder, *(folder[len(start) :] for start in self._starts if folder.startswith(start))]
        return _Way(starts, _plain_folders(folder.rstrip("/")) or _plain(beside))

    def _find(self, name: str, beside: str, document: str, listed: bool) -> Found:
        absolute = _ABSOLUTE.match(name)
        if absolute:
            name = name[absolute.end() :].partition("?" if "://" in absolute[0] else "\0")[0]
        for path in [_inside(name)] if absolute else self._spelled_out(name, posixpath.dirname(beside)):
            if path in self._paths:
                return Found(self._paths[path], exact=True)
        name = _inside(name)
        base = name.rpartition("/")[2]
        stem = without_ending(base).casefold()
        folders = _plain(name) or _plain(beside)
        there = self._placed.get((folders, base)) if is_image(base) else self._placed_stems.get((folders, stem))
        if there is not None and len(there) == 1:
            return Found(there[0], exact=True)
        folded = base.casefold()
        for number, found in enumerate((self._bases.get(base), self._folded.get(folded), self._stems.get(stem))):
            fitting = [image for image in found or () if self._fits(name, image, bool(absolute) or listed)]
            if not _plain(name):
                fitting = [image for image in fitting if not self._elsewhere(image, beside, document)]
            if fitting:
                written_out = number == 0 or (number == 2 and stem == folded)
                return self._choose(fitting, name, beside, document, written_out)
        return Found()

    def _spelled_out(self, name: str, folder: str) -> Iterator[str]:
        """The paths that `name` may be, word by word: from the label file's folder, from the root, from above it."""
        yield posixpath.normpath(posixpath.join(folder, name))
        if "/" not in name:  # a file of the root has no more to do with it than any other
            return
        yield _inside(name)
        for start in self._starts:
            if name.startswith(start):
                yield name[len(start) :]

    def _fits(self, name: str, image: str, foreign: bool) -> bool:
        """Whether the folders that `name` names are the image's."""
        named, there = _plain(name), self._folders[image]
        full = (*(part for part in self.above if part.lower() not in KIND_FOLDERS), *there)
        if full[len(full) - len(named) :] == named:
            return True
        ends_alike = named[len(named) - len(there) :] == there
        return ends_alike and (bool(there) or foreign)

    def _elsewhere(self, image: str, beside: str, document: str) -> bool:
        """Whether a bare name cannot mean this image: the label file has images of its own, or is of another split."""
        home, there = _plain(beside), self._folders[image]
        if there == home:
            return False
        if home and home in self._homes:
            return True
        related = home[: len(there)] == there[: len(home)]
        mirrored = len(home) < beside.count("/") and len(there) < image.count("/")
        if mirrored and not related:  # `Annotations/cam1/1.xml` is not of `JPEGImages/cam2/1.jpg`
            return True
        ours = _split_of(home) or _split_of(tuple(re.split(r"[_.-]", document)))
        theirs = _split_of(there)
        return ours is not None and theirs is not None and ours != theirs

    def _choose(self, found: list[str], name: str, beside: str, document: str, written_out: bool) -> Found:
        home = _plain(beside)
        answering = [image for image in found if self._folders[image] == home]
        if len(answering) == 1:
            return Found(answering[0], written_out)
        if len(found) == 1:
            return Found(found[0], written_out and "/" in name)
        hint = document.rpartition("_")[2]
        split = _split_of(tuple(re.split(r"[_.-]", document)))
        for chosen in (
            [image for image in found if _composed(image).endswith(f"/{name}")] if "/" in name else [],
            [image for image in found if home and self._folders[image][: len(home)] == home],
            [image for image in found if hint and hint in image.split("/")[:-1]],
            [image for image in found if split and _split_of(self._folders[image]) == split],
        ):
            if len(chosen) == 1:
                return Found(chosen[0], written_out)
        return Found(several=tuple(found))


def _composed(name: str) -> str:
    return name if name.isascii() else normalize("NFC", name)


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    return without_ending(_base(path)).casefold()


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for key, image in pairs:
        found.setdefault(key, []).append(image)
    return found


def _readings(name: str) -> Iterator[str]:
    """The name as it stands, then with its URL-escapes undone."""
    text = _composed(name.strip()).replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    if not text:
        return
    yield text
    if "%" in text and (plain := _composed(unquote(text))) != text:
        yield plain


def _inside(name: str) -> str:
    """The name without the steps up that it begins with."""
    return re.sub(r"^(?:\.{0,2}/)+", "", posixpath.normpath(name))


def _plain(path: str) -> Folders:
    """The folders of a path that say more than what kind of file lies in them."""
    return _plain_folders(path.rpartition("/")[0])


@lru_cache(maxsize=1024)  # files are many, folders few
def _plain_folders(folder: str) -> Folders:
    return tuple(part for part in folder.split("/") if part and part.lower() not in KIND_FOLDERS)


def _split_of(folders: Folders) -> str | None:
    return next((split for part in reversed(folders) if (split := split_named(part))), None)


def own_or_named(
    stem: str, claimed: str, name: str, pictures: Pictures, field: str, *, document: str = ""
) -> tuple[Found, Problem | None]:
    """The image of one label file: that of its own stem before that which its `field` names, where both are as well
    found; or what is wrong."""
    if claimed and without_ending(claimed) == stem:
        both = pictures.find(claimed, name, document=document)
        if both.exact:
            return both, None
    own = pictures.find(stem, name, document=document)
    other = pictures.find(claimed, name, document=document) if claimed else Found()
    if own.path is None or other.path is None or own.path == other.path:
        found = own if own.path is not None or (own.several and other.path not in own.several) else other
        if found.path is not None or not len(pictures):
            return found, None
        what = found.why_not(claimed or stem)
        remedy = "Put the image beside its labels, under the name they give it"
        return Found(), Problem("unknown", name, "", what, remedy, claimed)
    if other.exact and not own.exact:
        what = f"its {field} means {other.path}, its own name {own.path}"
        remedy = "It was left out; give the file its image's name and import again"
        return Found(), Problem("unknown", name, field.strip("<>"), what, remedy, other.path)
    what = f"its {field} means {other.path}, its own name {own.path}"
    return own, Problem("note", name, field.strip("<>"), what, f"It was taken as the labels of {own.path}", own.path)


# Several that speak of one image


def decide(claims: Iterable[tuple[Record, bool]]) -> Iterator[Record | Problem]:
    """One record an image, of records that each claim one (and whether exactly), whatever their order.

    An exact claim beats a loose one; claims that say the same are one. Where two equal claims disagree, none is taken:
    the image comes without labels, and both files are named.
    """
    by_path: dict[str, list[tuple[Record, bool]]] = {}
    for record, exact in claims:
        by_path.setdefault(_composed(record.path), []).append((record, exact))
    for rivals in by_path.values():
        if len(rivals) == 1:
            yield rivals[0][0]
        else:
            yield from _decide(rivals)


def _decide(rivals: list[tuple[Record, bool]]) -> Iterator[Record | Problem]:
    best = [record for record, exact in rivals if exact] or [record for record, _ in rivals]
    speaking = [record for record in best if record.labelled and (record.drafts or not record.lost)] or best
    first = speaking[0]
    for record, _ in rivals:
        if not record.drafts or any(record is other for other in speaking):
            continue  # what it lost, if anything, was told where it was read
        what = f"it says that it speaks of {record.path}, which {first.source} speaks of"
        yield Problem("unknown", record.source, "", what, "It was left out; name its own image in it", record.path)
    if all(_same(record, first) for record in speaking[1:]):
        for record in speaking[1:]:
            what = f"says of {record.path} what {first.source} says"
            yield Problem("note", record.source, "", what, "It was taken once", record.path)
        yield first
        return
    for record in speaking[1:]:
        what = f"{first.path} is labelled by {first.source} too, and otherwise"
        remedy = "Neither was taken and the image came in unlabelled; keep one of the two and import again"
        yield Problem("duplicate", record.source, "", what, remedy, record.path)
    lost = sum(record.lost + len(record.drafts) for record in speaking)
    yield replace(first, labelled=False, drafts=(), lost=max(1, lost))


def _same(one: Record, two: Record) -> bool:
    """Whether two records say the same of their image, wherever they say it."""
    drafts = [sorted(repr(replace(draft, row="")) for draft in record.drafts) for record in (one, two)]
    return drafts[0] == drafts[1] and one.lost == two.lost
