"""Checking an invoice: hand in the file of a provider, and see where it differs from what was counted, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from monitoring.costs import invoices
from monitoring.costs.errors import InvoiceRefused
from monitoring.costs.invoice_files import MOST_BYTES
from monitoring.costs.invoice_matching import Line, Match, Reason
from monitoring.costs.models import CostInvoice
from projects.roles import Action
from webapp import exports, formats, uploads
from webapp.access import ProjectRequest, one, requires
from webapp.pages.costs_frame import frame
from webapp.pages.costs_reasons import WORDS
from webapp.render import render_page

PAGE = "costs-invoices"
_MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One day and model as the page shows it."""

    line: Line
    billed: str
    counted: str
    difference: str
    reason: str
    help: str


@requires(Action.READ_TRACES)
def listed(request: ProjectRequest) -> HttpResponse:
    """Show the invoices that were checked, and take another one."""
    return _list_page(request)


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def add(request: ProjectRequest) -> HttpResponseBase:
    """Take the file of a provider."""
    file = request.FILES.get("file")
    if file is None or uploads.was_too_large(request) or (file.size or 0) > MOST_BYTES:
        too_large = f"The file is larger than {MOST_BYTES // 2**20} MiB. Export fewer days."
        return _list_page(
            request, problem="Choose a file." if file is None and not uploads.was_too_large(request) else too_large
        )
    try:
        name = request.POST.get("name", "").strip() or file.name or ""
        invoice = invoices.take(project=request.project, name=name, content=file.read(), by=request.user)
    except InvoiceRefused as error:
        return _list_page(request, problem=str(error))
    return redirect("costs-invoice", request.project.slug, invoice.pk)


@requires(Action.READ_TRACES)
def shown(request: ProjectRequest, invoice_id: int) -> HttpResponse:
    """Show where an invoice differs from what was counted."""
    invoice = _invoice(request, invoice_id)
    match = invoices.match(invoice=invoice)
    rows = [_row(line) for line in match.differing[:_MOST_LINES]]
    context = {
        **frame(request, tab=PAGE), "page_title": invoice.name, "invoice": invoice, "match": match, "rows": rows,
        "verdict": _verdict(match), "reasons": _reasons(match), "agreeing": len(match.lines) - len(match.differing),
        "hidden": len(match.differing) - len(rows), "can_manage": request.membership.can(Action.MANAGE_PROVIDERS),
        "prices_url": reverse("settings-prices", args=[request.project.slug]),
        "crumbs": [{"label": "Invoices", "url": reverse(PAGE, args=[request.project.slug])}],
    }  # fmt: skip
    return render_page(request, "costs/invoice.html", context, section="costs")


@requires(Action.READ_TRACES)
def export(request: ProjectRequest, invoice_id: int) -> StreamingHttpResponse:
    """Answer with every day and model of both sides as CSV."""
    invoice = _invoice(request, invoice_id)
    lines = exports.csv_lines(_export_rows(invoices.match(invoice=invoice).lines))
    return exports.download(lines, name=f"invoice-{invoice.pk}.csv", content_type="text/csv; charset=utf-8")


@requires(Action.MANAGE_PROVIDERS)
@require_POST
def delete(request: ProjectRequest, invoice_id: int) -> HttpResponseBase:
    """Forget an invoice."""
    invoices.delete(invoice=_invoice(request, invoice_id), by=request.user)
    messages.success(request, "The invoice is deleted.")
    return redirect(PAGE, request.project.slug)


def _invoice(request: ProjectRequest, invoice_id: int) -> CostInvoice:
    return one(CostInvoice.objects.for_project(request.project).select_related("project", "created_by"), pk=invoice_id)


def _list_page(request: ProjectRequest, *, problem: str = "") -> HttpResponse:
    found = CostInvoice.objects.for_project(request.project).select_related("created_by").newest_first()
    context = {
        **frame(request, tab=PAGE), "invoices": list(found), "problem": problem,
        "most_mib": MOST_BYTES // 2**20, "can_manage": request.membership.can(Action.MANAGE_PROVIDERS),
    }  # fmt: skip
    return render_page(request, "costs/invoices.html", context, section="costs", status=422 if problem else 200)


def _row(line: Line) -> Row:
    reason, text = WORDS[line.reasons[0] if line.reasons else Reason.UNKNOWN]
    more = [WORDS[other][0].lower() for other in line.reasons[1:]]
    return Row(
        line, formats.usd(line.billed_nano_usd / 1e9) if line.billed else "–",
        _counted(line), _signed(line.difference_nano_usd), reason, f"{text} Also: {', '.join(more)}." if more else text,
    )  # fmt: skip


def _counted(line: Line) -> str:
    return formats.usd(line.counted.cost_usd) if line.counted.call_count else "–"


def _signed(nano_usd: int) -> str:
    return ("+" if nano_usd > 0 else "") + formats.usd(nano_usd / 1e9)


def _reasons(match: Match) -> list[dict[str, Any]]:
    return [
        {
            "title": WORDS[reason][0], "text": WORDS[reason][1], "count": count, "amount": _signed(amount),
            "leads_to_prices": reason in (Reason.UNPRICED, Reason.PRICE, Reason.DISCOUNT),
        }
        for reason, count, amount in match.by_reason()
    ]  # fmt: skip


def _verdict(match: Match) -> dict[str, str]:
    billed, counted = match.billed_nano_usd, match.counted_nano_usd
    both = f"{formats.usd(billed / 1e9)} was charged, {formats.usd(counted / 1e9)} was counted here"
    if not match.differing:
        return {"kind": "good", "icon": "done", "sentence": f"The invoice agrees: {both}."}
    share = f", {formats.percent(abs(billed - counted) / abs(billed))} of the invoice" if billed else ""
    way = "more" if billed > counted else "less"
    return {
        "kind": "warn", "icon": "warning",
        "sentence": f"{both}: {formats.usd(abs(billed - counted) / 1e9)} {way} than counted{share}.",
    }  # fmt: skip


def _export_rows(lines: Sequence[Line]) -> Iterator[Sequence[object]]:
    yield (
        "day", "model", "charged_usd", "counted_usd", "difference_usd", "more_was", "charged_tokens_in", "charged_tokens_out",
        "counted_tokens_in", "counted_tokens_out", "calls", "calls_without_price", "likely_reasons",
    )  # fmt: skip
    for line in sorted(lines, key=lambda line: (line.day, line.model)):
        billed, counted, difference = line.billed, line.counted, line.difference_nano_usd
        theirs: Sequence[object] = (billed.input_tokens or "", billed.output_tokens or "") if billed else ("", "")
        yield (
            line.day, line.model, _plain(line.billed_nano_usd) if billed else "", _plain(counted.cost_nano_usd),
            _plain(abs(difference)), "charged" if difference > 0 else "counted" if difference else "", *theirs,
            counted.input_tokens, counted.output_tokens, counted.call_count, counted.unpriced_count,
            "; ".join(WORDS[reason][0] for reason in line.reasons),
        )  # fmt: skip


def _plain(nano_usd: int) -> str:
    return f"{nano_usd / 1e9:.9f}"


urlpatterns: list[URLPattern] = [
    path("costs/invoices/", listed, name=PAGE),
    path("costs/invoices/add/", add, name="costs-invoice-add"),
    path("costs/invoices/<int:invoice_id>/", shown, name="costs-invoice"),
    path("costs/invoices/<int:invoice_id>/export.csv", export, name="costs-invoice-export"),
    path("costs/invoices/<int:invoice_id>/delete/", delete, name="costs-invoice-delete"),
]
