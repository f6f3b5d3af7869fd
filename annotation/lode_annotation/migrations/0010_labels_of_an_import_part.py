from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_lists_of_a_large_project")]

    operations = [migrations.AddField("labelimportpart", "labels", models.JSONField(null=True))]
