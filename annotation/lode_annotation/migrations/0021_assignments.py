import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Queues may be for some people or roles alone."""

    dependencies = [("annotation", "0020_skip_flag_due"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=10, blank=True, default="")),
                (
                    "queue",
                    models.ForeignKey(
                        "annotation.queue", on_delete=django.db.models.deletion.CASCADE, related_name="assignments"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        settings.AUTH_USER_MODEL,
                        null=True,
                        blank=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["queue", "user"], name="person_once_per_queue", condition=Q(user__isnull=False)
                    ),
                    models.UniqueConstraint(
                        fields=["queue", "role"], name="role_once_per_queue", condition=~Q(role="")
                    ),
                    models.CheckConstraint(
                        condition=Q(user__isnull=False, role="") | (Q(user__isnull=True) & ~Q(role="")),
                        name="person_or_role",
                    ),
                ],
            },
        ),
    ]
