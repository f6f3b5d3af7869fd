"""Finding the item that a document means, by whatever part of its path the document names it with."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Finder"]


class Finder:
    """Finds an item's path by its path, its end, file name, stem or the number it ends in, where only one has it."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._by: dict[str, str | None] = {}
        self._stems: dict[str, str | None] = {}
        for path in paths:
            parts = path.split("/")
            stem = parts[-1].rpartition(".")[0]
            # COCO's own names end in the image's id: COCO_val2014_000000000042.jpg
            digits = re.search(r"\d+$", stem)
            ends = {"/".join(parts[at:]) for at in range(len(parts))}
            for key in {*ends, stem, path.rpartition(".")[0], str(int(digits[0])) if digits else ""} - {path, ""}:
                self._by[key] = None if key in self._by else path
            if stem.isdecimal():
                self._stems[str(int(stem))] = None if str(int(stem)) in self._stems else path
        self._by.update((path, path) for path in paths)

    def __call__(self, name: str) -> str | None:
        return self._by.get(name) or self._by.get(name.rpartition("/")[2])

    def stem(self, image: str) -> str | None:
        """The item whose file name is this number and nothing else."""
        return self._stems.get(image)
