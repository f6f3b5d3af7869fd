from django.db import migrations, models


class Migration(migrations.Migration):
    """The length of texts, in code points; images have none."""

    dependencies = [("platform", "0004_installation")]

    operations = [
        migrations.AddField("item", "length", models.PositiveIntegerField(default=0)),
        migrations.AddField("pastfile", "length", models.PositiveIntegerField(default=0)),
    ]
