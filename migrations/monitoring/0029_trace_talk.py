import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

_NOW = django.db.models.functions.datetime.Now


def _id() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _project() -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
    )  # fmt: skip


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


def _of_trace(table: str) -> migrations.RunSQL:
    """Whoever deletes a trace deletes what was said about it and the ways to it; nothing of it leads into another project."""
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_of_trace FOREIGN KEY (project_id, trace_id) "
        "REFERENCES trace (project_id, trace_id) ON DELETE CASCADE",
        reverse_sql=f"ALTER TABLE {table} DROP CONSTRAINT {table}_of_trace",
    )


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0028_outcomes"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name="TraceComment",
            fields=[
                ("id", _id()),
                ("trace_id", models.UUIDField()),
                ("span_id", models.BigIntegerField(null=True)),
                ("text", models.TextField(max_length=5_000)),
                ("mentions", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(db_default=_NOW())),
                ("edited_at", models.DateTimeField(null=True)),
                ("author", _person()),
                ("project", _project()),
            ],
            options={
                "db_table": "trace_comment",
                "indexes": [models.Index(fields=["project", "trace_id", "id"], name="trace_comment_trace")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True), name="trace_comment_says_something"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TraceLink",
            fields=[
                ("id", _id()),
                ("trace_id", models.UUIDField()),
                ("label", models.CharField(max_length=80)),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=_NOW())),
                ("last_used_at", models.DateTimeField(null=True)),
                ("use_count", models.BigIntegerField(default=0)),
                ("minute", models.DateTimeField(null=True)),
                ("requests", models.PositiveIntegerField(default=0)),
                ("created_by", _person()),
                ("project", _project()),
            ],
            options={
                "db_table": "trace_link",
                "indexes": [models.Index(fields=["project", "trace_id"], name="trace_link_trace")],
            },
        ),
        migrations.CreateModel(
            name="TraceSharing",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False,
                        to="projects.project",
                    ),
                ),
                ("is_allowed", models.BooleanField(default=False)),
                ("changed_at", models.DateTimeField(db_default=_NOW())),
                ("changed_by", _person()),
            ],
            options={"db_table": "trace_sharing"},
        ),
        _of_trace("trace_comment"),
        _of_trace("trace_link"),
    ]  # fmt: skip
