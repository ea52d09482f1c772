"""One trace for somebody who has a link to it: its steps and their texts as they are stored, and nothing else of the site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from monitoring import trace_messages, trace_reading, trace_trees
from monitoring.kinds import Kind
from monitoring.models import Span, Trace, span_hex, span_number
from monitoring.talk import links
from monitoring.talk.links import LinkNotUsable, TooFast
from monitoring.trace_trees import Branch
from webapp import formats
from webapp.access import public
from webapp.pages import traces_rows, traces_texts
from webapp.pages.traces_texts import Conversation, Text
from webapp.render import theme

ROWS = 200
MOST_CHARS = 64 * 1024
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Side:
    """What went into a step, or what came out of it."""

    label: str
    talk: Conversation | None
    text: Text | None


@public("the link is the proof; it shows one trace")
@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show the trace behind a link; what is not usable looks the same whatever the reason."""
    try:
        link, trace = links.opened(token=token)
    except LinkNotUsable as error:
        return _answer(request, "traces/shared_gone.html", {"page_title": "A shared trace", "error": str(error)}, 404)
    except TooFast as error:
        return _answer(request, "traces/shared_gone.html", {"page_title": "A shared trace", "error": str(error)}, 429)
    branches = trace_reading.skeleton(trace).branches
    span = _asked_span(request, trace) or _first_span(trace, branches)
    context = {"page_title": trace.name, "trace": trace, "link": link, **_step(span), **_rows(trace, branches, span)}
    return _answer(request, "traces/shared.html", context, 200)


def _answer(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, template, {"theme": theme(request), **context}, status=status)
    # The address is the secret: no search engine keeps it, and no other site is told it.
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _asked_span(request: HttpRequest, trace: Trace) -> Span | None:
    try:
        number = span_number(request.GET.get("span", ""))
    except (ValueError, OverflowError):
        return None
    return trace_reading.span_of(trace, number) if -_LARGEST <= number < _LARGEST else None


def _first_span(trace: Trace, branches: list[Branch]) -> Span | None:
    branch = trace_trees.of_interest(branches)
    return trace_reading.span_of(trace, branch.step.span_id) if branch else None


def _rows(trace: Trace, branches: list[Branch], span: Span | None) -> dict[str, Any]:
    """Return the rows of the stretch that holds the step, and where those beside it begin."""
    place = next((index for index, branch in enumerate(branches) if span and branch.step.span_id == span.span_id), 0)
    start = place // ROWS * ROWS
    part = branches[start : start + ROWS]
    return {
        "rows": traces_rows.rows(trace, part, current=span.span_id if span else None),
        "earlier_url": f"?span={span_hex(branches[start - 1].step.span_id)}" if start else "",
        "later_url": f"?span={span_hex(branches[start + ROWS].step.span_id)}" if len(branches) > start + ROWS else "",
    }


def _step(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"span": None}
    facts = [("Took", formats.duration_ms(span.duration_ns / 1e6)), *([("Model", span.model)] if span.model else [])]
    sides = [
        _side(label, text) for label, text in (("What went in", span.input), ("What came out", span.output)) if text
    ]
    return {
        "span": span, "kind": Kind(span.kind).label if span.kind in list(Kind) else "other", "facts": facts,
        "sides": sides, "failure": (span.status_message or "The application reported no reason.") if span.is_error else "",
    }  # fmt: skip


def _side(label: str, text: str) -> Side:
    messages = trace_messages.conversation(text)
    if messages:
        return Side(label, traces_texts.last_words(messages, limit=MOST_CHARS), None)
    return Side(label, None, traces_texts.pretty(text, limit=MOST_CHARS))


urlpatterns: list[URLPattern] = [path("shared/<str:token>/", shared, name="shared-trace")]
