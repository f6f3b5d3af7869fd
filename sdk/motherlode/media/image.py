"""Pictures: one upright image a file, or several pages of one size."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from motherlode.media.medium import BadMedia, Media
from motherlode.numbers import is_number

__all__ = ["Image"]

MAX_LOOKED_AT = 100_000_000  # pixels of an image that is decoded to its last byte


_BROKEN = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error)
"""What Pillow raises for bytes that are not what they begin as."""


@dataclass(frozen=True, slots=True)
class Image(Media):
    """A picture; `width` and `height` are those of the upright image, in pixels. One of several `pages` has them all in
    this size; a region says by its `frame`, from 0 on, which it lies on."""

    kind = "image"
    noun, one, plural = "image", "an image", "images"
    tag = "Image"
    looks = frozenset(
        {
            *("zoom", "zoomBy", "zoomControl", "rotateControl", "brightnessControl", "contrastControl", "width"),
            *("height", "maxWidth", "maxHeight", "horizontalAlignment", "verticalAlignment", "defaultZoom"),
            *("gridControl", "grid", "gridSize", "gridColor", "negativeZoom", "smoothing", "crosshair"),
        }
    )
    suffixes = frozenset(
        {
            *(".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"),
            *(".jpe", ".jfif", ".mpo", ".avif", ".heic", ".heif", ".dcm"),
        }
    )
    content_types = frozenset(
        {
            "image/jpeg",
            "image/png",
            "image/webp",
            "image/bmp",
            "image/gif",
            "image/avif",
            "image/tiff",
            "application/dicom",
        }
    )

    unsaid = {"pages": 1}

    width: int
    height: int
    pages: int = 1

    @classmethod
    def probe(cls, data: bytes) -> Image:
        return cls.look(io.BytesIO(data), whole=True)[0]

    @classmethod
    def look(cls, file: BinaryIO, *, whole: bool = False) -> tuple[Image, int]:
        """The upright image and its EXIF orientation; `whole` decodes one of at most `MAX_LOOKED_AT` pixels."""
        from PIL import Image as Pillow

        from motherlode import dicoms
        from motherlode.pictures import QUARTER_TURNS, orientation_of
        from motherlode.tiffs import ALIKE, MOST_PAGES, TOO_MANY, differing, places_of, turn_to

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with dicoms.opened(file) or Pillow.open(file) as image:
                    places = places_of(image, file)
                    if len(places) > MOST_PAGES:
                        raise BadMedia(*TOO_MANY)
                    if different := differing(image, places):
                        raise BadMedia(different, ALIKE)
                    turn_to(image, places, 0)
                    turn = orientation_of(image)
                    width, height = image.size
                    if whole and width * height * max(1, len(places)) <= MAX_LOOKED_AT:
                        image.draft("RGB", (max(1, width // 8), max(1, height // 8)))  # of a JPEG, few pixels are made
                        for page in range(max(1, len(places))):
                            turn_to(image, places, page)
                            image.load()
        except BadMedia:
            raise
        except (MemoryError, Pillow.DecompressionBombError):
            raise BadMedia("has more pixels than can be decoded", "make it smaller or split it", "too_large") from None
        except _BROKEN:
            raise BadMedia("is not an image that can be read", "mend it") from None
        size = (height, width) if turn in QUARTER_TURNS else (width, height)
        return cls(*size, max(1, len(places))), turn

    def stamp(self) -> dict[str, Any]:
        return {"original_width": self.width, "original_height": self.height, "image_rotation": 0}

    def place(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`x` and `y` in pixels of the upright image, and the `page` from 0 on, left out for the first."""
        if not given.keys() <= {"x", "y", "page"}:
            raise ValueError("it has x, y and perhaps a page, and nothing else")
        for name, most in (("x", self.width), ("y", self.height)):
            number: Any = given.get(name)
            if not is_number(number) or not 0 <= number <= most:
                raise ValueError(f"{name} is {number!r:.60}, not a number from 0 to {most}")
        page = given.get("page", 0)
        if type(page) is not int or not 0 <= page < self.pages:
            raise ValueError(f"page is {page!r:.60}, not one from 0 to {self.pages - 1}")
        found = {"x": float(given["x"]), "y": float(given["y"])}
        return {**found, "page": page} if page else found

    def place_of(self, bounds: tuple[float, float, float, float], page: int = 0) -> dict[str, Any]:
        """The upper right corner, as far as it lies within."""
        x, y = min(max(bounds[2], 0.0), float(self.width)), min(max(bounds[1], 0.0), float(self.height))
        return {"x": x, "y": y, "page": page} if page else {"x": x, "y": y}

    def words(self) -> str:
        size = f"{self.width} x {self.height} px"
        return size if self.pages == 1 else f"{size}, {self.pages} pages"
