"""Pictures: one upright image a file."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from motherlode.media.medium import BadMedia, Media

__all__ = ["Image"]

MAX_LOOKED_AT = 100_000_000  # pixels of an image that is decoded to its last byte


@dataclass(frozen=True, slots=True)
class Image(Media):
    """A picture; `width` and `height` are those of the upright image, in pixels."""

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
            *(".jpe", ".jfif", ".mpo", ".avif", ".heic", ".heif"),
        }
    )
    content_types = frozenset(
        {"image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif", "image/avif", "image/tiff"}
    )

    width: int
    height: int

    @classmethod
    def probe(cls, data: bytes) -> Image:
        return cls.look(io.BytesIO(data), whole=True)[0]

    @classmethod
    def look(cls, file: BinaryIO, *, whole: bool = False) -> tuple[Image, int]:
        """The upright image and its EXIF orientation; `whole` decodes one of at most `MAX_LOOKED_AT` pixels."""
        from PIL import Image as Pillow

        from motherlode.pictures import QUARTER_TURNS, orientation_of
        from motherlode.tiffs import ONE_PAGE, pages, said

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Pillow.open(file) as image:
                    if image.format == "TIFF" and (count := pages(file)) > 1:
                        raise BadMedia(f"has {said(count)} pages", ONE_PAGE)
                    turn = orientation_of(image)
                    width, height = image.size
                    if whole and width * height <= MAX_LOOKED_AT:
                        image.draft("RGB", (max(1, width // 8), max(1, height // 8)))  # of a JPEG, few pixels are made
                        image.load()
        except BadMedia:
            raise
        except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
            raise BadMedia("is not an image that can be read", "mend it") from None
        return (cls(height, width) if turn in QUARTER_TURNS else cls(width, height)), turn

    def stamp(self) -> dict[str, Any]:
        return {"original_width": self.width, "original_height": self.height, "image_rotation": 0}

    def words(self) -> str:
        return f"{self.width} x {self.height} px"
