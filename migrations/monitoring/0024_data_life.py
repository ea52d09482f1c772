from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from migrations.postgres import composite_foreign_key, sql_file


def _project(related_name):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, related_name=related_name, to="projects.project"
    )


def _person():
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


def _id():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _link(table, column, target):
    return composite_foreign_key(
        table=table, name=f"{table}_{column}_in_project", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


KINDS = [
    ("user", "Everything of one user"),
    ("session", "One session"),
    ("trace", "One trace"),
    ("filter", "Everything that a filter of Explore finds"),
]
ERASURE_STATES = [
    ("waiting", "Waiting"),
    ("running", "Deleting"),
    ("checking", "Looking again"),
    ("done", "Done"),
    ("failed", "Not finished"),
]
EXPORT_KINDS = [
    ("jsonl", "JSON lines"),
    ("csv", "CSV for spreadsheets"),
    ("tuning", "Fine-tuning: chats with the wanted answer"),
    ("preferences", "Preference pairs: the better and the worse answer"),
]
EXPORT_STATES = [
    ("waiting", "Waiting"),
    ("running", "Being written"),
    ("done", "Ready"),
    ("stopped", "Stopped"),
    ("failed", "Failed"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0023_exploring"),
        ("projects", "0011_issue_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", _id()),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("subject", models.TextField(default="")),
                (
                    "hashes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), default=list, size=None
                    ),
                ),
                ("wanted", models.JSONField(default=dict)),
                ("search_place", models.CharField(default="", max_length=80)),
                ("state", models.CharField(choices=ERASURE_STATES, default="waiting", max_length=8)),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("made_before", models.DateTimeField(null=True)),
                ("trace_count", models.BigIntegerField(default=0)),
                (
                    "cluster_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("late_count", models.BigIntegerField(default=0)),
                ("leftovers", models.JSONField(default=list)),
                ("problem", models.TextField(default="")),
                ("valid_until", models.DateTimeField()),
                ("requested_at", models.DateTimeField(db_default=Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("project", _project("erasures")),
                ("requested_by", _person()),
            ],
            options={
                "db_table": "erasure",
                "indexes": [models.Index(fields=["project", "valid_until"], name="erasure_valid")],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "id"), name="erasure_in_project"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["user", "session", "trace", "filter"])),
                        name="erasure_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "running", "checking", "done", "failed"])),
                        name="erasure_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("subject", ""), ("wanted", {})),
                            _connector="OR",
                        ),
                        name="erasure_forgets",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasedTrace",
            fields=[
                ("id", _id()),
                ("trace_id", models.UUIDField()),
                ("round", models.PositiveSmallIntegerField(default=0)),
                (
                    "erasure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="traces", to="monitoring.erasure"
                    ),
                ),
                ("project", _project("+")),
            ],
            options={
                "db_table": "erased_trace",
                "indexes": [models.Index(fields=["erasure", "round", "id"], name="erased_trace_next")],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "trace_id", "erasure"), name="erased_trace_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasurePlace",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=40)),
                ("position", models.PositiveSmallIntegerField()),
                ("erased_count", models.BigIntegerField(default=0)),
                ("found_count", models.BigIntegerField(default=0)),
                ("is_clean", models.BooleanField(default=False)),
                (
                    "erasure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="places", to="monitoring.erasure"
                    ),
                ),
                ("project", _project("+")),
            ],
            options={
                "db_table": "erasure_place",
                "ordering": ["position"],
                "constraints": [models.UniqueConstraint(fields=("erasure", "name"), name="erasure_place_once")],
            },
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", _id()),
                ("kind", models.CharField(choices=EXPORT_KINDS, max_length=12)),
                ("wanted", models.JSONField(default=dict)),
                ("words", models.TextField(default="")),
                ("options", models.JSONField(default=dict)),
                ("state", models.CharField(choices=EXPORT_STATES, default="waiting", max_length=8)),
                ("place", models.CharField(default="", max_length=80)),
                ("expected_count", models.BigIntegerField(null=True)),
                ("trace_count", models.BigIntegerField(default=0)),
                ("row_count", models.BigIntegerField(default=0)),
                ("byte_count", models.BigIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("files", models.JSONField(default=list)),
                ("problem", models.TextField(default="")),
                ("requested_at", models.DateTimeField(db_default=Now())),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("project", _project("exports")),
                ("requested_by", _person()),
            ],
            options={
                "db_table": "export",
                "indexes": [models.Index(fields=["project", "-id"], name="export_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "id"), name="export_in_project"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["jsonl", "csv", "tuning", "preferences"])),
                        name="export_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "running", "done", "stopped", "failed"])),
                        name="export_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                ("id", _id()),
                ("file", models.CharField(max_length=20)),
                ("number", models.PositiveIntegerField()),
                ("row_count", models.BigIntegerField()),
                ("data", models.BinaryField()),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="monitoring.export"
                    ),
                ),
                ("project", _project("+")),
            ],
            options={
                "db_table": "export_part",
                "constraints": [models.UniqueConstraint(fields=("export", "file", "number"), name="export_part_once")],
            },
        ),
        migrations.CreateModel(
            name="ExportedText",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "export_id", "digest", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.BinaryField(max_length=16)),
                ("start_day", models.DateField(null=True)),
                ("trace_id", models.UUIDField(null=True)),
                ("span_id", models.BigIntegerField(null=True)),
                (
                    "export",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="monitoring.export"
                    ),
                ),
                ("project", _project("+")),
            ],
            options={"db_table": "exported_text"},
        ),
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", _id()),
                ("environment", models.CharField(default="", max_length=255)),
                ("call_days", models.PositiveIntegerField(default=90)),
                ("number_days", models.PositiveIntegerField(default=400)),
                ("changed_at", models.DateTimeField(db_default=Now())),
                ("changed_by", _person()),
                ("project", _project("retention_rules")),
            ],
            options={
                "db_table": "retention_rule",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "environment"), name="retention_rule_once"),
                    models.CheckConstraint(
                        condition=models.Q(("call_days__gte", 1), ("call_days__lte", 3650)),
                        name="retention_call_days_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number_days__gte", models.F("call_days")), ("number_days__lte", 3650)),
                        name="retention_numbers_outlive_calls",
                    ),
                ],
            },
        ),
        _link("erased_trace", "erasure_id", "erasure"),
        _link("erasure_place", "erasure_id", "erasure"),
        _link("export_part", "export_id", "export"),
        _link("exported_text", "export_id", "export"),
        sql_file(
            Path(__file__).parent / "sql" / "span_retention.sql",
            reverse="DROP FUNCTION drop_span_partitions(timestamptz)",
        ),
    ]
