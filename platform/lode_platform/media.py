"""An item's picture for the browser: the bytes as they came, or a small or cut-out view of the upright image.

Views are made when first asked for and kept under ``MOTHERLODE_HOME/thumbs``, named by the blob's md5 and what was
asked, so items that share bytes share views. Of several pages each has views of its own, and no other is decoded for
them. Kept are whole views, one for each of ``SIZES``, and of a picture that is slow to decode its mosaic, from which
every crop is cut: however many crops are asked for, no more files come of it.
How much memory all of this takes at once is bounded by ``lode_platform.memory``.
"""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from PIL import Image

from lode_platform import decoding, deep, memory
from lode_platform.decoding import Area
from lode_platform.errors import BadInput, Busy, LodeError
from lode_platform.memory import budget
from lode_platform.models import Blob, Item
from lode_platform.store import Kept, store
from motherlode.frames import pages_of
from motherlode.pictures import is_deep

SIZES = (64, 128, 256, 512, 1024, 2048)
BROWSERS_TURN = {"image/jpeg"}  # for other kinds browsers disagree on whether EXIF turns the picture
MAY_MOVE = {"image/gif", "image/png", "image/webp", "image/avif"}
NOT_SHOWN = {"image/tiff", "application/dicom"}  # by browsers
DIRECT = 16 << 20  # bytes of memory: a crop of what takes no more is cut from the picture itself


class NotShown(LodeError):
    """The bytes of the item cannot be shown: they are not what they were when it came in, or too large by now."""

    status, code = 422, "not_shown"


def read_crop(text: str, item: Item) -> Area:
    """From ``x1,y1,x2,y2`` in pixels of the upright image, cut to it; ``BadInput`` (bad_crop) where none of it is in
    there."""
    try:
        x1, y1, x2, y2 = (round(float(part)) for part in text.split(","))
    except (ValueError, OverflowError):
        raise BadInput("crop is four numbers of pixels: x1,y1,x2,y2.", code="bad_crop") from None
    crop = Area(max(0, x1), max(0, y1), min(item.width, x2), min(item.height, y2))
    if crop.x1 >= crop.x2 or crop.y1 >= crop.y2:
        raise BadInput("Nothing of the image lies within the crop.", code="bad_crop")
    return crop


def read_size(text: str) -> int:
    """The smallest of ``SIZES`` that is at least what was asked; ``BadInput`` (bad_size) for nonsense."""
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) < 1:
        raise BadInput("size is a whole number of pixels.", code="bad_size")
    return next((size for size in SIZES if size >= int(text)), SIZES[-1])


def read_page(text: str, item: Item) -> int:
    """The number of a page of the item, from 0 on; ``BadInput`` (bad_page) for one that is not there."""
    count = pages_of(item.media)
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) >= count:
        raise BadInput(f"page is a whole number from 0 to {count - 1}: {item.path} has {count}.", code="bad_page")
    return int(text)


def view_path(blob: Blob | Kept, kind: str, page: int = 0) -> Path:
    """Where a view of a page of the blob is kept."""
    name = f"page{page}-{kind}" if page else kind
    return Path(settings.HOME) / "thumbs" / blob.md5[:2] / f"{blob.md5[2:]}-{name}"


def scratch(blob: Blob | Kept) -> Path:
    """A new name beside the blob's views: what is written there is renamed when whole, so nobody reads half of it."""
    return view_path(blob, "").with_name(f".{uuid4().hex}")


# -- whole pictures ---------------------------------------------------------------------------------------------------


def redrawn(item: Item, page: int = 0) -> Path | None:
    """The file of a PNG to show in place of the bytes, None where browsers show these as the SDK reads them.

    Redrawn upright is what lies on its side and that browsers would not turn; of what moves the first picture is shown,
    deep grey in 8 bits, a TIFF as PNG.
    """
    target = view_path(item.blob, "upright.png", page)
    if target.exists():
        return target
    media_type = item.media_type.removesuffix(deep.MARK)
    turns = item.orientation != 1 and media_type not in BROWSERS_TURN
    if not turns and media_type not in NOT_SHOWN and not (media_type in MAY_MOVE and _moves_or_is_deep(item)):
        return None
    _write_twice(item, target, "upright", page)
    return target


