"""The tag that shows an item, whatever its medium."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.safestring import SafeString

from lode_platform.item_media import MEDIA, Look
from lode_platform.models import Item
from motherlode.media import Media

register = template.Library()


@register.simple_tag
def shown(
    item: Item,
    boxes: Iterable[Mapping[str, Any]] = (),
    *,
    size: int = 0,
    labels: bool = False,
    crop: str | Sequence[float] = "",
    md5: str = "",
    media: Media | None = None,
    alt: str = "",
) -> SafeString:
    """An item as a page shows it: an image with ``boxes`` drawn on it, a text as text; ``Look`` says the rest."""
    look = Look(size, list(boxes or ()), labels, crop, alt, md5, media)
    return MEDIA[item.kind].shown(item, look)
