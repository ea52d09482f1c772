import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_tryit"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                models.F("kind"),
                django.db.models.functions.comparison.Coalesce("project", 0),
                models.F("run_at"),
                condition=models.Q(("state", "ready")),
                name="job_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                models.F("kind"),
                django.db.models.functions.comparison.Coalesce("project", 0),
                models.F("claimed_at"),
                condition=models.Q(("claimed_at__isnull", False)),
                name="job_served",
            ),
        ),
    ]
