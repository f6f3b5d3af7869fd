"""The end of the trash's term: what no version holds goes, what one holds stays for good."""

from datetime import timedelta
from typing import Any

from django.conf import LazySettings
from django.core.management import call_command
from django.utils import timezone

from lode_platform.models import Item


def test_nothing_that_a_version_holds_leaves_the_trash(cells: Any, settings: LazySettings) -> None:
    settings.TRASH_DAYS = 30
    held = cells.add(2)
    cells.publish()
    never = cells.add(2)
    Item.objects.update(trashed_at=timezone.now() - timedelta(days=31))
    call_command("tidy", verbosity=0)
    assert set(Item.objects.all()) == set(held)
    assert set(cells.dataset.dataset_items.values_list("item", flat=True)) == {item.pk for item in held}
    assert not cells.dataset.dataset_items.filter(item__in=[item.pk for item in never]).exists()
