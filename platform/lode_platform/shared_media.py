"""Links to an item's bytes for a program without an account: signed, for a quarter of an hour."""

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from lode_platform.errors import NotFound
from lode_platform.models import Item

SECONDS = 900
_signer = TimestampSigner(salt="lode_platform.shared_media")


def link(item: Item) -> str:
    """The whole address of the bytes that an item has now."""
    path = reverse("platform:shared", args=[_signer.sign(f"{item.uuid.hex}.{item.blob.md5}")])
    root = settings.PUBLIC_URL.removesuffix(settings.FORCE_SCRIPT_NAME or "")
    return f"{root}{path}"


def item_of(signed: str) -> Item:
    """The item of a link. Raises ``NotFound`` for one that is over or never was, or whose item or bytes are gone."""
    try:
        uuid, _, md5 = _signer.unsign(signed, max_age=SECONDS).partition(".")
    except BadSignature:
        raise NotFound("This link is over, or never was one.") from None
    rows = Item.objects.select_related("blob").filter(uuid=UUID(uuid), blob__md5=md5, trashed_at=None, staged_by=None)
    found = rows.first()
    if found is None:
        raise NotFound("There is no such item.")
    return found
