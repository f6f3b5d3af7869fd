import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0011_staged_as_they_come"),
        ("platform", "0008_jobs_that_are_receiving"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="labelset",
            name="migrated_from",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="annotation.labelset",
            ),
        ),
        migrations.AddField(
            model_name="schemarevision",
            name="looks",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="schemarevision",
            name="merged",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="schemarevision",
            name="restores",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="SchemaMigration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("uuid", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("merges", models.JSONField()),
                ("report", models.JSONField(default=dict)),
                ("revealed_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "job",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="platform.job",
                    ),
                ),
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="migration",
                        to="annotation.schemarevision",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="labelset",
            name="migration",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="annotation.schemamigration",
            ),
        ),
        migrations.AddIndex(
            model_name="labelset",
            index=models.Index(
                models.F("migration"),
                condition=models.Q(("migration__isnull", False)),
                name="label_set_migration",
            ),
        ),
        migrations.AddIndex(
            model_name="labelset",
            index=models.Index(
                models.F("migrated_from"),
                condition=models.Q(("migrated_from__isnull", False)),
                name="label_set_migrated",
            ),
        ),
    ]
