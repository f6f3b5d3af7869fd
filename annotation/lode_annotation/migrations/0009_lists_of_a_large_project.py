from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Current label sets are found without reading a row of them, rejected answers and the places that somebody holds
    without reading all others.

    Places are looked for among those that are open, or held: the index of all by queue goes. Each index is built by one
    scan of its table and a sort: some seconds for a million label sets.
    """

    dependencies = [("annotation", "0008_guidelines_of_classes")]

    operations = [
        migrations.RemoveIndex("labelset", "label_set_current"),
        migrations.AddIndex(
            "labelset",
            models.Index("schema", "item", "current", "staged_by", name="label_set_current", condition=Q(current=True)),
        ),
        migrations.AlterField(
            "lease",
            "queue",
            models.ForeignKey("annotation.queue", on_delete=models.CASCADE, related_name="+", db_index=False),
        ),
        migrations.RemoveIndex("lease", "lease_held"),
        migrations.AddIndex(
            "lease",
            models.Index("queue", "user", name="lease_held", condition=Q(closed=False, user__isnull=False)),
        ),
        migrations.AddIndex(
            "annotation",
            models.Index("user", "task", name="annotation_rejected", condition=Q(state="rejected")),
        ),
    ]
