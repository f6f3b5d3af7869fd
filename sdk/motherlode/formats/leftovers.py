"""What lies in a source and was not taken, by name: files that look like labels, and pictures of unknown endings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from contextlib import suppress

from motherlode.formats import FORMATS
from motherlode.formats.format import Seems
from motherlode.formats.json_stream import first_object
from motherlode.formats.source import Files, Problem, is_image, read_text
from motherlode.media import BY_SUFFIX
from motherlode.xml_text import root_of

__all__ = ["leftovers"]

LABEL_ENDINGS = frozenset({".json", ".jsonl", ".ndjson", ".xml", ".txt", ".yaml", ".yml", ".csv", ".tsv"})
MEDIA_ENDINGS = frozenset(
    {
        *(".jp2", ".j2k", ".jxl", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".svg", ".ico", ".psd", ".exr"),
        *(".hdr", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".raf", ".orf", ".nii", ".npy", ".npz"),
        *(".svs", ".ndpi", ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".wav", ".mp3"),
    }
)
DATA_ENDINGS = frozenset(
    {
        *(".parquet", ".arrow", ".feather", ".h5", ".hdf5", ".mat", ".pkl", ".pickle", ".tfrecord", ".tfrecords"),
        *(".record", ".lmdb", ".mdb", ".sqlite", ".xls", ".xlsx", ".ods", ".msgpack", ".pb"),
    }
)
ARCHIVE_ENDINGS = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar"})
SNIFFED = 200  # files of a kind that are looked into
MAX_SNIFFED = 8 << 20
NAMED = 3
PICTURES = Seems("pictures by their bytes, not by their names,", "Give them the ending of its format and import again")
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def leftovers(files: Files, used: Set[str], told: set[str] | None = None) -> Iterator[Problem]:
    """One note for each kind of file that was not `used`: how many there are, and what they seem to be. The names of
    these files are put among those `told`."""
    kinds: dict[Seems, list[str]] = {}
    looked = 0
    for name in files.names():
        if name in used or is_image(name):
            continue
        ending = os.path.splitext(name)[1].lower()
        if ending in BY_SUFFIX and ending not in LABEL_ENDINGS:  # of other media the importer tells; a text may be one
            continue
        looked += ending not in MEDIA_ENDINGS | DATA_ENDINGS | ARCHIVE_ENDINGS
        if seems := _seems(files, name, ending, looked <= SNIFFED):
            kinds.setdefault(seems, []).append(name)
            if told is not None:
                told.add(name)
    for seems, names in kinds.items():
        many = len(names) > 1
        count = f"{len(names):,} files look like {seems.what} and were" if many else f"looks like {seems.what} and was"
        others = ", ".join(names[1:NAMED]) + (", ..." if len(names) > NAMED else "")
        what = f"{count} not taken" + (f" (also {others})" if many else "")
        yield Problem("note", names[0], "", what, seems.remedy)


def _seems(files: Files, name: str, ending: str, look: bool) -> Seems | None:
    """What kind of file it is, None where it is none that anybody would miss; `look` whether it may be opened."""
    if ending in MEDIA_ENDINGS:
        return Seems(f"media that is not read ({ending})", "Save as JPEG or PNG what is to come in")
    if ending in ARCHIVE_ENDINGS:
        return Seems(f"an archive ({ending})", "Unpack it and import again if it holds items or labels")
    if ending in DATA_ENDINGS:
        return _foreign(f"data that is not read ({ending})")
    if ending not in LABEL_ENDINGS:
        return PICTURES if look and _is_picture(files, name) else None
    if not look:
        return _foreign(f"{ending} files")
    try:
        with files.open(name) as stream:
            if len(stream.read(MAX_SNIFFED + 1)) > MAX_SNIFFED:
                return _foreign(f"a large {ending} file")
        text = read_text(files, name)
    except (OSError, ValueError):
        return _foreign("text that cannot be decoded" if ending != ".txt" else "")
    for known in FORMATS.values():
        with suppress(ValueError, RecursionError):
            if found := known.seems(name, text):
                return found
    return _foreign(_kind(text, ending))


def _foreign(kind: str) -> Seems | None:
    """A file that none of our formats knows as its own; None where nothing says that it is a label file."""
    *others, last = (known.title for known in FORMATS.values() if known.labelled)
    remedy = f"Turn it into {', '.join(others)} or {last} and import again if it holds labels"
    return Seems(kind, remedy) if kind else None


def _kind(text: str, ending: str) -> str:
    """What a text seems to be, in words for people; "" where nothing says that it is a label file."""
    if ending == ".xml":
        return _xml_kind(text)
    if ending in (".csv", ".tsv"):
        return "a table of labels (CSV)"
    return "" if ending in (".txt", ".yaml", ".yml") else _json_kind(text)


def _xml_kind(text: str) -> str:
    root = root_of(text)
    known = {
        "dataset": "dlib or ICDAR XML",
        "tagset": "ICDAR XML",
        "View": "a Label Studio config",
    }
    return known.get(root, f"XML of <{root}>" if root else "broken XML")


def _json_kind(text: str) -> str:
    try:
        first = first_object(text)
    except (ValueError, RecursionError):
        return "JSON lines or broken JSON"
    if first is None:
        return "JSON"
    signs = (
        ({"_via_settings"}, "VGG Image Annotator (VIA)"),
        ({"image", "annotations"}, "CreateML"),
        ({"Label", "External ID"}, "Labelbox"),
        ({"data_row", "projects"}, "Labelbox"),
        ({"name", "labels"}, "BDD100K or Scalabel"),
        ({"objects", "size"}, "Supervisely"),
        ({"item", "annotations"}, "Datumaro or V7 Darwin"),
    )
    for keys, name in signs:
        if keys <= first.keys():
            return name
    return (
        "VGG Image Annotator (VIA)"
        if any("regions" in row for row in first.values() if isinstance(row, dict))
        else "JSON"
    )


def _is_picture(files: Files, name: str) -> bool:
    try:
        with files.open(name) as stream:
            head = stream.read(12)
    except OSError:
        return False
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:] == b"WEBP")
