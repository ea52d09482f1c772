import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_append_only_audit"),
        ("prompt_registry", "0002_links_stay_in_project"),
    ]
    operations = [
        migrations.CreateModel(
            name="PromptProcess",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("process_id", models.CharField(max_length=32)),
                ("host", models.CharField(blank=True, default="", max_length=80)),
                ("sdk", models.CharField(blank=True, default="", max_length=60)),
                ("serves", models.JSONField(default=dict)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prompt_processes",
                        to="projects.project",
                    ),
                ),
            ],
            options={"db_table": "prompt_process"},
        ),
        migrations.AddConstraint(
            model_name="promptprocess",
            constraint=models.UniqueConstraint(fields=("project", "process_id"), name="prompt_process_unique"),
        ),
        # Updated once a minute and never kept: room on the page keeps the updates inside it.
        migrations.RunSQL("ALTER TABLE prompt_process SET (fillfactor = 70)", reverse_sql=migrations.RunSQL.noop),
    ]
