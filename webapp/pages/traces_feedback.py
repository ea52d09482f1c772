"""Takes what a member of the team says about a trace."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from monitoring import scores
from monitoring.models import ScoreSource, Trace
from projects.roles import Action
from webapp import access
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_detail
from webapp.pages.traces_feedback_form import FeedbackForm
from webapp.pages.traces_links import trace_url


@requires(Action.GIVE_FEEDBACK)
def _give(request: ProjectRequest, hex_id: str) -> HttpResponse:
    """Store a verdict of the team; the same person's later verdict replaces it."""
    access.one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return traces_detail.show(request, hex_id, form=form, status=422)
    now = timezone.now()
    found = [
        scores.checked(_identified(item, request), now=now, source=ScoreSource.HUMAN, author_id=request.user.pk)
        for item in form.items(trace_id=hex_id)
    ]
    scores.record(project_id=request.project.pk, scores=found)
    messages.success(request, "Thank you: your feedback is stored with the trace.")
    return redirect(trace_url(request.project, hex_id, span=request.GET.get("span", "")) + "#feedback")


def _identified(item: dict[str, Any], request: ProjectRequest) -> dict[str, Any]:
    """Give a score the id that this person's score of this name on this trace always has."""
    key = f"callboard:{request.project.pk}:{item['trace_id']}:{item['name']}:{request.user.pk}"
    return item | {"id": str(uuid5(NAMESPACE_URL, key))}


give = require_POST(_give)
