import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key

# The reason of a verdict quotes the call: it goes when the call goes.
TRACE_KEY = """
    CREATE INDEX online_judgement_trace ON online_judgement (project_id, trace_id);
    ALTER TABLE online_judgement ADD CONSTRAINT online_judgement_of_trace FOREIGN KEY (project_id, trace_id)
    REFERENCES trace (project_id, trace_id) ON DELETE CASCADE
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0010_coverage"),
        ("projects", "0007_tryit"),
        ("monitoring", "0002_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OnlineEvaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("environment", models.CharField(blank=True, default="", max_length=255)),
                ("prompt_name", models.CharField(blank=True, default="", max_length=255)),
                ("label", models.CharField(blank=True, default="", max_length=36)),
                ("model", models.CharField(blank=True, default="", max_length=255)),
                ("share_ppm", models.PositiveIntegerField()),
                ("cap_nano_usd", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Watching"), ("paused", "Paused"), ("blocked", "Waiting")],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("blocked_until", models.DateTimeField(blank=True, null=True)),
                ("since_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("cursor_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.evaluatorversion"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="online_evaluations",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "db_table": "online_evaluation",
            },
        ),
        migrations.CreateModel(
            name="OnlineJudgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trace_id", models.UUIDField()),
                ("span_id", models.BigIntegerField()),
                ("call_at", models.DateTimeField()),
                ("value", models.FloatField(null=True)),
                ("passed", models.BooleanField(null=True)),
                ("why", models.TextField(default="")),
                ("cost_nano_usd", models.BigIntegerField(default=0)),
                ("is_simulated", models.BooleanField(default=False)),
                ("judged_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.evaluatorversion"
                    ),
                ),
                (
                    "online_evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="judgements",
                        to="evals.onlineevaluation",
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
                "db_table": "online_judgement",
            },
        ),
        migrations.AddConstraint(
            model_name="onlineevaluation",
            constraint=models.UniqueConstraint(fields=("project", "id"), name="online_evaluation_in_project"),
        ),
        migrations.AddConstraint(
            model_name="onlineevaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("share_ppm__gte", 1), ("share_ppm__lte", 1000000)),
                name="online_evaluation_share_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="onlineevaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("cap_nano_usd__gte", 0)), name="online_evaluation_cap_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="onlineevaluation",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["active", "paused", "blocked"])), name="online_evaluation_state_known"
            ),
        ),
        migrations.AddIndex(
            model_name="onlinejudgement",
            index=models.Index(fields=["online_evaluation", "-judged_at"], name="online_judgement_newest"),
        ),
        migrations.AddConstraint(
            model_name="onlinejudgement",
            constraint=models.UniqueConstraint(
                fields=("online_evaluation", "trace_id", "span_id"), name="online_judgement_once_a_call"
            ),
        ),
        composite_foreign_key(
            table="online_evaluation",
            name="online_evaluation_of_evaluator_version",
            columns=["project_id", "evaluator_version_id"],
            target="evaluator_version",
            target_columns=["project_id", "id"],
        ),
        composite_foreign_key(
            table="online_judgement",
            name="online_judgement_of_online_evaluation",
            columns=["project_id", "online_evaluation_id"],
            target="online_evaluation",
            target_columns=["project_id", "id"],
        ),
        migrations.RunSQL(
            TRACE_KEY, reverse_sql="ALTER TABLE online_judgement DROP CONSTRAINT online_judgement_of_trace"
        ),
    ]
