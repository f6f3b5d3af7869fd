"""What an item's bytes are, as far as its labels must know it: one small class a medium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Image", "Media", "Text"]


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `width` and `height` are those of the upright image, in pixels."""

    width: int
    height: int

    def stamp(self) -> dict[str, Any]:
        """What a Label Studio result says of the medium it was made on."""
        return {"original_width": self.width, "original_height": self.height, "image_rotation": 0}

    def block(self) -> dict[str, Any]:
        """What a published label line says of the medium."""
        return {"height": self.height, "kind": "image", "width": self.width}


@dataclass(frozen=True, slots=True)
class Text:
    """A text; `length` is the number of its Unicode code points."""

    length: int

    def stamp(self) -> dict[str, Any]:
        """What a Label Studio result says of the medium it was made on: nothing, of a text."""
        return {}

    def block(self) -> dict[str, Any]:
        """What a published label line says of the medium."""
        return {"kind": "text", "length": self.length}


Media: TypeAlias = Image | Text
