from django.db import migrations

from migrations.postgres import composite_foreign_key


def _to_prompt(table: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_in_project", columns=["project_id", "prompt_id"],
        target="prompt", target_columns=["project_id", "id"],
    )  # fmt: skip


def _to_version(table: str, column: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table=table, name=f"{table}_{column}_in_prompt", columns=["project_id", "prompt_id", column],
        target="prompt_version", target_columns=["project_id", "prompt_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0001_initial")]
    operations = [
        _to_prompt("prompt_version"),
        _to_prompt("prompt_label"),
        _to_prompt("prompt_label_move"),
        _to_prompt("prompt_draft"),
        _to_version("prompt_label", "version_id"),
        _to_version("prompt_label_move", "from_version_id"),
        _to_version("prompt_label_move", "to_version_id"),
    ]
