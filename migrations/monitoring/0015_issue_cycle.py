import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0014_analysis"), ("projects", "0010_engine")]
    operations = [
        migrations.CreateModel(
            name="IssueCycle",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="projects.project",
                    ),
                ),
                ("looked_at", models.DateTimeField()),
                ("recounted_at", models.DateTimeField()),
            ],
            options={"db_table": "issue_cycle"},
        ),
    ]
