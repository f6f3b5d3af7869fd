"""Predictions say which control they answer, where the schema has several of a kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hooks", "0008_tasks_are_named_by_evaluators")]

    operations = [
        migrations.AddField("predictionset", "control", models.CharField(blank=True, default="", max_length=200)),
    ]
