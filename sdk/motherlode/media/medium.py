"""What every medium can do: the protocol that the modules beside this one fill."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar

from motherlode.errors import BadInput

__all__ = ["BadMedia", "Media", "Other"]


class BadMedia(BadInput):
    """Bytes that are not of their medium: `what` is wrong follows the file's name, `remedy` says what to do about it.

    `code` is "not_read" (not of the medium, or in no form of it that we read), "corrupt", "empty" or "too_large".
    """

    def __init__(self, what: str, remedy: str, code: str = "not_read") -> None:
        super().__init__(f"{what}; {remedy}")
        self.what = what
        self.remedy = remedy
        self.code = code


class Media(ABC):
    """What an item's bytes are, as far as its labels must know it: one small frozen class a medium.

    `kind` names it in blocks and rows, `noun`, `one` ("an image") and `plural` in sentences. `tag` is Label Studio's
    object tag, `looks` what that may say besides `name` and `value`, which changes no answer.
    `suffixes` are the endings of file names that are of this medium, in lower case; `content_types` what its bytes are
    sent as. An instance's fields are whole numbers; the server keeps `width`, `height` and `length`. `unsaid` are
    fields that a media block leaves out where they have the value given there. What is `inline` stands itself in the
    data of a Label Studio task, where other items are named.
    """

    kind: str
    noun: ClassVar[str]
    one: ClassVar[str]
    plural: ClassVar[str]
    tag: ClassVar[str]
    looks: ClassVar[frozenset[str]] = frozenset()
    suffixes: ClassVar[frozenset[str]]
    content_types: ClassVar[frozenset[str]]
    unsaid: ClassVar[Mapping[str, int]] = {}
    inline: ClassVar[bool] = False

    __slots__: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def probe(cls, data: bytes) -> Media:
        """What the bytes of a file hold. Raises `BadMedia`."""

    @classmethod
    def look(cls, file: BinaryIO, *, whole: bool = False) -> tuple[Media, int]:
        """What the file holds and its EXIF orientation (1 upright), read no further than that takes.

        `whole` checks it to its last byte, too. Raises `BadMedia`.
        """
        return cls.probe(file.read()), 1

    @classmethod
    def as_data(cls, data: bytes) -> Any:
        """Of a medium that is `inline`, the item as the data of a Label Studio task has it. Raises `BadMedia`."""
        raise BadMedia(f"is {cls.one}, which a task names", "name it")

    @classmethod
    def from_data(cls, said: Any) -> bytes:
        """The file of an item from the data of a Label Studio task, which `as_data` gives back. Raises `BadMedia`."""
        raise BadMedia(f"is {cls.one}, which a task names", "name it")

    def stamp(self) -> dict[str, Any]:
        """What a Label Studio result says of the medium it was made on."""
        return {}

    def block(self) -> dict[str, Any]:
        """The media block of a label line: `kind` and the fields, as JSON."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {"kind": self.kind, **{name: said for name, said in fields.items() if self.unsaid.get(name) != said}}

    def place(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A place in it, as plain JSON, to which something that is said of it can be pinned.

        Raises ValueError that says what cannot be, for a person.
        """
        raise ValueError(f"nothing can be pinned to {self.one}")

    def place_of(self, bounds: tuple[float, float, float, float], page: int = 0) -> dict[str, Any]:
        """The place at which a region with these bounds is pinned."""
        return {}

    def words(self) -> str:
        """The size in words, such as "640 x 480 px"."""
        return ""


@dataclass(frozen=True, slots=True)
class Other(Media):
    """A medium that this program does not know, read from a version: its block is kept and passed on."""

    noun, one, plural = "item", "an item", "items"

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def probe(cls, data: bytes) -> Media:
        raise BadMedia("is of a medium that this version of Motherlode does not know", "upgrade it")

    def block(self) -> dict[str, Any]:
        return {**self.fields, "kind": self.kind}
