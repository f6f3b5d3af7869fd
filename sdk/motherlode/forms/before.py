"""The form of versions published before it had a number: `motherlode.manifest` describes and reads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from motherlode import manifest
from motherlode.forms.form import Form, Held, Place, Read, Said, Sets, same_paths
from motherlode.lock import Pin
from motherlode.manifest import ITEMS, LABELS, SPLITS, BadManifest, Row

__all__ = ["Before"]


class Before(Form):
    """A manifest of all files, items too, whose sha-256 is the digest; labels in shards by a hash of the path."""

    head = "manifest"

    def pinned(self, pin: Pin) -> str:
        return pin.key

    def files(self, head: bytes) -> dict[str, Row]:
        return {row.path: row for row in manifest.read_manifest(manifest.without_items(head))}

    def lists_items(self, path: str) -> bool:
        return path == SPLITS

    def sets(self, head: bytes, files: Mapping[str, Row], read: Read) -> Sets:
        return _Sets(head, files, read)

    def said(self, line: bytes, where: str) -> Said:
        [read] = manifest.read_label_lines(line + b"\n", where)
        return Said({"height": read.height, "kind": "image", "width": read.width}, read.regions)

    def box(self, row: Mapping[str, Any]) -> list[float] | None:
        return [float(edge) for edge in row["box"]] if "box" in row else None

    def count(self, line: bytes, where: str) -> int:
        if b'"attributes":' in line:  # without them no key below a region is free
            return len(self.said(line, where).rows or ())
        return line.count(b'"class_id":')


class _Sets(Sets):
    def __init__(self, head: bytes, files: Mapping[str, Row], read: Read) -> None:
        self._head = head
        self._files = files
        self._read = read

    @cached_property
    def items(self) -> dict[str, Row]:
        rows = manifest.read_manifest(self._head)
        return {row.path.removeprefix(ITEMS): row for row in rows if row.path.startswith(ITEMS)}

    @cached_property
    def splits(self) -> dict[str, str]:
        return dict(manifest.read_split_lines(self._read(SPLITS)))

    @cached_property
    def labels(self) -> Held:
        shards = [path for path in self._files if path.startswith(LABELS)]
        places: dict[str, Place] = {}
        for number, shard in enumerate(shards):
            at = 0
            for count, line in enumerate(self._read(shard).split(b"\n")[:-1], start=1):
                try:
                    places[manifest.path_of(line)] = (number, at, at + len(line))
                except ValueError as error:
                    raise BadManifest(f"{shard}, line {count}: not a label line ({error})") from None
                at += len(line) + 1
        return Held(shards, {path: places[path] for path in sorted(places)})

    def check(self, pin: Pin) -> None:
        """The digest is that of the manifest, which was hashed already; the sets must be of the same items."""
        same_paths(self.splits, self.labels.places, SPLITS, LABELS)
