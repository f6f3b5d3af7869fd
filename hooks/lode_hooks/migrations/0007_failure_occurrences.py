import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hooks", "0006_long_region_ids")]

    operations = [
        migrations.RenameModel("Sighting", "FailureOccurrence"),
        migrations.AlterField(
            "failureoccurrence",
            "failure",
            models.ForeignKey("hooks.failure", on_delete=django.db.models.deletion.CASCADE, related_name="occurrences"),
        ),
        migrations.AlterField(
            "failureoccurrence",
            "evaluation",
            models.ForeignKey(
                "hooks.evaluation", on_delete=django.db.models.deletion.CASCADE, related_name="occurrences"
            ),
        ),
        migrations.RemoveConstraint("failureoccurrence", "sighting_once"),
        migrations.AddConstraint(
            "failureoccurrence", models.UniqueConstraint(fields=["evaluation", "row"], name="occurrence_once")
        ),
        migrations.RenameIndex("failureoccurrence", new_name="occurrence_kind", old_name="sighting_kind"),
    ]
