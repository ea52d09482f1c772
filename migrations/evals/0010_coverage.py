import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from migrations.postgres import composite_foreign_key


class Migration(migrations.Migration):
    dependencies = [("evals", "0009_reviews_stay_in_project"), ("projects", "0007_tryit")]
    operations = [
        migrations.CreateModel(
            name="DatasetCoverage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prompt_name", models.CharField(blank=True, default="", max_length=255)),
                ("day", models.DateField()),
                ("revision", models.PositiveIntegerField()),
                ("percent", models.FloatField(null=True)),
                ("expected_percent", models.FloatField()),
                ("thin_percent", models.FloatField(null=True)),
                ("call_count", models.PositiveIntegerField()),
                ("distinct_count", models.PositiveIntegerField()),
                ("item_count", models.PositiveIntegerField()),
                ("groups", models.JSONField(default=list)),
                ("suggestions", models.JSONField(default=list)),
                ("embedding_version", models.CharField(max_length=40)),
                ("measured_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="coverages", to="evals.dataset"
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
                "db_table": "dataset_coverage",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dataset", "prompt_name", "day"), name="dataset_coverage_once_a_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetCare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                ("twins", models.JSONField(default=list)),
                ("sensitive", models.JSONField(default=list)),
                ("looked_at_all", models.BooleanField(default=True)),
                ("embedding_version", models.CharField(max_length=40)),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "dataset",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="care", to="evals.dataset"
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="projects.project"
                    ),
                ),
            ],
            options={"db_table": "dataset_care"},
        ),
        composite_foreign_key(
            table="dataset_care",
            name="dataset_care_of_dataset",
            columns=["project_id", "dataset_id"],
            target="dataset",
            target_columns=["project_id", "id"],
        ),
        composite_foreign_key(
            table="dataset_coverage",
            name="dataset_coverage_of_dataset",
            columns=["project_id", "dataset_id"],
            target="dataset",
            target_columns=["project_id", "id"],
        ),
    ]
