"""What a medium does on the server: the protocol that the modules beside this one fill."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar, TypeAlias, TypedDict

from django.http import HttpResponseBase
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from rest_framework.request import Request

from lode_platform.decoding import BadImage
from lode_platform.drawing import Drawn, Pin
from lode_platform.models import Item
from lode_platform.store import Kept
from motherlode.media import MEDIA, BadMedia, Media, of

Refused: TypeAlias = BadImage | BadMedia
"""Why bytes are not of their medium: both have a `code`, and follow "The file" as a sentence."""


@dataclass(frozen=True)
class Seen:
    """What is read from a file once, as an item's row keeps it; `orientation` is EXIF's, 1 of what is never turned.

    `length` is that of a text in code points, and of a picture of several pages their number.
    """

    kind: str
    media_type: str
    width: int = 0
    height: int = 0
    length: int = 0
    orientation: int = 1

    @property
    def media(self) -> Media:
        """The medium with its numbers."""
        return of(self.kind, width=self.width, height=self.height, length=self.length)


@dataclass(frozen=True)
class Look:
    """How an item is to be shown: ``size`` in pixels, 0 for all of it; ``regions`` drawn on an image, with their
    ``labels``; only its ``crop`` (x1, y1, x2, y2 in whole pixels); ``md5`` of the file where it is one of the item's
    past, of ``media``; of several pages the one of the number ``page``, from 0 on, where none is said that of
    the regions; of a text in a tile the words of the ``span`` (start and end in code points), and some around them.
    ``pins`` are numbered places on an image.
    """

    size: int = 0
    regions: Sequence[Drawn] = ()
    labels: bool = False
    crop: Sequence[float] = ()
    alt: str = ""
    md5: str = ""
    media: Media | None = field(default=None)
    page: int | None = None
    pins: Sequence[Pin] = ()
    span: Sequence[int] = ()


class Excerpt(TypedDict):
    """A quoted part of a text with the sentence that it stands in; ``begins`` and ``ends``: the text does there."""

    before: str
    quoted: str
    after: str
    begins: bool
    ends: bool


class ItemMedium(ABC):
    """One medium: its ``kind`` is that of `motherlode.media`, its ``title`` what a filter calls its items, ``examples``
    are classes that a new schema starts with, ``preload`` what a page may fetch its files as before it shows them."""

    kind: ClassVar[str]
    title: ClassVar["str | Promise"]
    examples: ClassVar[Sequence[str]] = ("good", "broken", "unsure")
    preload: ClassVar[str] = ""

    @abstractmethod
    def probe(self, file: BinaryIO, blob: Kept) -> Seen:
        """What the bytes are, checked to the last one. Raises ``BadImage`` or ``BadMedia``."""

    @abstractmethod
    def probe_here(self, file: BinaryIO) -> Seen | None:
        """As ``probe``, None where that takes more memory than this process gives."""

    @abstractmethod
    def original(self, request: Request, item: Item) -> HttpResponseBase:
        """The bytes of the item's file, as browsers show them right; as they came where ``as=file`` asks for it,
        its values for ``as=values``."""

    @abstractmethod
    def thumb(self, request: Request, item: Item) -> HttpResponseBase:
        """A small view of the item."""

    @abstractmethod
    def shown(self, item: Item, look: Look) -> SafeString:
        """The item as a page shows it."""

    def file_words(self) -> str:
        """Which files come in as it, in words for people."""
        return f"{self.title} ({', '.join(sorted(MEDIA[self.kind].suffixes))})"

    def has_values(self, media_type: str, media: Media) -> bool:
        """Whether ``original`` sends values, which the editor shows in a window of one's choice."""
        return False

    def excerpt(self, md5: str, start: int, end: int) -> "Excerpt | None":
        """The part of a file that is quoted, and what stands around it; None of a medium that has no words."""
        return None

    @abstractmethod
    def size_words(self, media: Media) -> str:
        """How large an item of this medium is, in words for people."""
