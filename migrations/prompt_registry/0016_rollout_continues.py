import django.db.models.deletion
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0015_rollout_counts")]
    operations = [
        migrations.AddField(
            "rollout",
            "continues",
            models.ForeignKey(
                "prompt_registry.rollout", on_delete=django.db.models.deletion.SET_NULL, null=True, blank=True,
                db_constraint=False, related_name="+",
            ),
        ),
        composite_foreign_key(
            table="rollout", name="rollout_continues_in_project", columns=["project_id", "continues_id"],
            target="rollout", target_columns=["project_id", "id"],
        ),
    ]  # fmt: skip
