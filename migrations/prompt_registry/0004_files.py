import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_append_only_audit"),
        ("prompt_registry", "0003_processes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="PromptImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("title", models.CharField(max_length=200)),
                ("packed", models.BinaryField(blank=True, default=b"")),
                ("format", models.CharField(blank=True, default="", max_length=20)),
                ("results", models.JSONField(default=list)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prompt_imports",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "db_table": "prompt_import",
                "indexes": [models.Index(fields=["project", "created_by"], name="prompt_import_of_person")],
            },
        ),
    ]
