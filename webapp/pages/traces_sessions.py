"""One session as a conversation: its traces in the order they began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import Http404, HttpResponse

from monitoring import trace_messages, trace_reading
from monitoring.models import Trace
from monitoring.trace_messages import Message
from monitoring.trace_reading import Turn
from monitoring.trace_search import parse_cursor
from projects.roles import Action
from webapp.access import ProjectRequest, requires
from webapp.pages import traces_texts
from webapp.pages.traces_links import session_url, trace_url
from webapp.pages.traces_texts import Text
from webapp.render import render_page

TURN_CHARS = 8 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked in one trace and what came back."""

    trace: Trace
    url: str
    asked: Text
    answered: Text


@requires(Action.READ_TRACES)
def session(request: ProjectRequest) -> HttpResponse:
    """Show one page of a session."""
    session_id = request.GET.get("id", "").replace("\x00", "")[:255]
    if not session_id:
        raise Http404
    after = parse_cursor(request.GET.get("after", ""))
    traces, next_after = trace_reading.session_page(project=request.project, session_id=session_id, after=after)
    if not traces and not after:
        raise Http404
    context = {
        "page_title": "Session", "session_id": session_id, "is_first": after is None,
        "exchanges": [_exchange(request, turn) for turn in trace_reading.session_turns(traces)],
        "first_url": session_url(request.project, session_id) if after else "",
        "later_url": session_url(request.project, session_id, after=next_after) if next_after else "",
        "user_ids": sorted({trace.user_id for trace in traces if trace.user_id}),
    }  # fmt: skip
    return render_page(request, "traces/session.html", context, section="explore")


def _exchange(request: ProjectRequest, turn: Turn) -> Exchange:
    trace, call = turn.trace, turn.call
    asked = _last_of("user", trace_messages.conversation(call.input)) if call else ""
    answered = _last_of("assistant", trace_messages.conversation(call.output)) if call else ""
    return Exchange(
        trace=trace, url=trace_url(request.project, trace.hex_id),
        asked=traces_texts.cut(asked or trace.input_preview, limit=TURN_CHARS),
        answered=traces_texts.cut(answered or trace.output_preview, limit=TURN_CHARS),
    )  # fmt: skip


def _last_of(role: str, messages: Iterable[Message] | None) -> str:
    said = [message.content for message in messages or () if message.role == role and message.content]
    return said[-1] if said else ""
