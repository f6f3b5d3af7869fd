"""The media on the server: how each is checked, served and shown. One module and one line here each.

What a medium is, `motherlode.media` says; a module here adds what only a server does.
"""

from lode_platform.item_media import image, list, text  # noqa: A004 - a medium
from lode_platform.item_media.medium import ItemMedium, Look, Refused, Seen
from motherlode.media import Media, named

__all__ = ["MEDIA", "ItemMedium", "Look", "Refused", "Seen", "of_path", "size_words"]

MEDIA: dict[str, ItemMedium] = {medium.kind: medium for medium in (image.MEDIUM, text.MEDIUM, list.MEDIUM)}


def of_path(path: str) -> ItemMedium:
    """The medium of a file by the ending of its name; what has an ending of none is looked at as an image."""
    medium = named(path)
    return MEDIA[medium.kind] if medium is not None else image.MEDIUM


def size_words(media: Media) -> str:
    """How large an item is, in words for people."""
    return MEDIA[media.kind].size_words(media)
