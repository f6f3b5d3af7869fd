from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Queues say how several answers become one, label sets keep the votes, and nobody has two places at a task.

    The constraint is built by one scan of the places: some seconds for a million.
    """

    dependencies = [("annotation", "0012_schema_migrations")]

    operations = [
        migrations.AddField(
            "queue",
            "consensus",
            models.CharField(
                max_length=8,
                choices=[("merged", "Merge the answers by votes"), ("last", "Take the last answer")],
                default="merged",
                help_text="how several answers become one label set where no reviewer decides",
            ),
        ),
        migrations.AlterField(
            "queue",
            "overlap",
            models.PositiveSmallIntegerField(default=1, help_text="how many people answer each task"),
        ),
        migrations.AddField("labelset", "votes", models.JSONField(null=True, blank=True)),
        migrations.AddConstraint(
            "lease",
            models.UniqueConstraint(
                fields=["task", "user"], name="one_place_per_person", condition=Q(user__isnull=False)
            ),
        ),
    ]
