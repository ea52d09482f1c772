import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


def _link(name: str, columns: list[str], target: str, target_columns: list[str]) -> migrations.RunSQL:
    return composite_foreign_key(
        table="fix_proposal", name=f"fix_proposal_{name}", columns=columns, target=target, target_columns=target_columns
    )


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0012_fixes"),
        ("monitoring", "0025_issue_fixes"),
        ("projects", "0013_alert_events"),
        ("prompt_registry", "0016_rollout_continues"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FixProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fix_number", models.PositiveSmallIntegerField()),
                ("newest_number", models.PositiveIntegerField()),
                ("dataset_revision", models.PositiveIntegerField()),
                ("variant", models.JSONField()),
                ("model", models.CharField(max_length=120)),
                ("checks", models.JSONField(default=list)),
                ("problem_checks", models.JSONField(default=list)),
                ("items", models.JSONField()),
                ("sizes", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asking", "Asking for suggestions"),
                            ("trying", "Trying them"),
                            ("ready", "Waits for you"),
                            ("refused", "Nothing found"),
                            ("stopped", "Stopped"),
                            ("failed", "Failed"),
                            ("taken", "Taken"),
                            ("discarded", "Not taken"),
                        ],
                        default="asking",
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("candidates", models.JSONField(default=list)),
                ("rounds", models.JSONField(default=list)),
                ("finalist", models.PositiveSmallIntegerField(null=True)),
                ("gate", models.JSONField(null=True)),
                ("most_calls", models.PositiveIntegerField()),
                ("cap_nano_usd", models.BigIntegerField(default=0)),
                ("asked_nano_usd", models.BigIntegerField(default=0)),
                ("asks", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("approved", models.JSONField(default=list)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "base_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="prompt_registry.promptversion",
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="evals.dataset"
                    ),
                ),
                (
                    "issue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="monitoring.issue"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="prompt_registry.prompt"
                    ),
                ),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="prompt_registry.promptversion",
                    ),
                ),
            ],
            options={
                "db_table": "fix_proposal",
                "indexes": [
                    models.Index(fields=["issue", "-started_at"], name="fix_proposal_of_issue"),
                    models.Index(
                        condition=models.Q(("state__in", ["asking", "trying"])),
                        fields=["state"],
                        name="fix_proposal_running",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["asking", "trying", "ready", "refused", "stopped", "failed", "taken", "discarded"],
                            )
                        ),
                        name="fix_proposal_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["asking", "trying"])),
                        fields=("prompt",),
                        name="fix_proposal_one_of_prompt",
                    ),
                ],
            },
        ),
        *(
            _link(f"{name}_in_project", ["project_id", f"{name}_id"], name, ["project_id", "id"])
            for name in ("issue", "prompt", "dataset")
        ),
        *(
            _link(
                f"{name}_in_prompt",
                ["project_id", "prompt_id", f"{name}_id"],
                "prompt_version",
                ["project_id", "prompt_id", "id"],
            )
            for name in ("base_version", "version")
        ),
        _link("of_fix", ["issue_id", "fix_number"], "issue_fix", ["issue_id", "number"]),
    ]
