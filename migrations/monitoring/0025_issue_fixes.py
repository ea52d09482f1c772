import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


def _link(column: str, target: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table="issue_fix", name=f"issue_fix_{column}_in_project", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


def _to(model: str, on_delete: object, **options: object) -> models.ForeignKey:
    return models.ForeignKey(on_delete=on_delete, to=model, **({"related_name": "+"} | options))


_SET_NULL = django.db.models.deletion.SET_NULL
_CASCADE = django.db.models.deletion.CASCADE
_STATES = [
    ("working", "Being made"),
    ("rolling_out", "Rolling out"),
    ("verified", "Proved"),
    ("not_confirmed", "Not confirmed"),
    ("given_up", "Given up"),
]
_IS_OPEN = models.Q(("state__in", ["working", "rolling_out"]))


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0024_data_life"),
        ("prompt_registry", "0015_rollout_counts"),
        ("evals", "0012_fixes"),
    ]
    operations = [
        migrations.CreateModel(
            name="IssueFix",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("state", models.CharField(choices=_STATES, default="working", max_length=13)),
                ("dataset_id", models.BigIntegerField(null=True)),
                ("experiment_id", models.BigIntegerField(null=True)),
                ("examples", models.JSONField(default=list)),
                ("marks", models.JSONField(default=dict)),
                ("definition", models.JSONField(default=dict)),
                ("prediction", models.JSONField(null=True)),
                ("verdict", models.JSONField(null=True)),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("issue", _to("monitoring.issue", _CASCADE, related_name="fixes")),
                ("project", _to("projects.project", _CASCADE, related_name="issue_fixes")),
                ("prompt", _to("prompt_registry.prompt", _SET_NULL, null=True)),
                ("version", _to("prompt_registry.promptversion", _SET_NULL, null=True)),
                ("rollout", _to("prompt_registry.rollout", _SET_NULL, null=True)),
                ("started_by", _to("projects.user", _SET_NULL, null=True)),
            ],
            options={
                "db_table": "issue_fix",
                "indexes": [models.Index(condition=_IS_OPEN, fields=["project"], name="issue_fix_open")],
                "constraints": [
                    models.UniqueConstraint(fields=("issue", "number"), name="issue_fix_number_unique"),
                    models.UniqueConstraint(condition=_IS_OPEN, fields=("issue",), name="issue_fix_one_open"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", [value for value, _ in _STATES])),
                        name="issue_fix_state_known",
                    ),
                ],
            },
        ),
        _link("issue_id", "issue"),
        _link("prompt_id", "prompt"),
        _link("rollout_id", "rollout"),
        _link("dataset_id", "dataset"),
        _link("experiment_id", "experiment"),
        composite_foreign_key(
            table="issue_fix", name="issue_fix_version_in_prompt", columns=["project_id", "prompt_id", "version_id"],
            target="prompt_version", target_columns=["project_id", "prompt_id", "id"],
        ),
    ]  # fmt: skip
