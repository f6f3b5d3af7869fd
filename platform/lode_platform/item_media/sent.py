"""The bytes of an item as they came: from the server, or by a redirect to the store, where that is wanted.

A redirect is an address that gives the bytes to whoever has it, for a short while; it is made for one who may see the
item, after that was asked. What is sent there has the content type and the name that the server itself would send.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request

from lode_platform.models import Item
from lode_platform.ranges import disposition, ranged, unchanged
from lode_platform.store import store


def sent(request: Request, item: Item, media_type: str) -> HttpResponseBase:
    """The bytes of the item, under its name."""
    name, md5 = item.path.rpartition("/")[2], item.blob.md5
    if same := unchanged(request, md5):
        return same
    if seconds := settings.STORE_REDIRECT:
        address = store().signed(md5, seconds, media_type, disposition(media_type, name))
        if address is not None:
            there = {"Location": address, "Cache-Control": f"private, max-age={seconds // 2}"}
            return HttpResponse(status=307, headers=there)
    return ranged(request, store().open(md5), item.blob.size, md5, media_type, name)


def store_origin() -> str:
    """Where redirects lead, for the policy of pages; "" where there are none."""
    return _origin(str(settings.STORE), settings.STORE_REDIRECT) if settings.STORE_REDIRECT else ""


@lru_cache(maxsize=2)
def _origin(_place: str, seconds: int) -> str:
    address = urlsplit(store().signed("0" * 32, seconds, "", "") or "")
    return f"{address.scheme}://{address.netloc}" if address.netloc else ""
