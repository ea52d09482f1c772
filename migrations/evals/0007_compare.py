import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


def _link(column: str, target: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table="experiment_disagreement", name=f"experiment_disagreement_of_{target}", columns=["project_id", column],
        target=target, target_columns=["project_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("evals", "0006_engine"),
        ("projects", "0007_tryit"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExperimentDisagreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "cell",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="disagreements",
                        to="evals.experimentcell",
                    ),
                ),
                (
                    "evaluator_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evals.evaluatorversion"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
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
                "db_table": "experiment_disagreement",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cell", "evaluator_version", "person"), name="experiment_disagreement_once"
                    )
                ],
            },
        ),
        _link("cell_id", "experiment_cell"),
        _link("evaluator_version_id", "evaluator_version"),
    ]
