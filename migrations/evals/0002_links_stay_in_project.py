from django.db import migrations

from migrations.postgres import composite_foreign_key


def _to_dataset(table: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_in_project", columns=["project_id", "dataset_id"],
        target="dataset", target_columns=["project_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("evals", "0001_initial")]
    operations = [
        _to_dataset("dataset_revision"),
        _to_dataset("dataset_item"),
        # The name of the table's own key is taken by what this one refers to.
        composite_foreign_key(
            table="dataset_import", name="dataset_import_of_dataset", columns=["project_id", "dataset_id"],
            target="dataset", target_columns=["project_id", "id"],
        ),
        composite_foreign_key(
            table="dataset_import_part", name="dataset_import_part_in_project",
            columns=["project_id", "dataset_import_id"], target="dataset_import", target_columns=["project_id", "id"],
        ),
    ]  # fmt: skip
