from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Many items have the size of others: those lie by path in the index of sizes, so that a list goes on from any.

    SQLite goes on from columns alone, and an item's key is none to it. The index is built by one scan of the items and
    a sort: some seconds for a million of them, in which none come in.
    """

    dependencies = [("platform", "0006_lists_of_live_items")]

    operations = [
        migrations.RemoveIndex("item", "item_live_size"),
        migrations.AddIndex(
            "item",
            models.Index(
                "project",
                F("width").desc(),
                F("length").desc(),
                F("path").desc(),
                F("id").desc(),
                "trashed_at",
                "staged_by",
                condition=Q(trashed_at=None, staged_by=None),
                name="item_live_size",
            ),
        ),
    ]
