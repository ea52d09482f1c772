import django.db.models.deletion
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("prompt_registry", "0006_talk")]
    operations = [
        migrations.CreateModel(
            name="PromptDependency",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("snippet_name", models.CharField(max_length=255)),
                ("snippet_label", models.CharField(blank=True, default="", max_length=36)),
                ("snippet_version", models.PositiveIntegerField(default=0)),
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
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dependencies",
                        to="prompt_registry.promptversion",
                    ),
                ),
            ],
            options={
                "db_table": "prompt_dependency",
                "indexes": [models.Index(fields=["project", "snippet_name"], name="prompt_dependency_by_name")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "snippet_name", "snippet_label", "snippet_version"),
                        name="prompt_dependency_unique",
                    )
                ],
            },
        ),
        composite_foreign_key(
            table="prompt_dependency",
            name="prompt_dependency_version_in_prompt",
            columns=["project_id", "prompt_id", "version_id"],
            target="prompt_version",
            target_columns=["project_id", "prompt_id", "id"],
        ),
    ]
