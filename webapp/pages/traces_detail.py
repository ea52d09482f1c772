"""One trace: its time line, the step somebody looks at, and what people said about it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from monitoring import trace_reading, trace_trees
from monitoring.analysis import flagged
from monitoring.issues import of_traces
from monitoring.models import Span, Trace, span_hex, span_number
from monitoring.trace_trees import Branch
from projects.models import Project
from projects.roles import Action
from prompt_registry.models import Prompt
from webapp import access, formats
from webapp.access import ProjectRequest, requires
from webapp.pages import findings_words, traces_links, traces_panel, traces_rows, traces_talk
from webapp.pages.traces_feedback_form import FeedbackForm
from webapp.pages.traces_talk import Failed
from webapp.render import render_page

# Of the time line at once; a page of very many steps spends most of its time on drawing them.
ROWS = 250


@requires(Action.READ_TRACES)
def trace(request: ProjectRequest, hex_id: str) -> HttpResponse:
    """Show a trace; htmx asks for the panel of one step, or for more rows of the time line."""
    return show(request, hex_id)


def show(
    request: ProjectRequest, hex_id: str, *, form: FeedbackForm | None = None, failed: Failed | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    """Answer with the page of a trace, with forms that may carry errors."""
    found = Trace.objects.for_project(request.project).filter(trace_id=UUID(hex_id)).first()
    if found is None:
        return _waiting(request, hex_id)
    if request.GET.get("rows", "").isdecimal():
        return _more_rows(request, found, int(request.GET["rows"][:9]))
    span = _asked_span(request, found)
    if span and request.headers.get("HX-Request") == "true":
        return _fragment(request, "panel", _panel(request, found, span) | {"takes_focus": "view" not in request.GET})
    branches, left_out = _skeleton(request, found)
    span = span or _first_span(found, branches)
    context = {
        "page_title": found.name, "trace": found, **_rows(found, branches, _first_row(branches, span), span, request),
        **_panel(request, found, span), **_landmarks(branches),
        **traces_talk.context_of(request, found, span, failed), **_header(request, found),
        "form": form or FeedbackForm(), "has_root": found.has_root,
        "hidden_text": _hidden_text(found.span_count, len(branches) + left_out), "left_out": left_out,
        "with_background_url": traces_links.same_page(request, background=1),
        "issues": of_traces.issues_of(found),
        "opinions": trace_reading.opinions(project=request.project, trace_id=found.trace_id),
    }  # fmt: skip
    return render_page(request, "traces/trace.html", context, section="explore", status=status)


@requires(Action.READ_TRACES)
def download(request: ProjectRequest, hex_id: str, span_hex_id: str, part: str) -> HttpResponse:
    """Answer with one stored text of a step as a plain text file."""
    if part not in traces_panel.PARTS:
        raise Http404
    found = access.one(Trace.objects.for_project(request.project), trace_id=UUID(hex_id))
    span = access.one(Span.objects.of_trace(found), span_id=span_number(span_hex_id))
    response = HttpResponse(getattr(span, part) or "", content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{span.hex_id}-{part}.txt"'
    return response


def _waiting(request: ProjectRequest, hex_id: str) -> HttpResponse:
    """Show what was said about a trace whose spans have not arrived; without any of that it does not exist."""
    opinions = trace_reading.opinions(project=request.project, trace_id=UUID(hex_id))
    if not opinions:
        raise Http404
    context = {"page_title": "Waiting for a trace", "hex_id": hex_id, "opinions": opinions}
    return render_page(request, "traces/waiting.html", context, section="explore")


def _more_rows(request: ProjectRequest, found: Trace, start: int) -> HttpResponse:
    return _fragment(request, "more", _rows(found, _skeleton(request, found).branches, start, None, request))


def _skeleton(request: ProjectRequest, found: Trace) -> trace_reading.Skeleton:
    return trace_reading.skeleton(found, with_background=bool(request.GET.get("background")))


def _fragment(request: ProjectRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    # htmx asks for a full page when it picks a part of it out; the part alone is all it needs here.
    frame = {"project": request.project, "can_edit": request.membership.can(Action.EDIT_DATASETS)}
    return render(request, f"traces/trace.html#{name}", context | frame)


def _hidden_text(count: int, read: int) -> str:
    if count <= read:
        return ""
    return f"{formats.full_count(count - read)} of {formats.full_count(count)} steps are not shown"


def _rows(
    found: Trace, branches: list[Branch], start: int, span: Span | None, request: ProjectRequest
) -> dict[str, Any]:
    background = "&background=1" if request.GET.get("background") else ""
    part = branches[start : start + ROWS]
    rest = len(branches) - start - len(part)
    return {
        "rows": traces_rows.rows(found, part, current=span.span_id if span else None),
        "rest": rest,
        "next_rows": min(rest, ROWS),
        "rest_url": f"?rows={start + ROWS}{background}" if rest > 0 else "",
        "earlier_url": f"?span={span_hex(branches[start - 1].step.span_id)}" if start else "",
    }


def _first_row(branches: list[Branch], span: Span | None) -> int:
    """Return where the stretch of rows begins that holds the chosen step."""
    if span is None or len(branches) <= ROWS:
        return 0
    place = next((index for index, branch in enumerate(branches) if branch.step.span_id == span.span_id), 0)
    return place // ROWS * ROWS


def _landmarks(branches: list[Branch]) -> dict[str, str]:
    """Lead to steps that the keys cannot reach, because their rows are not on the page yet."""
    if len(branches) <= ROWS:
        return {}
    leaves = [branch.step for branch in branches if not branch.child_count]
    slowest = max(leaves, key=lambda step: step.duration_ns)
    failed = next((branch.step for branch in branches if branch.step.is_error), None)
    return {
        "slowest_url": f"?span={span_hex(slowest.span_id)}",
        "failed_url": f"?span={span_hex(failed.span_id)}" if failed else "",
    }


def _asked_span(request: ProjectRequest, found: Trace) -> Span | None:
    """Return the step that the address names; a name that is none of ours is left out."""
    try:
        number = span_number(request.GET.get("span", ""))
    except (ValueError, OverflowError):
        return None
    return trace_reading.span_of(found, number) if -(2**63) <= number < 2**63 else None


def _first_span(found: Trace, branches: list[Branch]) -> Span | None:
    branch = trace_trees.of_interest(branches)
    return trace_reading.span_of(found, branch.step.span_id) if branch else None


def _panel(request: ProjectRequest, found: Trace, span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"panel": None}
    panel = traces_panel.build(
        project=request.project,
        trace=found,
        span=span,
        view=request.GET.get("view", ""),
        is_full=bool(request.GET.get("full")),
    )
    return {"panel": panel, "trace": found}


def _prompt_url(project: Project, found: Trace) -> str:
    """Return the address of the trace's prompt version, when the project has such a prompt."""
    if not found.prompt_name or not Prompt.objects.for_project(project).filter(name=found.prompt_name).exists():
        return ""
    query = {"name": found.prompt_name, "version": found.prompt_version}
    return f"{reverse('prompt-by-name', args=[project.slug])}?{urlencode(query)}"


def _header(request: ProjectRequest, found: Trace) -> dict[str, Any]:
    project = request.project
    before, after = trace_reading.beside_in_session(found)
    flags = flagged.of_traces(project_id=project.pk, traces=[found])
    return {
        "found": findings_words.badges(flags.get(found.trace_id, [])),
        "prompt_url": _prompt_url(project, found),
        "user_url": traces_links.explore_url(request, project, user=found.user_id) if found.user_id else "",
        "session_url": traces_links.session_url(project, found.session_id, trace=found.hex_id)
        if found.session_id
        else "",
        "before_url": traces_links.trace_url(project, before.hex_id) if before else "",
        "after_url": traces_links.trace_url(project, after.hex_id) if after else "",
    }
