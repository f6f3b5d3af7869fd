import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Queues name reasons to skip and a due date; tasks can be flagged with a note."""

    dependencies = [("annotation", "0019_ordering"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            "queue",
            "skip_reasons",
            models.JSONField(default=list, blank=True, help_text="what a skip may be given as its reason by one key"),
        ),
        migrations.AddField("queue", "due", models.DateField(null=True, blank=True)),
        migrations.AddField(
            "task", "flag", models.CharField(max_length=300, blank=True, default="", help_text="why it was flagged")
        ),
        migrations.AddField("task", "flagged_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddField(
            "task",
            "flagged_by",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                null=True,
                blank=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
            ),
        ),
        migrations.AddIndex(
            "task",
            models.Index("queue", "number", name="task_flagged", condition=Q(flagged_at__isnull=False)),
        ),
    ]
