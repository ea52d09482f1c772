import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def _dollars(**options):
    return models.DecimalField(decimal_places=6, max_digits=14, **options)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("prompt_registry", "0008_snippets_known"),
    ]
    operations = [
        migrations.CreateModel(
            name="ModelPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(blank=True, default="", max_length=60)),
                ("model", models.CharField(max_length=120)),
                ("input", _dollars()),
                ("output", _dollars()),
                ("cache_read", _dollars(null=True)),
                ("cache_write", _dollars(null=True)),
                ("reasoning", _dollars(null=True)),
                ("tiers", models.JSONField(default=list)),
                ("valid_from", models.DateField()),
                ("note", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_prices",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "db_table": "model_price",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "provider", "model", "valid_from"), name="model_price_once_a_day"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rows", models.JSONField()),
                ("as_of", models.DateField()),
                ("source", models.CharField(max_length=300)),
                ("loaded_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={"db_table": "price_list"},
        ),
    ]
