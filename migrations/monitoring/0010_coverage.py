import django.db.models.deletion
import django.db.models.functions.datetime
import pgvector.django.halfvec
from django.db import migrations, models

# Whoever deletes a trace deletes what was worked out about it: a vector tells what a text was about.
TRACE_KEY = """
    ALTER TABLE call_analysis ADD CONSTRAINT call_analysis_of_trace FOREIGN KEY (project_id, trace_id)
    REFERENCES trace (project_id, trace_id) ON DELETE CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0009_rollouts"), ("projects", "0007_tryit")]
    operations = [
        migrations.CreateModel(
            name="CallAnalysis",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id",
                        "trace_id",
                        "span_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("trace_id", models.UUIDField()),
                ("span_id", models.BigIntegerField()),
                ("start_day", models.DateField()),
                ("call_at", models.DateTimeField()),
                ("prompt_name", models.TextField(default="")),
                ("environment", models.TextField(default="")),
                ("draw", models.BigIntegerField()),
                ("bound", models.BigIntegerField()),
                ("text", models.TextField(default="")),
                ("embedding", pgvector.django.halfvec.HalfVectorField(null=True)),
                ("embedding_version", models.CharField(max_length=40)),
                ("analysed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "call_analysis",
                "indexes": [models.Index(fields=["project", "start_day"], name="call_analysis_day")],
            },
        ),
        migrations.CreateModel(
            name="AnalysisProgress",
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
                ("until_at", models.DateTimeField()),
                ("ran_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"db_table": "analysis_progress"},
        ),
        migrations.RunSQL(TRACE_KEY, reverse_sql="ALTER TABLE call_analysis DROP CONSTRAINT call_analysis_of_trace"),
    ]
