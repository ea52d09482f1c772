import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from migrations.postgres import composite_foreign_key

_PERSON = models.ForeignKey(
    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
)


def _id() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _project(name: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name=name, to="projects.project")


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0029_trace_talk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Dashboard",
            fields=[
                ("id", _id()),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_by", _PERSON.clone()),
                ("project", _project("dashboards")),
            ],
            options={
                "db_table": "dashboard",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "id"), name="dashboard_in_project"),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("project", "name"),
                        name="dashboard_name_unique",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedChart",
            fields=[
                ("id", _id()),
                ("title", models.CharField(max_length=120)),
                ("measure", models.CharField(max_length=30)),
                ("line", models.CharField(default="", max_length=2000)),
                ("split", models.CharField(default="", max_length=20)),
                ("score", models.CharField(default="", max_length=80)),
                ("key", models.CharField(default="", max_length=80)),
                ("compares", models.BooleanField(default=False)),
                ("position", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("created_by", _PERSON.clone()),
                (
                    "dashboard",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="charts", to="monitoring.dashboard"
                    ),
                ),
                ("project", _project("+")),
            ],
            options={
                "db_table": "saved_chart",
                "indexes": [models.Index(fields=["dashboard", "position"], name="saved_chart_in_order")],
            },
        ),
        composite_foreign_key(
            table="saved_chart", name="saved_chart_dashboard_in_project", columns=["project_id", "dashboard_id"],
            target="dashboard", target_columns=["project_id", "id"],
        ),
    ]  # fmt: skip
