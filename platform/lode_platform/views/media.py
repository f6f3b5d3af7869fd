"""Items over HTTP: in ranges, never run by the browser as anything but an image or plain text.

An address that names the bytes (``?file=<md5>``) is cached for good, and gives a file that the item had once too. An
item's own address is asked again each time: its file may have been replaced.
"""

from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from lode_platform import shared_media
from lode_platform.errors import NotFound
from lode_platform.item_media import MEDIA
from lode_platform.models import Item, Project
from lode_platform.signed_in import caller

ASK_AGAIN = "private, no-cache"


@extend_schema(exclude=True)
@api_view(["GET", "HEAD"])
def original(request: Request, item: UUID) -> HttpResponseBase:
    """The bytes of an item as they came, or its one upright image where browsers would show them otherwise:
    ``?as=file`` is the bytes in any case, ``?as=values`` the pixels of deep grey as numbers; of an image of several
    pages ``?page=`` is the number of one, from 0 on."""
    found = _named(request, _visible(request, item))
    return _kept(request, MEDIA[found.kind].original(request, found))


@extend_schema(exclude=True)
@api_view(["GET", "HEAD"])
def thumb(request: Request, item: UUID) -> HttpResponseBase:
    """A small view: of an image in ``?size=256``, ``&crop=x1,y1,x2,y2`` in upright pixels, ``&page=2`` of several; of a
    text its beginning."""
    found = _named(request, _visible(request, item))
    return _kept(request, MEDIA[found.kind].thumb(request, found))


@extend_schema(exclude=True)
@api_view(["GET", "HEAD"])
@authentication_classes([])
@permission_classes([AllowAny])
def shared(request: Request, signed: str) -> HttpResponseBase:
    """The bytes of an item by a signed link, which a predictor was given a few minutes ago."""
    item = shared_media.item_of(signed)
    answer = MEDIA[item.kind].original(request, item)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _visible(request: Request, uuid: UUID) -> Item:
    """The item, also from the trash: the pages of versions and of the trash show it."""
    mine = Project.objects.visible_to(caller(request))
    found = Item.objects.select_related("blob").filter(uuid=uuid, staged_by=None, project__in=mine).first()
    if found is None:
        raise NotFound("There is no such item.")
    return found


def _named(request: Request, item: Item) -> Item:
    """The item with the file that the address names, which may be one of its past. Raises ``NotFound``."""
    md5 = request.query_params.get("file")
    if md5 is None or md5 == item.blob.md5:
        return item
    past = item.past_files.select_related("blob").filter(blob__md5=md5).order_by("-pk").first()
    if past is None:
        raise NotFound("The item never had this file.")
    item.blob, item.media_type, item.orientation = past.blob, past.media_type, past.orientation
    item.width, item.height, item.length = past.width, past.height, past.length
    return item


def _kept(request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """Kept by the browser for good where the address names the bytes, else asked for again by its ETag."""
    if "file" not in request.query_params:
        response["Cache-Control"] = ASK_AGAIN
    return response
