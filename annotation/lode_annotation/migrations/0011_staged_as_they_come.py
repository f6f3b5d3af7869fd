from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0010_labels_of_an_import_part")]

    operations = [
        migrations.AddField("labelimportpart", "rest", models.JSONField(null=True)),
        migrations.AddField("labelimportpart", "regions", models.PositiveIntegerField(default=0)),
    ]
