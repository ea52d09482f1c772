"""One session as a chat: its end first, what came before when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from monitoring import session_reading, trace_messages
from monitoring.models import Trace
from monitoring.session_reading import Stretch, Turn
from monitoring.trace_messages import Message
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
    is_long: bool
    # The trace that somebody came from.
    is_current: bool
    # Whether it is known to be the first one of its day.
    begins_day: bool

    @property
    def day(self) -> date:
        return self.trace.started_at.date()


@requires(Action.READ_TRACES)
def session(request: ProjectRequest) -> HttpResponse:
    """Show a stretch of a session; htmx asks for the stretch before or after what is shown."""
    session_id = request.GET.get("id", "").replace("\x00", "")[:255]
    if not session_id:
        raise Http404
    stretch = _asked_for(request, session_id)
    if request.headers.get("HX-Request") == "true" and (request.GET.get("before") or request.GET.get("after")):
        # What lies on the other side is on the page already.
        side = "earlier" if request.GET.get("before") else "later"
        return render(request, "traces/session.html#turns", _turns(request, session_id, stretch, sides=(side,)))
    totals = session_reading.totals(project=request.project, session_id=session_id)
    if totals is None or not stretch.traces:
        raise Http404
    context = {
        "page_title": "Session", "session_id": session_id, "totals": totals,
        "user_ids": sorted({trace.user_id for trace in stretch.traces if trace.user_id}),
        "latest_url": session_url(request.project, session_id) if stretch.later else "",
        **_turns(request, session_id, stretch, sides=("earlier", "later")),
    }  # fmt: skip
    return render_page(request, "traces/session.html", context, section="explore")


def _asked_for(request: ProjectRequest, session_id: str) -> Stretch:
    """Return the stretch that the address names, the end of the session when it names none."""
    project = request.project
    if (place := parse_cursor(request.GET.get("after", ""))) is not None:
        return session_reading.after(project=project, session_id=session_id, place=place)
    if (trace_id := _trace_id(request)) is not None:
        around = session_reading.around(project=project, session_id=session_id, trace_id=trace_id)
        if around is not None:
            return around
    place = parse_cursor(request.GET.get("before", ""))
    return session_reading.before(project=project, session_id=session_id, place=place)


def _trace_id(request: ProjectRequest) -> UUID | None:
    try:
        return UUID(hex=request.GET.get("trace", ""))
    except ValueError:
        return None


def _turns(request: ProjectRequest, session_id: str, stretch: Stretch, *, sides: tuple[str, ...]) -> dict[str, Any]:
    """Return the exchanges of a stretch, and where to go on at the sides that are not on the page yet."""
    project = request.project
    earlier = stretch.earlier if "earlier" in sides else None
    later = stretch.later if "later" in sides else None
    exchanges = _exchanges(request, stretch, is_going_on="earlier" not in sides)
    # What comes next is on the page already; the line of its day was left to whoever knows what is before it.
    next_day = stretch.later.at.date() if stretch.later and "later" not in sides and exchanges else None
    return {
        "project": project, "exchanges": exchanges,
        "next_day": next_day if next_day and next_day != exchanges[-1].day else None,
        "earlier_url": session_url(project, session_id, before=earlier) if earlier else "",
        "later_url": session_url(project, session_id, after=later) if later else "",
    }  # fmt: skip


def _exchanges(request: ProjectRequest, stretch: Stretch, *, is_going_on: bool) -> list[Exchange]:
    if is_going_on and stretch.earlier:
        day: date | None = stretch.earlier.at.date()
    else:
        # In the middle of a session nobody knows yet whether its day began before.
        day = stretch.traces[0].started_at.date() if stretch.earlier and stretch.traces else None
    current, found = _trace_id(request), []
    for turn in session_reading.turns(stretch.traces):
        begun = turn.trace.started_at.date()
        found.append(_exchange(request, turn, is_current=turn.trace.trace_id == current, begins_day=begun != day))
        day = begun
    return found


def _exchange(request: ProjectRequest, turn: Turn, *, is_current: bool, begins_day: bool) -> Exchange:
    trace = turn.trace
    asked = _last_of("user", trace_messages.conversation(turn.input))
    answered = _last_of("assistant", trace_messages.conversation(turn.output))
    return Exchange(
        trace=trace, url=trace_url(request.project, trace.hex_id),
        asked=traces_texts.cut(asked or trace.input_preview, limit=TURN_CHARS),
        answered=traces_texts.cut(answered or trace.output_preview, limit=TURN_CHARS), is_long=turn.is_long,
        is_current=is_current, begins_day=begins_day,
    )  # fmt: skip


def _last_of(role: str, messages: Iterable[Message] | None) -> str:
    said = [message.content for message in messages or () if message.role == role and message.content]
    return said[-1] if said else ""
