import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0032_segments"),
        ("projects", "0014_weekly_reports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Being written"),
                            ("done", "Written"),
                            ("failed", "Not written"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("place", models.CharField(default="", max_length=80)),
                ("parts", models.JSONField(default=list)),
                ("highest_number", models.PositiveIntegerField(default=0)),
                ("trace_count", models.BigIntegerField(default=0)),
                ("row_count", models.BigIntegerField(default=0)),
                ("byte_count", models.BigIntegerField(default=0)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("problem", models.TextField(default="")),
                ("round", models.PositiveIntegerField(default=0)),
                ("touched_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "export_run",
            },
        ),
        migrations.CreateModel(
            name="ScheduledExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("jsonl", "JSON lines"),
                            ("csv", "CSV for spreadsheets"),
                            ("parquet", "Parquet for analysis"),
                            ("tuning", "Fine-tuning: chats with the wanted answer"),
                            ("preferences", "Preference pairs: the better and the worse answer"),
                        ],
                        max_length=12,
                    ),
                ),
                ("rows", models.CharField(default="calls", max_length=8)),
                (
                    "every",
                    models.CharField(
                        choices=[("day", "Every day, the day before"), ("hour", "Every hour, the hour before")],
                        default="day",
                        max_length=4,
                    ),
                ),
                ("environment", models.CharField(default="", max_length=255)),
                (
                    "destination",
                    models.CharField(
                        choices=[("folder", "A folder on the server"), ("s3", "An S3-compatible object store")],
                        max_length=8,
                    ),
                ),
                ("folder", models.CharField(default="", max_length=200)),
                ("endpoint", models.CharField(default="", max_length=500)),
                ("region", models.CharField(default="", max_length=40)),
                ("bucket", models.CharField(default="", max_length=63)),
                ("access_key", models.CharField(default="", max_length=200)),
                ("secret_sealed", models.BinaryField(null=True)),
                ("is_on", models.BooleanField(default=True)),
                ("next_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "scheduled_export",
            },
        ),
        migrations.RemoveConstraint(
            model_name="export",
            name="export_kind_known",
        ),
        migrations.AlterField(
            model_name="export",
            name="kind",
            field=models.CharField(
                choices=[
                    ("jsonl", "JSON lines"),
                    ("csv", "CSV for spreadsheets"),
                    ("parquet", "Parquet for analysis"),
                    ("tuning", "Fine-tuning: chats with the wanted answer"),
                    ("preferences", "Preference pairs: the better and the worse answer"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["jsonl", "csv", "parquet", "tuning", "preferences"])),
                name="export_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="export_runs", to="projects.project"
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="requested_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="scheduledexport",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="scheduledexport",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="scheduled_exports", to="projects.project"
            ),
        ),
        migrations.AddField(
            model_name="exportrun",
            name="scheduled_export",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="monitoring.scheduledexport"
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledexport",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="scheduled_export_in_project"),
        ),
        migrations.AddConstraint(
            model_name="scheduledexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["parquet", "jsonl", "csv"])), name="scheduled_export_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("destination__in", ["folder", "s3"])), name="scheduled_export_destination_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("every__in", ["day", "hour"])), name="scheduled_export_every_known"
            ),
        ),
        migrations.AddIndex(
            model_name="exportrun",
            index=models.Index(
                condition=models.Q(("state__in", ("waiting", "running"))), fields=["touched_at"], name="export_run_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportrun",
            constraint=models.UniqueConstraint(fields=("scheduled_export", "starts_at"), name="export_run_once"),
        ),
        migrations.AddConstraint(
            model_name="exportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["waiting", "running", "done", "failed"])),
                name="export_run_state_known",
            ),
        ),
        composite_foreign_key(
            table="export_run",
            name="export_run_scheduled_export_id_in_project",
            columns=["project_id", "scheduled_export_id"],
            target="scheduled_export",
            target_columns=["project_id", "id"],
        ),
    ]
