import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from migrations.postgres import composite_foreign_key

_CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0025_issue_fixes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="CostInvoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("billed_nano_usd", models.BigIntegerField()),
                ("has_tokens", models.BooleanField(default=False)),
                ("skipped_count", models.PositiveIntegerField(default=0)),
                ("skipped", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                    models.ForeignKey(on_delete=_CASCADE, related_name="cost_invoices", to="projects.project"),
                ),
            ],
            options={
                "db_table": "cost_invoice",
                "constraints": [
                    models.UniqueConstraint(fields=("project", "id"), name="cost_invoice_in_project"),
                    models.CheckConstraint(
                        condition=models.Q(("first_day__lte", models.F("last_day"))), name="cost_invoice_days_in_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CostInvoiceLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("model", models.CharField(max_length=200)),
                ("nano_usd", models.BigIntegerField()),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                (
                    "invoice",
                    models.ForeignKey(on_delete=_CASCADE, related_name="lines", to="monitoring.costinvoice"),
                ),
                ("project", models.ForeignKey(on_delete=_CASCADE, related_name="+", to="projects.project")),
            ],
            options={
                "db_table": "cost_invoice_line",
                "constraints": [
                    models.UniqueConstraint(fields=("invoice", "day", "model"), name="cost_invoice_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(("input_tokens__gte", 0), ("output_tokens__gte", 0)),
                        name="cost_invoice_line_tokens_counted",
                    ),
                ],
            },
        ),
        composite_foreign_key(
            table="cost_invoice_line", name="cost_invoice_line_stays_in_project", columns=["project_id", "invoice_id"],
            target="cost_invoice", target_columns=["project_id", "id"],
        ),
    ]  # fmt: skip
