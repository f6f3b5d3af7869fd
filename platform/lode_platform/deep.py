"""Grey of more than 8 bits, sent as numbers: the browser shows them in a window of one's choice. No Django here.

The form, all of it little-endian: 8 bytes ``LODEGREY``, the width and the height (uint32), four numbers (float64), and
a uint16 for each pixel, row by row. The numbers are ``scale`` and ``least``, which make a value of a pixel,
``least + scale * pixel``, and ``low`` and ``high``, the window that it is shown in where nobody chose one.
"""

import struct
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from motherlode.pictures import window_of

MARK = "; depth=16"  # behind the media type of what has values
MOST_VALUES = 1 << 25  # pixels of a picture whose values are sent
HEAD = "<8sIIdddd"
DEEPEST = 65535
STRIP = 1 << 20  # pixels that are converted at a time

Numbers: TypeAlias = "np.ndarray[Any, Any]"


def write_values(image: Image.Image, target: Path) -> None:
    """Writes the values of a loaded, upright image. Whole numbers stay as they are where their range is within 16
    bits; what is not a number becomes the least value."""
    low, high = window_of(image)
    stored = np.asarray(image)
    height, width = stored.shape
    least, scale = (0.0, 1.0) if stored.dtype.itemsize == 2 else _range(stored)
    with target.open("wb") as file:
        file.write(struct.pack(HEAD, b"LODEGREY", width, height, scale, least, low, high))
        step = max(1, STRIP // width)
        for top in range(0, height, step):
            file.write(_pixels(stored[top : top + step], least, scale).tobytes())


def _range(stored: Numbers) -> tuple[float, float]:
    """The least value, and how much lies between two neighbouring numbers that are sent."""
    finite = stored[np.isfinite(stored)]
    if not finite.size:
        return 0.0, 1.0
    least, most = float(finite.min()), float(finite.max())
    if np.issubdtype(stored.dtype, np.integer) and most - least <= DEEPEST:
        return least, 1.0
    return least, (most - least) / DEEPEST or 1.0


def _pixels(stored: Numbers, least: float, scale: float) -> Numbers:
    if stored.dtype.itemsize == 2:
        return stored.astype("<u2")
    steps = np.nan_to_num((stored.astype(np.float64) - least) / scale, nan=0.0, posinf=DEEPEST, neginf=0.0)
    return np.clip(np.rint(steps), 0, DEEPEST).astype("<u2")
