"""Keeps what providers charged, and holds it against what was counted."""

from __future__ import annotations

from django.db import transaction

from monitoring.costs import invoice_files, invoice_matching, reading
from monitoring.costs.errors import InvoiceRefused
from monitoring.costs.invoice_files import Billed
from monitoring.costs.invoice_matching import Match
from monitoring.costs.models import CostInvoice, CostInvoiceLine
from projects import audit
from projects.models import Project, User
from prompt_registry import texts

MOST_INVOICES = 100


@transaction.atomic
def take(*, project: Project, name: str, content: bytes, by: User) -> CostInvoice:
    """Keep what a file says that a provider charged; InvoiceRefused when it says nothing that can be compared."""
    found = invoice_files.read(content)
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if CostInvoice.objects.for_project(project).count() >= MOST_INVOICES:
        raise InvoiceRefused(f"A project keeps up to {MOST_INVOICES} invoices. Delete one that is no longer needed.")
    called = " ".join(texts.clean(name).split())[:120] or "Invoice"
    invoice = CostInvoice.objects.create(
        project=project, name=called, first_day=found.first_day, last_day=found.last_day, billed_nano_usd=found.nano_usd,
        has_tokens=found.has_tokens, skipped_count=found.skipped_count, skipped=found.skipped, created_by=by,
    )  # fmt: skip
    CostInvoiceLine.objects.bulk_create(
        [
            CostInvoiceLine(
                project=project, invoice=invoice, day=day, model=model, nano_usd=billed.nano_usd, input_tokens=billed.input_tokens,
                output_tokens=billed.output_tokens,
            )
            for (day, model), billed in found.lines.items()
        ],
        batch_size=2_000,
    )  # fmt: skip
    audit.record(action="costs.invoice_added", subject=called, by=by, project=project, invoice=invoice.pk)
    return invoice


@transaction.atomic
def delete(*, invoice: CostInvoice, by: User) -> None:
    """Forget an invoice."""
    audit.record(
        action="costs.invoice_deleted", subject=invoice.name, by=by, project=invoice.project, invoice=invoice.pk
    )
    invoice.delete()


def match(*, invoice: CostInvoice) -> Match:
    """Return the invoice beside what is counted now: a price that was set since then counts."""
    rows = invoice.lines.values_list("day", "model", "nano_usd", "input_tokens", "output_tokens")
    billed = {(day, model): Billed(*amounts) for day, model, *amounts in rows}
    counted = reading.per_day_and_model(project=invoice.project, first=invoice.first_day, last=invoice.last_day)
    return invoice_matching.match(billed=billed, counted=counted, has_tokens=invoice.has_tokens)
