"""The tag that shows an item, whatever its medium."""

from collections.abc import Iterable, Sequence

from django import template
from django.utils.safestring import SafeString

from lode_platform.drawing import Drawn, Pin
from lode_platform.item_media import MEDIA, Look
from lode_platform.models import Item
from motherlode.media import Media

register = template.Library()


@register.simple_tag
def shown(
    item: Item,
    regions: Iterable[Drawn] = (),
    *,
    size: int = 0,
    labels: bool = False,
    crop: Sequence[float] | None = None,
    md5: str = "",
    media: Media | None = None,
    alt: str = "",
    page: int | None = None,
    pins: Sequence[Pin] = (),
    span: Sequence[int] | None = None,
) -> SafeString:
    """An item as a page shows it: an image with ``regions`` drawn on it, a text as text; ``Look`` says the rest."""
    look = Look(size, list(regions or ()), labels, crop or (), alt, md5, media, page, pins or (), span or ())
    return MEDIA[item.kind].shown(item, look)
