"""Items at the door: bytes, names, hashes, receipts."""

from lode_platform.models import Item


def test_items_are_made(project, make_items):
    items = make_items(project, 3)
    assert [(i.width, i.height) for i in items] == [(64, 48)] * 3
