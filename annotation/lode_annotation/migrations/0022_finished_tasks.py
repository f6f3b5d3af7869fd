from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """What was finished lately is found by an index: the board's throughput."""

    dependencies = [("annotation", "0021_assignments")]

    operations = [
        migrations.AddIndex(
            "task",
            models.Index("queue", "finished_at", name="task_finished", condition=Q(finished_at__isnull=False)),
        ),
    ]
