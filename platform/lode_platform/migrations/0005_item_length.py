from django.db import migrations, models


class Migration(migrations.Migration):
    """The length of texts, in code points; images have none. The few items that are not images are found by an index."""

    dependencies = [("platform", "0004_installation")]

    operations = [
        migrations.AddField("item", "length", models.PositiveIntegerField(default=0)),
        migrations.AddField("pastfile", "length", models.PositiveIntegerField(default=0)),
        migrations.AddIndex(
            "item",
            models.Index("project", "kind", condition=~models.Q(kind="image"), name="item_no_image"),
        ),
    ]
