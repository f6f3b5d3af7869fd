"""An item's picture for the browser: the bytes as they came, or a small or cut-out view of the upright image.

Views are made when first asked for and kept under ``MOTHERLODE_HOME/thumbs``, named by the blob's md5 and what was
asked, so items that share bytes share views.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from PIL import Image, ImageOps

from lode_platform.errors import BadInput
from lode_platform.models import Item
from lode_platform.store import store

SIZES = (64, 128, 256, 512, 1024, 2048)
BROWSERS_TURN = {"image/jpeg"}  # for other kinds browsers disagree on whether EXIF turns the picture


@dataclass(frozen=True)
class Crop:
    """A part of the upright image, in whole pixels, edges xyxy."""

    x1: int
    y1: int
    x2: int
    y2: int

    @classmethod
    def read(cls, text: str, item: Item) -> "Crop":
        """From ``x1,y1,x2,y2``, cut to the image; ``BadInput`` (bad_crop) where nothing of the image is in it."""
        try:
            x1, y1, x2, y2 = (round(float(part)) for part in text.split(","))
        except (ValueError, OverflowError):
            raise BadInput("crop is four numbers of pixels: x1,y1,x2,y2.", code="bad_crop") from None
        crop = cls(max(0, x1), max(0, y1), min(item.width, x2), min(item.height, y2))
        if crop.x1 >= crop.x2 or crop.y1 >= crop.y2:
            raise BadInput("Nothing of the image lies within the crop.", code="bad_crop")
        return crop

    def __str__(self) -> str:
        return f"{self.x1}-{self.y1}-{self.x2}-{self.y2}"


def read_size(text: str) -> int:
    """The smallest of ``SIZES`` that is no smaller than what was asked; ``BadInput`` (bad_size) for nonsense."""
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) < 1:
        raise BadInput("size is a whole number of pixels.", code="bad_size")
    return next((size for size in SIZES if size >= int(text)), SIZES[-1])


def needs_turning(item: Item) -> bool:
    """Whether the bytes themselves would be shown lying on their side by some browsers."""
    return item.orientation != 1 and item.media_type not in BROWSERS_TURN


def view(item: Item, size: int, crop: Crop | None = None) -> Path:
    """The file of a JPEG of the upright image or of a part of it, its longer side at most ``size`` pixels."""
    md5 = item.blob.md5
    name = f"{md5[2:]}-{size}{f'-{crop}' if crop else ''}.jpg"
    target = Path(settings.HOME) / "thumbs" / md5[:2] / name
    if not target.exists():
        _keep(_drawn(item, size, crop), target, "JPEG", quality=85)
    return target


def turned(item: Item) -> Path:
    """The file of a PNG of the upright image at full size, for bytes that browsers would not turn."""
    md5 = item.blob.md5
    target = Path(settings.HOME) / "thumbs" / md5[:2] / f"{md5[2:]}-upright.png"
    if not target.exists():
        with store().open(md5) as file, Image.open(file) as image:
            _keep(ImageOps.exif_transpose(image), target, "PNG")
    return target


def _drawn(item: Item, size: int, crop: Crop | None) -> Image.Image:
    longest = max(crop.x2 - crop.x1, crop.y2 - crop.y1) if crop else max(item.width, item.height)
    with store().open(item.blob.md5) as file, Image.open(file) as image:
        if (shrink := longest // (2 * size)) > 1:  # JPEG decodes to a half, a quarter or an eighth for little
            image.draft("RGB", (image.width // shrink, image.height // shrink))
        upright = ImageOps.exif_transpose(image)
        upright.load()
    if crop:
        scale_x, scale_y = upright.width / item.width, upright.height / item.height
        upright = upright.crop(
            (
                int(crop.x1 * scale_x),
                int(crop.y1 * scale_y),
                max(int(crop.x1 * scale_x) + 1, round(crop.x2 * scale_x)),
                max(int(crop.y1 * scale_y) + 1, round(crop.y2 * scale_y)),
            )
        )
    flat = _flat(upright)
    flat.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return flat


def _flat(image: Image.Image) -> Image.Image:
    """As RGB; what is transparent becomes white, 16-bit grey is scaled to 8."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _keep(image: Image.Image, target: Path, kind: str, **options: int) -> None:
    """Writes under a name of its own, then renames: nobody reads half a picture."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{uuid4().hex}"
    try:
        image.save(part, kind, **options)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
