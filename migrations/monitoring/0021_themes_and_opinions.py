import django.db.models.deletion
import django.db.models.functions.datetime
import pgvector.django.halfvec
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


def _link(table: str, column: str, target: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_{column}_in_project", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


def _id() -> tuple[str, models.BigAutoField]:
    return ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


def _owner(target: str, name: str = "+") -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name=name, to=target)


def _now() -> models.DateTimeField:
    return models.DateTimeField(db_default=django.db.models.functions.datetime.Now())


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0020_group_names"),
        ("projects", "0010_engine"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="IssueTheme",
            fields=[
                _id(),
                ("words", models.JSONField(default=list)),
                ("centroid", pgvector.django.halfvec.HalfVectorField()),
                ("mass", models.PositiveIntegerField()),
                ("embedding_version", models.CharField(max_length=40)),
                ("issue", _owner("monitoring.issue", "themes")),
                ("project", _owner("projects.project")),
            ],
            options={
                "db_table": "issue_theme",
                "constraints": [models.UniqueConstraint(fields=("project", "id"), name="issue_theme_in_project")],
            },
        ),
        migrations.CreateModel(
            name="ThemeComment",
            fields=[
                _id(),
                ("score_id", models.UUIDField()),
                ("nearness", models.FloatField()),
                ("issue", _owner("monitoring.issue")),
                ("project", _owner("projects.project")),
                ("theme", _owner("monitoring.issuetheme", "comments")),
            ],
            options={
                "db_table": "theme_comment",
                "indexes": [models.Index(fields=["project", "score_id"], name="theme_comment_of_score")],
                "constraints": [models.UniqueConstraint(fields=("issue", "score_id"), name="theme_comment_once")],
            },
        ),
        migrations.CreateModel(
            name="DetectorJudge",
            fields=[
                _id(),
                ("detector", models.CharField(max_length=40)),
                ("is_enabled", models.BooleanField(default=True)),
                ("connection_id", models.BigIntegerField()),
                ("model", models.CharField(max_length=120)),
                ("flagged_ppm", models.PositiveIntegerField()),
                ("unflagged_ppm", models.PositiveIntegerField()),
                ("cap_nano_usd", models.BigIntegerField()),
                ("spent_on", models.DateField(null=True)),
                ("spent_nano_usd", models.BigIntegerField(db_default=0)),
                ("since_at", _now()),
                ("reason", models.CharField(default="", max_length=500)),
                ("blocked_until", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("changed_at", _now()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("project", _owner("projects.project")),
            ],
            options={
                "db_table": "detector_judge",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "detector"), name="detector_judge_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("flagged_ppm__lte", 1_000_000), ("unflagged_ppm__lte", 1_000_000)),
                        name="detector_judge_shares",
                    ),
                    models.CheckConstraint(condition=models.Q(("cap_nano_usd__gte", 0)), name="detector_judge_cap"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondOpinion",
            fields=[
                _id(),
                ("detector", models.CharField(max_length=40)),
                ("trace_id", models.UUIDField()),
                ("span_id", models.BigIntegerField()),
                ("call_at", models.DateTimeField()),
                ("was_flagged", models.BooleanField()),
                ("detector_version", models.CharField(default="", max_length=40)),
                ("has_problem", models.BooleanField(null=True)),
                ("why", models.TextField(default="")),
                ("quote", models.TextField(default="")),
                ("model", models.CharField(max_length=120)),
                ("is_simulated", models.BooleanField(default=False)),
                ("cost_nano_usd", models.BigIntegerField(default=0)),
                ("asked_at", _now()),
                ("project", _owner("projects.project")),
            ],
            options={
                "db_table": "second_opinion",
                "indexes": [models.Index(fields=["project", "detector", "asked_at"], name="second_opinion_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "trace_id", "span_id", "detector"), name="second_opinion_once_a_call"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "ALTER TABLE second_opinion ADD CONSTRAINT second_opinion_of_trace FOREIGN KEY (project_id, trace_id) "
            "REFERENCES trace (project_id, trace_id) ON DELETE CASCADE",
            reverse_sql="ALTER TABLE second_opinion DROP CONSTRAINT second_opinion_of_trace",
        ),
        _link("issue_theme", "issue_id", "issue"),
        _link("theme_comment", "issue_id", "issue"),
        _link("theme_comment", "theme_id", "issue_theme"),
        # Words of users die with their source.
        migrations.RunSQL(
            "ALTER TABLE theme_comment ADD CONSTRAINT theme_comment_said FOREIGN KEY (project_id, score_id) "
            "REFERENCES score (project_id, id) ON DELETE CASCADE",
            reverse_sql="ALTER TABLE theme_comment DROP CONSTRAINT theme_comment_said",
        ),
    ]
