"""What every published form can do: the protocol that the modules beside this one fill."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from motherlode.lock import Pin
from motherlode.manifest import BadManifest, Row

__all__ = ["Form", "Held", "Place", "Read", "Said", "Sets", "same_paths"]

Read: TypeAlias = Callable[[str], bytes]
"""Gives the verified bytes of one of a version's files, by its path below `data/`."""


Place: TypeAlias = tuple[int, int, int]
"""Where an item's line stands: the number of its file, and its first byte and the one after its last."""


@dataclass(frozen=True, slots=True)
class Held:
    """The lines of a set that hold: the files that they stand in, and the place of each by its item's path, sorted."""

    files: list[str]
    places: dict[str, Place]


@dataclass(frozen=True, slots=True)
class Said:
    """What a label line says: the item's media block, and the JSON rows of what is said of it, None if unlabelled.

    `rows` are regions and answers together, `unknown` those among them whose kind is not known here, which `rows` lack;
    `relations` the links between regions, `more` what else the line holds.
    """

    media: Mapping[str, Any]
    rows: list[dict[str, Any]] | None
    unknown: list[dict[str, Any]] = field(default_factory=list)
    relations: list[dict[str, Any]] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


class Sets(ABC):
    """What a version's small files say: its items, splits and labels, read as they are asked for.

    What cannot be read raises `BadManifest`, bytes that are not what was published `NotVerified`.
    """

    @property
    @abstractmethod
    def items(self) -> dict[str, Row]:
        """The rows of the items, by the items' paths, sorted; a row's own path is that below `data/`."""

    @property
    @abstractmethod
    def splits(self) -> dict[str, str]:
        """The split of each item, by path, sorted."""

    @property
    @abstractmethod
    def labels(self) -> Held:
        """Where each item's label line stands."""

    @abstractmethod
    def check(self, pin: Pin) -> None:
        """Make sure that the lines are those of the pinned digest. Raises `NotVerified`."""


class Form(ABC):
    """One published form: the small files that a version has beside its items, and what they say.

    `head` is what people call the list that names the files, which the pin knows by its sha-256. `where` names a line
    in messages.
    """

    head: ClassVar[str]

    @abstractmethod
    def pinned(self, pin: Pin) -> str:
        """The sha-256, 64 hexadecimal digits, that the list of files must have."""

    @abstractmethod
    def files(self, head: bytes) -> dict[str, Row]:
        """The files that are not items, by path. Raises `BadManifest`."""

    @abstractmethod
    def lists_items(self, path: str) -> bool:
        """Whether items or splits are read from this file."""

    @abstractmethod
    def sets(self, head: bytes, files: Mapping[str, Row], read: Read) -> Sets:
        """What the files say."""

    @abstractmethod
    def said(self, line: bytes, where: str) -> Said:
        """What a label line says."""

    @abstractmethod
    def box(self, row: Mapping[str, Any]) -> list[float] | None:
        """The smallest box around what a known row speaks of, xyxy; None where it is said of the whole item."""

    def boxes(self, line: bytes, count: int) -> list[list[float]] | None:
        """The boxes of a label line that says `count` things, without parsing the rest of it; None where it must be."""
        return None

    def class_ids(self, line: bytes, count: int) -> list[int] | None:
        """The same of the class ids."""
        return None

    @abstractmethod
    def count(self, line: bytes, where: str) -> int:
        """How many things of known kinds a label line says."""


def same_paths(one: Mapping[str, Any], two: Mapping[str, Any], what: str, other: str) -> None:
    """Raise `BadManifest` where two sets are not of the same items."""
    if one.keys() != two.keys():
        path = min(one.keys() ^ two.keys())
        has, lacks = (what, other) if path in one else (other, what)
        raise BadManifest(f"{path!r} has a line in {has} and none in {lacks}")
