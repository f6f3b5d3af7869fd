"""How a picture is shown: which way up, and in which colours. The server, the SDK and the converters share this.

Orientation is EXIF's, read as browsers read it: a single SHORT in the first directory. XMP may carry an orientation of
its own, which browsers do not follow, so neither do we.
"""

from __future__ import annotations

import struct
from contextlib import suppress

from PIL import Image

__all__ = ["QUARTER_TURNS", "as_rgb", "orientation_of", "turned"]

QUARTER_TURNS = frozenset({5, 6, 7, 8})  # the orientations that swap width and height
_TAG, _SHORT = 0x0112, 3
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or none that can be read. A PNG may say it after its pixels:
    it is loaded for that."""
    if image.format == "PNG" and "exif" not in image.info:
        image.load()
    exif = image.info.get("exif")
    if exif is None and isinstance(profile := image.info.get("Raw profile type exif"), str):
        with suppress(ValueError):  # ImageMagick writes EXIF as lines of hex behind three of its own
            exif = bytes.fromhex("".join(profile.split("\n")[3:]))
    return _orientation(exif) if isinstance(exif, bytes) else 1


def _orientation(exif: bytes) -> int:
    """The orientation that EXIF bytes state, 1 where they state none."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    with suppress(struct.error):
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(entries):
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * number)
            if tag == _TAG:
                return int(value) if (kind, count) == (_SHORT, 1) and 1 <= value <= 8 else 1
    return 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image upright; itself where it is already."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def as_rgb(image: Image.Image) -> Image.Image:
    """As browsers show it on white: what is transparent becomes white, 16-bit grey is scaled to 8."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
