from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotation", "0015_review_rules")]

    operations = [migrations.AddField("task", "origin", models.JSONField(blank=True, null=True))]
