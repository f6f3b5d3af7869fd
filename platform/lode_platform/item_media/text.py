"""Texts on the server: decoded once, shown as text and never as anything that a browser would run."""

import io
import re
from functools import lru_cache
from typing import BinaryIO

from django.http import HttpResponseBase
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework.request import Request

from lode_platform.item_media.medium import Excerpt, ItemMedium, Look, Seen
from lode_platform.item_media.sent import sent
from lode_platform.marked_text import marked
from lode_platform.models import Item
from lode_platform.ranges import ranged
from lode_platform.store import Kept, store
from motherlode.media import BadMedia, Media, Text
from motherlode.media.text import MAX_BYTES, decoded

PLAIN = "text/plain"
PREVIEW = 400  # code points of a text that a tile shows at most
LEAD = 60  # code points that a tile shows before the words that it is about
_HEAD = 4096  # bytes that they are read from
AROUND = 300  # code points beside a part of a text that are shown with it at most
SHOWN = 200_000  # code points of a text that a page shows at most


class TextMedium(ItemMedium):
    """Documents in UTF-8 or UTF-16."""

    kind = Text.kind
    title = gettext_lazy("texts")
    examples = ("question", "complaint", "praise")

    def probe(self, file: BinaryIO, blob: Kept) -> Seen:
        return self.probe_here(file)

    def probe_here(self, file: BinaryIO) -> Seen:
        return Seen(Text.kind, PLAIN, length=Text.probe(file.read(MAX_BYTES + 1)).length)

    def original(self, request: Request, item: Item) -> HttpResponseBase:
        return sent(request, item, PLAIN)

    def thumb(self, request: Request, item: Item) -> HttpResponseBase:
        data = preview(item.blob.md5).encode()
        name = item.path.rpartition("/")[2]
        return ranged(request, io.BytesIO(data), len(data), f"{item.blob.md5}-head", f"{PLAIN}; charset=utf-8", name)

    def shown(self, item: Item, look: Look) -> SafeString:
        md5 = look.md5 or item.blob.md5
        if look.size and look.span and (words := _around(whole(md5), *look.span)):
            return format_html('<span class="text-tile" dir="auto">{}<mark>{}</mark>{}</span>', *words)
        if look.size:
            return format_html('<span class="text-tile" dir="auto">{}</span>', preview(md5))
        text = whole(md5)
        cut = _("The text goes on; download the original for all of it.") if len(text) > SHOWN else ""
        rest = format_html('<p class="muted small">{}</p>', cut) if cut else ""
        label = look.alt or item.path
        page = '<div class="text-page" dir="auto" tabindex="0" role="document" aria-label="{}">{}</div>{}'
        return format_html(page, label, marked(text[:SHOWN], look.regions), rest)

    def excerpt(self, md5: str, start: int, end: int) -> Excerpt:
        text = whole(md5)
        first, last = around(text, start, end)
        return Excerpt(
            before=text[first:start],
            quoted=text[start:end],
            after=text[end:last],
            begins=first == 0,
            ends=last == len(text),
        )

    def file_words(self) -> str:
        return _("texts (.txt in UTF-8 or UTF-16)")

    def size_words(self, media: Media) -> str:
        assert isinstance(media, Text)
        n = media.length
        return ngettext("%(n)s character", "%(n)s characters", n) % {"n": number_format(n, force_grouping=True)}


_SENTENCE = re.compile(r"[.!?…。！？]+[\"'”’»)]*\s+|\n+")


def around(text: str, start: int, end: int) -> tuple[int, int]:
    """From where to where the sentences go that a part of a text stands in, at most `AROUND` code points beside it."""
    begin, until = max(0, start - AROUND), min(len(text), end + AROUND)
    breaks = [found.end() for found in _SENTENCE.finditer(text, begin, start)]
    first = breaks[-1] if breaks else begin
    close = _SENTENCE.search(text, end, until)
    return first, close.end() if close else until


@lru_cache(maxsize=8)  # bytes named by their digest never change
def whole(md5: str) -> str:
    """The text of a file of the store, decoded. Raises ``BadMedia``."""
    with store().open(md5) as file:
        return decoded(file.read())


@lru_cache(maxsize=4096)  # bytes named by their digest never change
def preview(md5: str) -> str:
    """The first lines of a text that say something, at most `PREVIEW` code points."""
    with store().open(md5) as file:
        data = file.read(_HEAD)
    for cut in range(4):  # the last character may have been cut off
        try:
            text = decoded(data[: len(data) - cut])
            break
        except BadMedia:
            continue
    else:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    found = "\n".join(line for line in lines if line)
    return found if len(found) <= PREVIEW and len(data) < _HEAD else f"{found[:PREVIEW].rstrip()}…"


def _around(text: str, start: int, end: int) -> tuple[str, str, str] | None:
    """The words of a span with what stands before and behind them; None where the text ends before them."""
    if not 0 <= start < end <= len(text):
        return None
    before, behind = text[max(0, start - LEAD) : start], text[end : end + PREVIEW]
    cut = text[start:end] if end - start <= PREVIEW else f"{text[start : start + PREVIEW]}…"
    return ("…" if start > LEAD else "") + before.lstrip(), cut, behind


MEDIUM = TextMedium()
