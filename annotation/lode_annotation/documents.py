"""The text of an item, for what is said of its parts."""

from lode_platform.item_media.text import whole
from lode_platform.models import Item


def document_of(item_id: int) -> str:
    """The text of the item with that key, decoded: one statement, and the bytes where they were not read lately."""
    return whole(Item.objects.values_list("blob__md5", flat=True).get(pk=item_id))
