"""Writing, changing and deleting comments on a trace; each answers with the page of the trace again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from monitoring.models import Trace, TraceComment, span_hex, span_number
from monitoring.talk import comments
from monitoring.talk.comments import CommentRefused
from projects.roles import Action
from webapp.access import ProjectRequest, one, requires
from webapp.pages import traces_detail
from webapp.pages.traces_links import trace_url
from webapp.pages.traces_talk import Failed

_LARGEST = 2**63


@requires(Action.GIVE_FEEDBACK)
@require_POST
def add(request: ProjectRequest, hex_id: str) -> HttpResponseBase:
    """Comment on a trace or on one of its steps."""
    trace = _trace(request, hex_id)
    text = request.POST.get("text", "")
    try:
        comment = comments.add(
            project=request.project, trace=trace, span_id=_span_id(request), text=text, by=request.user
        )
    except CommentRefused as error:
        return traces_detail.show(request, hex_id, failed=Failed("new", text, str(error)), status=422)
    return redirect(_address(request, comment))


@requires(Action.GIVE_FEEDBACK)
@require_POST
def edit(request: ProjectRequest, hex_id: str, comment_id: int) -> HttpResponseBase:
    """Change the text of one's own comment."""
    trace = _trace(request, hex_id)
    comment = _comment(request, trace, comment_id)
    text = request.POST.get("text", "")
    try:
        comments.edit(comment=comment, trace=trace, text=text, by=request.user)
    except CommentRefused as error:
        failed = Failed(f"edit-{comment.pk}", text, str(error))
        return traces_detail.show(request, hex_id, failed=failed, status=422)
    return redirect(_address(request, comment))


@requires(Action.GIVE_FEEDBACK)
@require_POST
def delete(request: ProjectRequest, hex_id: str, comment_id: int) -> HttpResponseBase:
    """Take one's own comment away."""
    trace = _trace(request, hex_id)
    try:
        comments.delete(comment=_comment(request, trace, comment_id), by=request.user)
    except CommentRefused as error:
        messages.error(request, str(error))
    return redirect(trace_url(request.project, trace.hex_id) + "#comments")


def _trace(request: ProjectRequest, hex_id: str) -> Trace:
    return one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))


def _comment(request: ProjectRequest, trace: Trace, comment_id: int) -> TraceComment:
    rows = TraceComment.objects.select_related("project").filter(project=request.project, trace_id=trace.trace_id)
    return one(rows, pk=min(comment_id, _LARGEST - 1))


def _span_id(request: ProjectRequest) -> int | None:
    """Return the step that the form is about; what is no id of a step is none."""
    text = request.POST.get("span", "")
    try:
        number = span_number(text) if text else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and -_LARGEST <= number < _LARGEST else None


def _address(request: ProjectRequest, comment: TraceComment) -> str:
    step = span_hex(comment.span_id) if comment.span_id is not None else ""
    return f"{trace_url(request.project, comment.trace_id.hex, span=step)}#comment-{comment.pk}"
