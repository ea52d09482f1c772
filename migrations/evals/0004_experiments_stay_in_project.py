from django.db import migrations

from migrations.postgres import composite_foreign_key


def _link(table: str, column: str, target: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_of_{target}", columns=["project_id", column], target=target,
        target_columns=["project_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("evals", "0003_experiments")]
    operations = [
        _link("evaluator_version", "evaluator_id", "evaluator"),
        _link("experiment", "dataset_id", "dataset"),
        _link("experiment_evaluator", "experiment_id", "experiment"),
        _link("experiment_evaluator", "evaluator_version_id", "evaluator_version"),
        _link("experiment_cell", "experiment_id", "experiment"),
        _link("experiment_score", "cell_id", "experiment_cell"),
        _link("experiment_score", "evaluator_version_id", "evaluator_version"),
        _link("experiment_attempt", "cell_id", "experiment_cell"),
    ]