def _moves_or_is_deep(item: Item) -> bool:
    with store().open(item.blob.md5) as file, _shown(item), decoding.opened(file) as image:
        return bool(getattr(image, "is_animated", False)) or is_deep(image)


def has_values(media_type: str, width: int, height: int) -> bool:
    """Whether the pixels of an image are sent as numbers, too: those of deep grey, if they are not too many."""
    return media_type.endswith(deep.MARK) and width * height <= deep.MOST_VALUES


def values(item: Item, page: int = 0) -> Path:
    """The file of the pixels of a page of deep grey as numbers, as ``deep.write_values`` makes it."""
    if not has_values(item.media_type, item.width, item.height):
        raise BadInput(
            "Values are those of grey images of 16 or 32 bits, of at most 33 million pixels.", code="no_values"
        )
    target = view_path(item.blob, "values", page)
    if not target.exists():
        _write_twice(item, target, "values", page)
    return target


def _write_twice(item: Item, target: Path, verb: str, page: int) -> None:
    """Lets ``verb`` make ``target``, which holds the pixels twice at its peak."""
    with store().open(item.blob.md5) as file, _shown(item), decoding.opened(file, page) as image:
        cost = 2 * decoding.head(image, settings.MAX_IMAGE_PIXELS).decode
        _write(item, target, verb, cost, page)


# -- views ------------------------------------------------------------------------------------------------------------


def view(item: Item, size: int, page: int = 0) -> Path:
    """The file of a JPEG of the upright image, its longer side at most ``size`` pixels."""
    target = view_path(item.blob, f"{size}.jpg", page)
    if not target.exists():
        part = scratch(item.blob)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            _drawn(item, size, None, memory.IN_PROCESS, page).save(part, "JPEG", quality=85)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    return target


def cut(item: Item, size: int, crop: Area, page: int = 0) -> bytes:
    """A JPEG of a part of the upright image, its longer side at most ``size`` pixels."""
    out = io.BytesIO()
    _drawn(item, size, crop, DIRECT, page).save(out, "JPEG", quality=85)
    return out.getvalue()


def _drawn(item: Item, size: int, crop: Area | None, most: int, page: int) -> Image.Image:
    """Drawn from the picture itself where that takes at most ``most`` bytes of memory, else from its mosaic."""
    mosaic = view_path(item.blob, "mosaic", page)
    if not mosaic.exists():
        with store().open(item.blob.md5) as file, _shown(item), decoding.opened(file, page) as image:
            cost = decoding.drawing_bytes(image, size, crop)
            if cost <= most:
                with budget.hold(cost):
                    return decoding.drawn(image, size, item.orientation, crop)
            decode = decoding.head(image, settings.MAX_IMAGE_PIXELS).decode
            _write(item, mosaic, "mosaic", decode, page)
    area = crop or Area(0, 0, item.width, item.height)
    try:
        with budget.hold(decoding.canvas_bytes(size, area)):
            return decoding.from_mosaic(mosaic, size, area)
    except FileNotFoundError:  # tidied away meanwhile, or half of it lost: it is made again
        shutil.rmtree(mosaic, ignore_errors=True)
        raise Busy("The picture is being read again; try again in a few seconds.") from None


def _write(item: Item, target: Path, verb: str, cost: int, page: int) -> None:
    """Lets ``decoding.WRITERS`` make ``target``, here or, for what takes more memory, in a process of its own."""
    here = cost <= memory.IN_PROCESS
    with budget.hold(cost) if here else memory.one_of_few():
        if target.exists():  # somebody else has made it while we waited
            return
        part = scratch(item.blob)
        part.parent.mkdir(parents=True, exist_ok=True)
        if verb == "mosaic":
            part.mkdir()
        try:
            with store().open(item.blob.md5) as file:
                if here:
                    with decoding.opened(file, page) as image:
                        decoding.WRITERS[verb](image, item.orientation, part)
                else:
                    memory.apart(file, verb, part, item.orientation, page)
            publish(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)


def publish(part: Path, target: Path) -> None:
    """Moves what is whole to where it is looked for; a folder that another process put there meanwhile stays."""
    try:
        os.replace(part, target)
    except OSError:
        if not target.is_dir():
            raise


@contextmanager
def _shown(item: Item) -> Iterator[None]:
    """Says in words what of an item cannot be decoded."""
    try:
        yield
    except decoding.BadImage as error:
        raise NotShown(f"{item.path} {error.message}.") from None
