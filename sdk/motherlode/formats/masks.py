"""Masks: a PNG an image whose pixels say their class, by value, by palette or by colour (semantic segmentation).

Layouts: `JPEGImages/` with `SegmentationClass/` as VOC and CVAT have them, `images/` with `masks/`, or `a_mask.png`
beside `a.jpg`. What the values stand for is said by `classes.json`, CVAT's `labelmap.txt`, a table or `labels.txt`
(`mask_classes`). All pixels of one class are one region; 0 is the background unless a file says otherwise, 255 is void
where no class has it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from motherlode.formats.claims import Found, Pictures
from motherlode.formats.format import Format
from motherlode.formats.mask_classes import KNOWN, LABELMAP, VOID, Colour, Named, read_names
from motherlode.formats.masks_writing import WRITER
from motherlode.formats.source import Classes, Draft, Files, Problem, Record, folders_above, is_image
from motherlode.formats.splits import Splits, decided
from motherlode.formats.values import BadValue
from motherlode.masks import Mask
from motherlode.shapes import SHAPES, BadRegion, Shape

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMAT", "detect", "read"]

SURE = frozenset(
    {"masks", "mask", "segmentationclass", "segmentationclassraw", "segmentationclasspng", "semantic_masks", "gtfine"}
)
"""Folders of masks, whatever lies beside them."""
FOLDERS = SURE | {"annotations", "labels", "label", "gt", "segmentation", "segmentations", "targets"}
INSTANCES = frozenset({"segmentationobject"})
SUFFIXES = ("_gtFine_labelIds", "_labelIds", "_mask", "_masks", "_seg", "_label", "_labels", "_L", "_gt")
OTHERS = ("_gtFine_color", "_gtFine_instanceIds", "_gtFine_labelTrainIds")
PHOTO = "_leftImg8bit"  # what Cityscapes calls the image of a mask
LOOKED_AT = 5  # masks that are opened to recognise the format
MAX_PIXELS = 200_000_000  # of a mask; a larger one is refused before it is decoded
REMEDY = "Mend the mask and import again"
BY_MASKS = next(shape for shape in SHAPES.values() if shape.masked)


@dataclass
class _Masks:
    """The masks of a source by name, each with its image, and the pictures that are neither."""

    pictures: Pictures
    of: dict[str, Found] = field(default_factory=dict)
    instances: list[str] = field(default_factory=list)
    sure: bool = True


def _masks(files: Files) -> _Masks:
    """Which pictures are masks: those of folders of masks, and those called so beside their image."""
    names = files.names()
    pngs = [name for name in names if name.lower().endswith(".png")]
    others = [name for name in pngs if _within(name, INSTANCES) or _stem(name).endswith(OTHERS)]
    placed = [name for name in pngs if _within(name, FOLDERS) and name not in set(others)]
    if not any(is_image(name) and not _within(name, FOLDERS | INSTANCES) for name in names):
        placed = []  # a folder of that name that holds images
    if not placed:
        stems = {os.path.splitext(name)[0] for name in names if is_image(name)}
        placed = [name for name in pngs if any(_cut(os.path.splitext(name)[0], end) in stems for end in SUFFIXES)]
    own = {*placed, *others}
    pictures = Pictures((name for name in names if name not in own), folders_above(files))
    found = _Masks(pictures, instances=others, sure=all(_within(name, SURE) for name in placed))
    for name in placed:
        found.of[name] = _image(name, pictures)
    return found


def _within(name: str, folders: frozenset[str]) -> bool:
    return any(part.lower() in folders for part in name.split("/")[:-1])


def _stem(name: str) -> str:
    return os.path.splitext(name.rpartition("/")[2])[0]


def _cut(stem: str, end: str) -> str | None:
    return stem[: -len(end)] if stem.endswith(end) else None


def _image(name: str, pictures: Pictures) -> Found:
    """The image of a mask: of its own stem before that without what such files are called by."""
    beside = "/".join("labels" if part.lower() in FOLDERS else part for part in name.split("/"))
    stem = _stem(name)
    cut = [shorter for end in SUFFIXES if (shorter := _cut(stem, end))]
    tried = [pictures.find(one, beside) for one in (stem, *cut, *(f"{one}{PHOTO}" for one in cut))]
    return next((found for found in tried if found.path is not None), next((f for f in tried if f.several), Found()))


def detect(files: Files) -> bool:
    """Whether there are masks of images: in a folder that is called so or beside a file of classes, and as such."""
    names = files.names()
    if not any(name.lower().endswith(".png") for name in names):
        return False
    masks = _masks(files)
    paired = [name for name, found in masks.of.items() if found.path is not None][:LOOKED_AT]
    if not paired:
        return False
    named = next((one for one in read_names(files) if isinstance(one, Named)), None)
    if named is None and not masks.sure:
        return False
    return any(_may_be_mask(files, name, named) for name in paired)


def _may_be_mask(files: Files, name: str, named: Named | None) -> bool:
    from PIL import Image

    try:
        with files.open(name) as stream, Image.open(stream, formats=["PNG"]) as picture:
            if picture.mode in ("1", "L", "P", "I;16", "I") or (named and named.colours):
                return True
            colours = _plain(picture).getcolors(256) or [] if named else []
            return bool(colours) and all(len({*colour}) == 1 for _, colour in colours if isinstance(colour, tuple))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def read(files: Files, shape: Shape = BY_MASKS) -> Iterator[Record | Problem | Classes]:
    """One labelled record a mask that has an image, then one unlabelled record an image without."""
    masks = _masks(files)
    named: Named | None = None
    for one in read_names(files):
        if isinstance(one, Named):
            named = one
            yield from one.classes()
        else:
            yield one
    taken = {name for name in files.names() if name.rpartition("/")[2].lower() in KNOWN}
    splits = Splits(files, masks.pictures, taken=taken)
    yield from splits.problems
    notes: Counter[str] = Counter()
    used: set[int] = set()
    found = (one for name in masks.of for one in _read_file(files, name, masks, splits, named, shape, notes, used))
    yield from decided(found, masks.pictures, splits)
    if used:
        yield Classes("", {value - 1: f"class {value}" for value in sorted(used)})
        remedy = "Classes are called 'class 1', 'class 2', ...; add a classes.json to give them their names"
        what = "neither it nor a labelmap.txt or labels.txt is there to name the classes"
        yield Problem("unknown", "classes.json", "", what, remedy)
    for what, count in sorted(notes.items()):
        yield Problem("note", "", "", f"{count:,} masks hold {what}", "It came in as background")
    if masks.instances:
        what = f"{len(masks.instances):,} pictures of instances or of colours were not taken"
        remedy = "Masks say classes alone; instances come in as COCO's"
        yield Problem("note", masks.instances[0], "", what, remedy)


def _read_file(
    files: Files,
    name: str,
    masks: _Masks,
    splits: Splits,
    named: Named | None,
    shape: Shape,
    notes: Counter[str],
    used: set[int],
) -> Iterator[tuple[Record, bool] | Problem]:
    """The record of one mask with whether it claims its image exactly, and what could not be read of it."""
    image = masks.of[name]
    if image.path is None:
        remedy = "Put the image beside its mask, under the name it gives it"
        yield Problem("unknown", name, "", image.why_not(_stem(name)), remedy)
        return
    split, split_from = splits.of(image.path, name)
    record = Record(image.path, True, True, name, split=split, split_from=split_from)
    try:
        width, height, found, void = _labels(files, name, named, used)
    except (BadValue, OSError, SyntaxError) as error:
        what = str(error) if isinstance(error, BadValue) else f"is not a PNG that can be read ({error!s:.100})"
        yield Problem("unreadable", name, "", what, REMEDY, image.path)
        yield replace(record, lost=1), image.exact
        return
    if void:
        notes[f"void pixels ({VOID})"] += 1
    drafts: list[Draft] = []
    for label, mask in found.items():
        try:
            if label.startswith("$"):
                raise BadRegion(f"{label[1:]}, which no class of {named.file if named else 'the source'} is")
            drafts.append(Draft(label, shape.from_mask(mask), shape.kind, row=label))
        except BadRegion as error:
            yield Problem("unreadable", name, label.lstrip("$"), str(error), "Name it and import again", image.path)
    lost = len(found) - len(drafts)
    yield replace(record, width=width, height=height, drafts=tuple(drafts), lost=lost), image.exact


def _labels(files: Files, name: str, named: Named | None, used: set[int]) -> tuple[int, int, Mapping[str, Mask], bool]:
    """Width and height of a mask, the pixels of each label in it (behind a $ those of what has no name), and whether
    any is void. Raises BadValue, OSError or SyntaxError."""
    from PIL import Image

    try:
        with files.open(name) as stream, Image.open(stream, formats=["PNG"]) as picture:
            pixels = _plain(picture)
            runs = _runs(pixels)
            width, height, mode = pixels.width, pixels.height, pixels.mode
            palette = pixels.getpalette() or [] if mode == "P" else []
    except BadValue:
        raise
    except (Image.DecompressionBombError, ValueError) as error:
        raise BadValue(f"is not a PNG that can be read ({error!s:.100})") from None
    wanted, void = _names(list(runs), mode, palette, named)
    labels = {label: code for code, label in wanted.items() if label is not None}
    if named is None:
        used.update(int(label.rpartition(" ")[2]) for label in labels)
    found = {label: Mask(height, width, _counts(runs[code], width * height)) for label, code in labels.items()}
    return width, height, found, void


def _plain(picture: Image) -> Image:
    """The picture as bytes can be compared: one a pixel (by palette or grey), two (grey of 16 bits), or three.

    Raises BadValue for one that is too large.
    """
    if picture.width * picture.height > MAX_PIXELS:
        raise BadValue(f"is of {picture.width:,} x {picture.height:,} pixels, more than {MAX_PIXELS:,}")
    if picture.mode == "1":
        return picture.point(lambda value: value and 1, "L")
    if picture.mode in ("L", "P", "I;16", "RGB"):
        picture.load()
        return picture
    if picture.mode in ("I", "I;16B"):
        return picture.convert("I;16")
    return picture.convert("L" if picture.mode == "LA" else "RGB")


def _runs(picture: Image) -> dict[bytes, list[tuple[int, int]]]:
    """Where runs of each value begin and end, counted down the columns."""
    from PIL.Image import Transpose

    data = picture.transpose(Transpose.TRANSPOSE).tobytes()
    across = len(data) // (picture.width * picture.height)
    found: dict[bytes, list[tuple[int, int]]] = {}
    for run in re.finditer(rb"(.{%d})\1*" % across, data, re.DOTALL):
        found.setdefault(run[1], []).append((run.start() // across, run.end() // across))
    return found


def _counts(runs: Sequence[tuple[int, int]], size: int) -> tuple[int, ...]:
    """The counts of runs that do not touch, in an image of `size` pixels."""
    ends = [place for run in runs for place in run]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return (*counts, size - ends[-1])


def _names(
    codes: Sequence[bytes], mode: str, palette: Sequence[int], named: Named | None
) -> tuple[dict[bytes, str | None], bool]:
    """The label of each code (None for background, behind a $ what has none), and whether one is void."""
    colours = {code: _colour(code, mode, palette) for code in codes}
    if named and named.colours and (mode == "RGB" or (palette and all(c in named.colours for c in colours.values()))):
        found = {code: _of_colour(colour, named) for code, colour in colours.items()}
        return found, False
    if mode == "RGB" and any(len(set(code)) > 1 for code in codes):
        raise BadValue(f"is in colours, and no {LABELMAP} says what they stand for")
    values = {code: code[0] if mode == "RGB" else int.from_bytes(code, "little") for code in codes}
    if named is None:
        return {code: f"class {value}" if value else None for code, value in values.items()}, False
    void = VOID in values.values() and VOID not in named.values
    return {code: _of_value(value, named) for code, value in values.items()}, void


def _colour(code: bytes, mode: str, palette: Sequence[int]) -> Colour | None:
    if mode == "RGB":
        return code[0], code[1], code[2]
    if mode != "P" or 3 * code[0] + 2 >= len(palette):
        return None
    return palette[3 * code[0]], palette[3 * code[0] + 1], palette[3 * code[0] + 2]


def _of_colour(colour: Colour | None, named: Named) -> str | None:
    assert colour is not None
    if colour in named.colours or colour == (0, 0, 0):
        return named.colours.get(colour)
    return f"$it holds the colour {', '.join(map(str, colour))}"


def _of_value(value: int, named: Named) -> str | None:
    if value in named.values or value in (0, VOID):
        return named.values.get(value)
    return f"$it holds the value {value}"


FORMAT = Format(
    "masks",
    "masks (PNG)",
    detect,
    read,
    tasks=(BY_MASKS.task, *(shape.task for shape in SHAPES.values() if shape.outlined)),
    holds="masks of its images",
    writer=WRITER,
)
