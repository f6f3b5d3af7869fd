from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0012_schema_migrations")]

    operations = [migrations.AddField("task", "origin", models.JSONField(blank=True, null=True))]
