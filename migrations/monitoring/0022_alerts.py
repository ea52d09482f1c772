import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0021_themes_and_opinions"),
        ("projects", "0013_alert_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, default="", max_length=120)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("threshold", "A number passes a limit"),
                            ("change", "A number is not as usual"),
                            ("silence", "No calls arrive"),
                            ("budget", "Money of a day or month"),
                            ("happening", "Something happens to an issue or a rollout"),
                        ],
                        max_length=9,
                    ),
                ),
                ("measure", models.CharField(default="calls", max_length=20)),
                ("score_name", models.CharField(blank=True, default="", max_length=80)),
                (
                    "direction",
                    models.CharField(choices=[("above", "above"), ("below", "below")], default="above", max_length=5),
                ),
                ("limit", models.FloatField(default=0.0)),
                ("window_minutes", models.PositiveIntegerField(default=15)),
                ("least_calls", models.PositiveIntegerField(default=30)),
                ("pending_minutes", models.PositiveIntegerField(default=0)),
                ("recovery_minutes", models.PositiveIntegerField(default=15)),
                ("remind_minutes", models.PositiveIntegerField(default=240)),
                ("quiet_from", models.PositiveSmallIntegerField(null=True)),
                ("quiet_until", models.PositiveSmallIntegerField(null=True)),
                (
                    "period",
                    models.CharField(choices=[("day", "a day"), ("month", "a month")], default="day", max_length=5),
                ),
                (
                    "shares",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "happenings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), default=list, size=None
                    ),
                ),
                ("environment", models.TextField(blank=True, default="")),
                ("prompt_name", models.TextField(blank=True, default="")),
                ("prompt_version", models.PositiveIntegerField(default=0)),
                ("model", models.TextField(blank=True, default="")),
                ("tells_everybody", models.BooleanField(default=False)),
                (
                    "people_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "endpoint_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                (
                    "phase",
                    models.CharField(
                        choices=[("ok", "All right"), ("pending", "Waiting"), ("firing", "Firing")],
                        default="ok",
                        max_length=7,
                    ),
                ),
                ("progress", models.JSONField(default=dict)),
                ("looked_until", models.DateTimeField()),
                ("revision", models.PositiveIntegerField(default=1)),
                ("last_value", models.FloatField(null=True)),
                ("last_fired_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(blank=True, default="", max_length=300)),
                ("muted_until", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "alert",
            },
        ),
        migrations.CreateModel(
            name="AlertEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120)),
                ("news", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("incident", models.PositiveIntegerField(default=0)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("value", models.FloatField(null=True)),
                ("usual", models.FloatField(null=True)),
                ("calls", models.BigIntegerField(default=0)),
                ("sentence", models.CharField(max_length=500)),
                ("path", models.CharField(default="", max_length=500)),
                ("is_sent", models.BooleanField(default=True)),
                ("event_id", models.UUIDField(default=uuid.uuid4)),
                (
                    "notification_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="monitoring.alert"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "alert_event",
            },
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(condition=models.Q(("deleted_at", None)), fields=["project"], name="alert_kept"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="alert_in_project"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["threshold", "change", "silence", "budget", "happening"])),
                name="alert_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("direction__in", ["above", "below"])), name="alert_direction_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("period__in", ["day", "month"])), name="alert_period_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("phase__in", ["ok", "pending", "firing"])), name="alert_phase_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("quiet_from__isnull", True), ("quiet_until__isnull", True)),
                    models.Q(("quiet_from__lte", 23), ("quiet_until__lte", 23)),
                    _connector="OR",
                ),
                name="alert_quiet_hours",
            ),
        ),
        migrations.AddIndex(
            model_name="alertevent",
            index=models.Index(fields=["project", "-at"], name="alert_event_newest"),
        ),
        migrations.AddConstraint(
            model_name="alertevent",
            constraint=models.UniqueConstraint(fields=("alert", "key"), name="alert_event_once"),
        ),
        composite_foreign_key(
            table="alert_event",
            name="alert_event_alert_id_in_project",
            columns=["project_id", "alert_id"],
            target="alert",
            target_columns=["project_id", "id"],
        ),
    ]
