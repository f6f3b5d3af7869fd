from django.db import migrations, models

STATES = [
    ("receiving", "Being sent"),
    ("queued", "Queued"),
    ("running", "Running"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("platform", "0007_items_of_one_size_by_path")]

    operations = [
        migrations.AlterField("job", "state", models.CharField(choices=STATES, default="queued", max_length=12))
    ]
