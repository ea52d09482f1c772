"""Takes what a member of the team says about a finding: right, no problem, missed; and takes it back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from monitoring.analysis import marks
from monitoring.errors import MarkRefused
from monitoring.kinds import Kind
from monitoring.models import Span, Trace, span_number
from projects.roles import Action
from webapp import access
from webapp.access import ProjectRequest, requires
from webapp.pages.traces_links import trace_url

UNDO = "undo"


@requires(Action.GIVE_FEEDBACK)
def _mark(request: ProjectRequest, hex_id: str, span_hex_id: str) -> HttpResponse:
    """Store or take back a mark, and show the call again."""
    trace = access.one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))
    span = access.one(Span.objects.of_trace(trace).without_bodies(), span_id=span_number(span_hex_id), kind=Kind.LLM)
    try:
        _store(request, span)
    except MarkRefused as error:
        messages.error(request, str(error))
    return redirect(trace_url(request.project, hex_id, span=span_hex_id))


def _store(request: ProjectRequest, span: Span) -> None:
    detector, verdict = (request.POST.get(name, "")[:40] for name in ("detector", "verdict"))
    if verdict == UNDO:
        marks.unmark(
            project=request.project, trace_id=span.trace_id, span_id=span.span_id, start_day=span.start_day,
            detector=detector, by=request.user,
        )  # fmt: skip
        return
    marks.mark(
        project=request.project, trace_id=span.trace_id, span_id=span.span_id, start_day=span.start_day, detector=detector,
        verdict=verdict, by=request.user,
    )  # fmt: skip


mark = require_POST(_mark)
