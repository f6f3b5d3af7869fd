"""Images on the server: decoded once, shown upright with what was drawn on them."""

import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework.request import Request

from lode_platform import drawing, memory
from lode_platform import media as views
from lode_platform.decoding import ImageInfo
from lode_platform.drawing import Drawn
from lode_platform.item_media.medium import ItemMedium, Look, Seen
from lode_platform.item_media.sent import sent
from lode_platform.models import Item
from lode_platform.ranges import ranged, unchanged
from lode_platform.store import Kept
from motherlode.media import Image, Media


class ImageMedium(ItemMedium):
    """Pictures: browsers show them, or get what they show."""

    kind = Image.kind
    title = gettext_lazy("images")
    examples = ("car", "bicycle", "person")
    preload = "image"

    def probe(self, file: BinaryIO, blob: Kept) -> Seen:
        mosaic = views.scratch(blob)
        try:
            found = memory.probe(file, mosaic)
            if mosaic.is_dir():
                views.publish(mosaic, views.view_path(blob, "mosaic"))
            return _seen(found)
        finally:
            if mosaic.exists():
                shutil.rmtree(mosaic, ignore_errors=True)

    def probe_here(self, file: BinaryIO) -> Seen | None:
        found = memory.probe_here(file)
        return None if found is None else _seen(found)

    def original(self, request: Request, item: Item) -> HttpResponseBase:
        name, wanted = item.path.rpartition("/")[2], request.query_params.get("as", "")
        page = views.read_page(request.query_params.get("page", "0"), item)
        if wanted == "values":
            path = views.values(item, page)
            return _sent(request, path, path.name, "application/octet-stream", name)
        if wanted != "file" and (redrawn := views.redrawn(item, page)):
            return _sent(request, redrawn, redrawn.stem, "image/png", f"{name}.png")
        return sent(request, item, item.media_type)

    def thumb(self, request: Request, item: Item) -> HttpResponseBase:
        size = views.read_size(request.query_params.get("size", "256"))
        text, page = request.query_params.get("crop", ""), views.read_page(request.query_params.get("page", "0"), item)
        name = f"{item.path.rpartition('/')[2]}.jpg"
        if not text:
            path = views.view(item, size, page)
            return _sent(request, path, path.stem, "image/jpeg", name)
        crop = views.read_crop(text, item)
        etag = f"{item.blob.md5}-{page}-{size}-{crop.x1}-{crop.y1}-{crop.x2}-{crop.y2}"
        if same := unchanged(request, etag):
            return same
        data = views.cut(item, size, crop, page)
        return ranged(request, io.BytesIO(data), len(data), etag, "image/jpeg", name)

    def shown(self, item: Item, look: Look) -> SafeString:
        seen = look.media or item.media
        assert isinstance(seen, Image)
        x1, y1, x2, y2 = look.crop or (0, 0, seen.width, seen.height)
        asked = {"file": look.md5 or item.blob.md5}
        page = min(drawing.page_of(look.regions) if look.page is None else look.page, seen.pages - 1)
        if page:
            asked["page"] = str(page)
        several = seen.pages > 1
        if size := look.size or (views.SIZES[-1] if look.crop else 0):
            asked["size"] = str(size)
        if look.crop:
            asked["crop"] = ",".join(map(str, look.crop))
        address = reverse("platform:thumb" if size else "platform:media", args=[item.uuid])
        return format_html(
            '<lode-picture view="{} {} {} {}"{} regions="{}"{}>'
            '<img src="{}" width="{}" height="{}" alt="{}" decoding="async"{}>{}</lode-picture>',
            *(x1, y1, x2 - x1, y2 - y1),
            SafeString(" labels") if look.labels else "",
            drawing.as_json(drawing.on_page(look.regions, page) if several else look.regions),
            format_html(' pins="{}"', pins) if (pins := drawing.pins_as_json(look.pins, page)) else "",
            f"{address}?{urlencode(asked, safe=',')}",
            *(x2 - x1, y2 - y1),
            look.alt,
            SafeString(' loading="lazy"') if look.size else "",
            page_mark(page, seen.pages, look.regions) if several else "",
        )

    def file_words(self) -> str:
        return _("images (%(formats)s)") % {"formats": "JPEG, PNG, WebP, AVIF, BMP, GIF, TIFF, DICOM"}

    def has_values(self, media_type: str, media: Media) -> bool:
        assert isinstance(media, Image)
        return views.has_values(media_type, media.width, media.height)

    def size_words(self, media: Media) -> str:
        assert isinstance(media, Image)
        size = f"{media.width} × {media.height} px"
        if media.pages == 1:
            return size
        return ngettext("%(size)s, %(n)s page", "%(size)s, %(n)s pages", media.pages) % {"size": size, "n": media.pages}


def page_mark(page: int, pages: int, regions: Sequence[Drawn]) -> SafeString:
    """Which page of the picture is shown, and how many regions lie on others."""
    others = len(regions) - len(drawing.on_page(regions, page))
    words = ngettext("%(n)s region on other pages", "%(n)s regions on other pages", others) % {"n": others}
    said = _("page %(n)s of %(all)s") % {"n": page + 1, "all": pages}
    return format_html('<span class="page-mark" title="{}">{}</span>', words if others else "", said)


def _seen(found: ImageInfo) -> Seen:
    several = found.pages if found.pages > 1 else 0
    return Seen(Image.kind, found.media_type, found.width, found.height, several, found.orientation)


def _sent(request: Request, path: Path, etag: str, media_type: str, name: str) -> HttpResponseBase:
    return ranged(request, path.open("rb"), path.stat().st_size, etag, media_type, name)


MEDIUM = ImageMedium()
