from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from migrations.postgres import sql_file

REVERSE = """
DROP TRIGGER call_analysis_words ON call_analysis;
DROP INDEX call_analysis_words;
DROP FUNCTION fill_call_words();
DROP FUNCTION words_wanted(text);
DROP FUNCTION words_of_text(text);
ALTER TABLE call_analysis DROP COLUMN words;
"""
DEFAULT_VIEW = """
ALTER TABLE trace_list_choice ADD CONSTRAINT trace_list_choice_view_in_project FOREIGN KEY (project_id, default_view_id)
    REFERENCES trace_view (project_id, id) ON DELETE SET NULL (default_view_id)
"""
_PROJECT = models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project")
_PERSON = models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL)


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0022_alerts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        sql_file(Path(__file__).parent / "sql" / "call_words.sql", reverse=REVERSE),
        migrations.CreateModel(
            name="TraceView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("line", models.CharField(default="", max_length=2000)),
                ("environment", models.CharField(default="", max_length=255)),
                ("time_range", models.CharField(default="", max_length=80)),
                ("columns", models.JSONField(default=list)),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("owner", _PERSON.clone()),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="trace_views", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "trace_view",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "id"), name="trace_view_in_project"),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("project", "owner", "name"),
                        name="trace_view_name_unique",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TraceListChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("columns", models.JSONField(null=True)),
                ("default_view_id", models.BigIntegerField(null=True)),
                ("project", _PROJECT.clone()),
                ("user", _PERSON.clone()),
            ],
            options={
                "db_table": "trace_list_choice",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "user"), name="trace_list_choice_unique"),
                ],
            },
        ),
        migrations.RunSQL(
            DEFAULT_VIEW, reverse_sql="ALTER TABLE trace_list_choice DROP CONSTRAINT trace_list_choice_view_in_project"
        ),
    ]
