import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0004_experiments_stay_in_project"),
        ("projects", "0007_tryit"),
    ]

    operations = [
        migrations.CreateModel(
            name="JudgeCanary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("tried", models.PositiveSmallIntegerField(default=0)),
                ("flipped", models.PositiveSmallIntegerField(default=0)),
                ("failed", models.PositiveSmallIntegerField(default=0)),
                ("tricks", models.JSONField(default=list)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("cost_nano_usd", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canaries",
                        to="evals.evaluatorversion",
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
                "db_table": "judge_canary",
                "constraints": [
                    models.UniqueConstraint(fields=("evaluator_version", "day"), name="judge_canary_once_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(("flipped__lte", models.F("tried"))), name="judge_canary_flipped_of_tried"
                    ),
                ],
            },
        ),
        composite_foreign_key(
            table="judge_canary",
            name="judge_canary_of_evaluator_version",
            columns=["project_id", "evaluator_version_id"],
            target="evaluator_version",
            target_columns=["project_id", "id"],
        ),
    ]
