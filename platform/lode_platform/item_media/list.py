"""Lists on the server: entries read once, shown as texts and never as anything that a browser would run."""

import io
from functools import lru_cache
from typing import BinaryIO

from django.http import HttpResponseBase
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext
from rest_framework.request import Request

from lode_platform.item_media.medium import ItemMedium, Look, Seen
from lode_platform.item_media.sent import sent
from lode_platform.item_media.text import whole
from lode_platform.models import Item
from lode_platform.ranges import ranged
from lode_platform.store import Kept, store
from motherlode.media import BadMedia, List, Media
from motherlode.media.list import Entry, entries_of
from motherlode.media.text import MAX_BYTES

LINES = "application/jsonl"
PLAIN = "text/plain; charset=utf-8"
TILE = 6
"""Entries that a tile shows at most."""
_HEAD = 16_384  # bytes that they are read from


class ListMedium(ItemMedium):
    """Lists of entries, one JSON object a line."""

    kind = List.kind
    title = gettext_lazy("lists")
    examples = ("helpful", "wrong", "unsafe")

    def probe(self, file: BinaryIO, blob: Kept) -> Seen:
        return self.probe_here(file)

    def probe_here(self, file: BinaryIO) -> Seen:
        return Seen(List.kind, LINES, length=List.probe(file.read(MAX_BYTES + 1)).length)

    def original(self, request: Request, item: Item) -> HttpResponseBase:
        return sent(request, item, LINES)

    def thumb(self, request: Request, item: Item) -> HttpResponseBase:
        data = "\n".join(titles(item.blob.md5)).encode()
        name = item.path.rpartition("/")[2]
        return ranged(request, io.BytesIO(data), len(data), f"{item.blob.md5}-head", PLAIN, name)

    def shown(self, item: Item, look: Look) -> SafeString:
        md5 = look.md5 or item.blob.md5
        if look.size:
            return format_html('<span class="text-tile" dir="auto">{}</span>', "\n".join(titles(md5)))
        entries = entries_of(whole(md5))
        rows = format_html_join(
            "", "<li><b>{}</b> <code>{}</code><br>{}</li>", ((one.title, one.id, one.body) for one in entries)
        )
        page = '<div class="text-page" dir="auto" tabindex="0" role="document" aria-label="{}"><ol>{}</ol></div>'
        return format_html(page, look.alt or item.path, rows)

    def size_words(self, media: Media) -> str:
        assert isinstance(media, List)
        n = media.length
        return ngettext("%(n)s entry", "%(n)s entries", n) % {"n": number_format(n, force_grouping=True)}


@lru_cache(maxsize=4096)  # bytes named by their digest never change
def titles(md5: str) -> tuple[str, ...]:
    """What the first entries of a list are called, numbered from 1; of many "…" at the end."""
    with store().open(md5) as file:
        data = file.read(_HEAD)
    *lines, rest = data.decode("utf-8-sig", "replace").split("\n")
    if len(data) < _HEAD:
        lines.append(rest)
    found: list[Entry] = []
    for line in lines:
        try:
            found += entries_of(line)
        except BadMedia:
            continue
    named = [f"{number}. {one.title or one.body[:80]}" for number, one in enumerate(found[:TILE], start=1)]
    more = len(found) > TILE or len(data) == _HEAD
    return (*named, "…") if more else tuple(named)


MEDIUM = ListMedium()
