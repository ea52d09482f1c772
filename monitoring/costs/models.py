"""Tables of costs: the invoices that a team checked, and what each charged per day and model."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from projects.models import Project, User


class CostInvoiceQuerySet(models.QuerySet["CostInvoice"]):
    def for_project(self, project: Project) -> CostInvoiceQuerySet:
        return self.filter(project=project)

    def newest_first(self) -> CostInvoiceQuerySet:
        return self.order_by("-last_day", "-pk")


class CostInvoice(models.Model):
    """What a provider charged for some days, taken from its file; the file itself is not kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="cost_invoices")
    name = models.CharField(max_length=120)
    first_day = models.DateField()
    last_day = models.DateField()
    billed_nano_usd = models.BigIntegerField()
    has_tokens = models.BooleanField(default=False)
    skipped_count = models.PositiveIntegerField(default=0)
    # The first rows that were left out: their line in the file, and why.
    skipped = models.JSONField(default=list)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[CostInvoiceQuerySet] = CostInvoiceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        db_table = "cost_invoice"
        constraints = [
            models.UniqueConstraint(fields=["project", "id"], name="cost_invoice_in_project"),
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="cost_invoice_days_in_order"),
        ]

    @property
    def billed_usd(self) -> float:
        return self.billed_nano_usd / 1e9


class CostInvoiceLine(models.Model):
    """What an invoice charges for one model on one day."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    invoice = models.ForeignKey(CostInvoice, on_delete=models.CASCADE, related_name="lines")
    day = models.DateField()
    model = models.CharField(max_length=200)
    nano_usd = models.BigIntegerField()
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)

    class Meta:
        db_table = "cost_invoice_line"
        constraints = [
            models.UniqueConstraint(fields=["invoice", "day", "model"], name="cost_invoice_line_once"),
            models.CheckConstraint(
                condition=Q(input_tokens__gte=0, output_tokens__gte=0), name="cost_invoice_line_tokens_counted"
            ),
        ]
