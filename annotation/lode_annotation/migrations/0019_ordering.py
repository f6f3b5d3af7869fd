from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Queues choose an ordering; places keep their rank in it, which was the task's priority."""

    dependencies = [("annotation", "0018_places_by_kind")]

    operations = [
        migrations.AddField("queue", "ordering", models.CharField(max_length=20, default="priority")),
        migrations.RemoveIndex("lease", "lease_next"),
        migrations.RenameField("lease", "priority", "rank"),
        migrations.AlterField(
            "lease", "rank", models.IntegerField(default=0, help_text="in the queue's ordering, higher first")
        ),
        migrations.AddIndex(
            "lease",
            models.Index("queue", "place", F("rank").desc(), "id", name="lease_next", condition=Q(closed=False)),
        ),
    ]
