"""What lies in a source and was not taken, by name: files that look like labels, and pictures of unknown endings."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Set

from motherlode.formats import yolo
from motherlode.formats.source import Files, Problem, is_image, read_text
from motherlode.media import BY_SUFFIX

__all__ = ["leftovers"]

LABEL_ENDINGS = frozenset({".json", ".jsonl", ".ndjson", ".xml", ".txt", ".yaml", ".yml", ".csv", ".tsv"})
MEDIA_ENDINGS = frozenset(
    {
        *(".jp2", ".j2k", ".jxl", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".pcx", ".svg", ".ico", ".psd", ".exr"),
        *(".hdr", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".raf", ".orf", ".dcm", ".nii", ".npy", ".npz"),
        *(".svs", ".ndpi", ".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".wav", ".mp3"),
    }
)
SNIFFED = 200  # files of a kind that are looked into
MAX_SNIFFED = 8 << 20
NAMED = 3
PICTURES = "pictures by their bytes, not by their names,"
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")


def leftovers(files: Files, used: Set[str]) -> Iterator[Problem]:
    """One note for each kind of file that was not `used`: how many there are, and what they seem to be."""
    kinds: dict[str, list[str]] = {}
    looked = 0
    for name in files.names():
        ending = os.path.splitext(name)[1].lower()
        # of other media the importer tells; only a text may be a label file
        if name in used or is_image(name) or (ending in BY_SUFFIX and ending not in LABEL_ENDINGS):
            continue
        looked += ending not in MEDIA_ENDINGS
        kind = _kind(files, name, ending, looked <= SNIFFED)
        if kind:
            kinds.setdefault(kind, []).append(name)
    for kind, names in kinds.items():
        many = len(names) > 1
        count = f"{len(names):,} files look like {kind} and were" if many else f"looks like {kind} and was"
        others = ", ".join(names[1:NAMED]) + (", ..." if len(names) > NAMED else "")
        what = f"{count} not taken" + (f" (also {others})" if many else "")
        yield Problem("note", names[0], "", what, _remedy(kind))


def _kind(files: Files, name: str, ending: str, look: bool) -> str:
    """What kind of file it is, "" where it is none that anybody would miss; `look` whether it may be opened."""
    if ending in MEDIA_ENDINGS:
        return f"media that is not read ({ending})"
    if ending in LABEL_ENDINGS:
        return _seems(files, name, ending) if look else f"{ending} files"
    return PICTURES if look and _is_picture(files, name) else ""


def _remedy(kind: str) -> str:
    if kind.startswith("media"):
        return "Save as JPEG or PNG what is to come in"
    if kind == PICTURES:
        return "Give them the ending of its format and import again"
    if kind == "COCO results":
        return "Send predictions with `lode predictions`"
    if kind.startswith(("COCO", "Pascal", "YOLO", "a YOLO")):
        return "Import it apart, with --format, if it is meant"
    return "Turn it into COCO, VOC or YOLO and import again if it holds labels"


def _seems(files: Files, name: str, ending: str) -> str:
    """What a file seems to be, in words for people; "" where nothing says that it is a label file."""
    try:
        with files.open(name) as stream:
            if len(stream.read(MAX_SNIFFED + 1)) > MAX_SNIFFED:
                return f"a large {ending} file"
        text = read_text(files, name)
    except (OSError, ValueError):
        return "text that cannot be decoded" if ending != ".txt" else ""
    if ending == ".txt":
        return "YOLO rows" if yolo.label_rows(files, name) else ""
    if ending == ".xml":
        return _xml_kind(text)
    if ending in (".yaml", ".yml"):
        return "a YOLO data.yaml" if re.search(r"^\s*[\"']?names[\"']?\s*:", text, re.MULTILINE) else ""
    if ending in (".csv", ".tsv"):
        return "a table of labels (CSV)"
    return _json_kind(text)


def _xml_kind(text: str) -> str:
    found = re.search(r"<([A-Za-z_][\w.-]*)", re.sub(r"<[?!][^>]*>", "", text[:65536]))
    root = found[1] if found else ""
    known = {
        "annotation": "Pascal VOC",
        "annotations": "CVAT for images",
        "dataset": "dlib or ICDAR XML",
        "tagset": "ICDAR XML",
        "View": "a Label Studio config",
    }
    return known.get(root, f"XML of <{root}>" if root else "broken XML")


def _json_kind(text: str) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "JSON lines or broken JSON"
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return "JSON"
    signs = (
        ({"shapes", "imagePath"}, "LabelMe"),
        ({"annotations", "images"}, "COCO"),
        ({"image_id", "category_id"}, "COCO results"),
        ({"_via_settings"}, "VGG Image Annotator (VIA)"),
        ({"data", "annotations"}, "a Label Studio export"),
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
