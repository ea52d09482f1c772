import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0004_span_storage"),
        ("projects", "0002_append_only_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="MaskedHour",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "project_id", "at", "shard", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("shard", models.SmallIntegerField()),
                ("masked", models.BigIntegerField()),
                ("withheld", models.BigIntegerField()),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="masked_hours", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "masked_hour",
            },
        ),
        migrations.CreateModel(
            name="MaskingSettings",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="masking_settings",
                        serialize=False,
                        to="projects.project",
                    ),
                ),
                ("secret", models.CharField(default="mask", max_length=4)),
                ("card", models.CharField(default="mask", max_length=4)),
                ("token", models.CharField(default="mask", max_length=4)),
                ("email", models.CharField(default="off", max_length=4)),
                ("phone", models.CharField(default="off", max_length=4)),
                ("iban", models.CharField(default="off", max_length=4)),
                ("ids", models.CharField(default="keep", max_length=4)),
                ("is_metrics_only", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "masking_settings",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("secret__in", ["off", "mask", "hash", "drop"]),
                            ("card__in", ["off", "mask", "hash", "drop"]),
                            ("token__in", ["off", "mask", "hash", "drop"]),
                            ("email__in", ["off", "mask", "hash", "drop"]),
                            ("phone__in", ["off", "mask", "hash", "drop"]),
                            ("iban__in", ["off", "mask", "hash", "drop"]),
                        ),
                        name="masking_modes_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ids__in", ["keep", "hash", "drop"])), name="masking_ids_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MaskingRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("pattern", models.CharField(max_length=1024)),
                ("mode", models.CharField(default="mask", max_length=4)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="masking_rules", to="projects.project"
                    ),
                ),
            ],
            options={
                "db_table": "masking_rule",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "name"), name="masking_rule_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("mode__in", ["off", "mask", "hash", "drop"])),
                        name="masking_rule_mode_known",
                    ),
                ],
            },
        ),
    ]
