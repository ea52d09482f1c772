from django.db import migrations

from migrations.postgres import composite_foreign_key


def _to_version(column: str) -> migrations.RunSQL:
    return composite_foreign_key(
        table="rollout", name=f"rollout_{column}_in_prompt", columns=["project_id", "prompt_id", column],
        target="prompt_version", target_columns=["project_id", "prompt_id", "id"],
    )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0013_rollouts")]
    operations = [
        composite_foreign_key(
            table="rollout", name="rollout_of_prompt", columns=["project_id", "prompt_id"], target="prompt",
            target_columns=["project_id", "id"],
        ),
        _to_version("control_id"),
        _to_version("candidate_id"),
        composite_foreign_key(
            table="rollout_decision", name="rollout_decision_of_rollout", columns=["project_id", "rollout_id"],
            target="rollout", target_columns=["project_id", "id"],
        ),
    ]  # fmt: skip
