"""How a picture is shown: which way up, and in which colours. The server, the SDK and the converters share this.

Orientation is EXIF's, read as browsers read it: a single SHORT in the first directory. XMP may carry an orientation of
its own, which browsers do not follow, so neither do we.
"""

from __future__ import annotations

import math
import struct
from contextlib import suppress

from PIL import Image

__all__ = ["QUARTER_TURNS", "Window", "as_rgb", "grey", "is_deep", "orientation_of", "turned", "window_of"]

QUARTER_TURNS = frozenset({5, 6, 7, 8})  # the orientations that swap width and height
Window = tuple[float, float]
"""The values of deep grey that are shown black and white."""

_TAG, _SHORT = 0x0112, 3
_SAMPLED = 256  # pixels a side that a window is told from
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


def is_deep(image: Image.Image) -> bool:
    """Whether the pixels are grey of more than 8 bits: of 16, of 32, or floating-point numbers."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def window_of(image: Image.Image) -> Window:
    """The window in which deep grey is shown where nothing else is asked for: the file's own, where it names one, else
    all values but half a percent at either end; the whole range where the rest is of one value. Values that are not
    numbers do not count."""
    if (told := image.info.get("window")) is not None:
        low, high = told
        return float(low), float(high)
    small = image.resize((min(_SAMPLED, image.width), min(_SAMPLED, image.height)), Image.Resampling.NEAREST)
    flat = small.convert("F")
    values = sorted(value for (value,) in struct.iter_unpack("=f", flat.tobytes()) if math.isfinite(value))
    if not values:
        return 0.0, 1.0
    cut = len(values) // 200
    for low, high in ((values[cut], values[-1 - cut]), (values[0], values[-1])):
        if low < high:
            return low, high
    return (0.0, 65535.0) if image.mode.startswith("I;16") else (values[0] - 0.5, values[0] + 0.5)


def grey(image: Image.Image, window: Window) -> Image.Image:
    """Deep grey in 8 bits: what is below the window becomes black, what is above it white."""
    low, high = window
    scale = 255 / (high - low)
    return image.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def as_rgb(image: Image.Image, window: Window | None = None) -> Image.Image:
    """As it is shown on white: what is transparent becomes white, deep grey is scaled to 8 bits.

    It is scaled in `window`; without one, 16 bits to their upper 8, so that one value is one shade in every picture,
    and other numbers in the picture's own window.
    """
    if is_deep(image):
        whole = (0.0, 65535.0) if image.mode.startswith("I;16") else None
        image = grey(image, window or whole or window_of(image))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
