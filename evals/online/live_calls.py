"""The live calls that an online evaluation is about: which of them it judges, and what its evaluator gets to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from evals import calls
from evals.evaluators.cases import Case
from evals.online.models import WHOLE_PPM, OnlineEvaluation
from monitoring import trace_messages
from monitoring.analysis import running as analyses
from monitoring.kinds import Kind
from monitoring.models import Span, Trace
from prompt_registry import rendering
from prompt_registry.models import Label

AT_ONCE = 50
# A trace is complete, as a rule, when it is this old; one that arrives later than the second is not judged.
SETTLED, _LATE = timedelta(seconds=60), timedelta(minutes=5)
_MOST_CONTEXT = 20_000
_DAY = timedelta(days=1)
_BEFORE_ALL = UUID(int=0)

_CANDIDATES = f"""
    SELECT trace_id FROM trace t
     WHERE project_id = %(project)s AND started_at >= %(since)s AND started_at < %(until)s AND call_count > 0
       AND (started_at, trace_id) > (%(since)s, %(after)s)
       AND {analyses.DRAW} < %(bound)s
       AND NOT EXISTS (
           SELECT FROM online_judgement j WHERE j.online_evaluation_id = %(online)s AND j.trace_id = t.trace_id
       )
     ORDER BY started_at, trace_id LIMIT %(limit)s
"""
_COUNTED = """
    SELECT coalesce(sum(span_count), 0) FROM usage_hour
     WHERE project_id = %(project)s AND kind = %(kind)s AND at >= %(since)s
       AND (%(environment)s = '' OR environment = %(environment)s) AND (%(prompt)s = '' OR prompt_name = %(prompt)s)
       AND (%(model)s = '' OR model = %(model)s) AND (%(label)s = '' OR prompt_version = %(version)s)
"""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call with its trace; `case` is None when there is nothing to judge, and `problem` says why."""

    trace: Trace
    span: Span
    case: Case | None
    problem: str = ""


def batch(
    online: OnlineEvaluation, *, since: datetime, after: UUID = _BEFORE_ALL
) -> tuple[list[Trace], list[LiveCall]]:
    """Return the next traces of the sample, oldest first, and the last matching call of each that has one.

    Traces that began at the same moment follow one another by their number: `after` is the last that was looked at.
    """
    values: dict[str, Any] = {
        "project": online.project_id, "online": online.pk, "since": since, "after": after, "until": timezone.now() - SETTLED,
        "bound": analyses.ALL * online.share_ppm // WHOLE_PPM, "limit": AT_ONCE,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, values)
        ids = [row[0] for row in cursor.fetchall()]
    traces = list(Trace.objects.for_project(online.project).filter(trace_id__in=ids).order_by("started_at", "trace_id"))
    spans = _last_calls(online, traces)
    return traces, [_live(trace, spans[trace.trace_id]) for trace in traces if trace.trace_id in spans]


def begin(online: OnlineEvaluation) -> datetime:
    """Return from when on calls are looked at; what waited for longer than a day is not judged any more."""
    return max(online.cursor_at - _LATE, online.since_at, timezone.now() - _DAY)


def count_of_a_day(online: OnlineEvaluation) -> int:
    """Return about how many calls of the last 24 hours it would have judged."""
    values: dict[str, Any] = {
        "project": online.project_id, "kind": Kind.LLM, "since": timezone.now() - _DAY, "environment": online.environment,
        "prompt": online.prompt_name, "model": online.model, "label": online.label, "version": _version(online),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, values)
        return round(int(cursor.fetchone()[0]) * online.share)


def newest_case(online: OnlineEvaluation) -> Case | None:
    """Return one of the newest calls that it would judge, as its evaluator would see it."""
    traces = list(Trace.objects.for_project(online.project).filter(call_count__gt=0).newest_first()[:AT_ONCE])
    spans = _last_calls(online, traces)
    for trace in traces:
        if trace.trace_id in spans and (case := _live(trace, spans[trace.trace_id]).case):
            return case
    return None


def newest_at(online: OnlineEvaluation) -> datetime | None:
    """Return when the newest call of the project began."""
    rows = Trace.objects.for_project(online.project).newest_first()
    return rows.values_list("started_at", flat=True).first()


def _version(online: OnlineEvaluation) -> int:
    """Return the version that the label points to now; 0 without a label, and where it points nowhere."""
    if not online.label:
        return 0
    labels = Label.objects.filter(project_id=online.project_id, prompt__name=online.prompt_name, name=online.label)
    return labels.values_list("version__number", flat=True).first() or 0


def _last_calls(online: OnlineEvaluation, traces: Sequence[Trace]) -> dict[UUID, Span]:
    if not traces:
        return {}
    wanted: dict[str, Any] = {
        "environment": online.environment,
        "prompt_name": online.prompt_name,
        "model": online.model,
    }
    if online.label:
        wanted["prompt_version"] = _version(online)
    spans = Span.objects.filter(
        project_id=online.project_id, trace_id__in=[trace.trace_id for trace in traces], kind=Kind.LLM,
        start_day__range=(min(trace.min_day for trace in traces), max(trace.max_day for trace in traces)),
        **{name: value for name, value in wanted.items() if value or name == "prompt_version"},
    )  # fmt: skip
    return {span.trace_id: span for span in spans.order_by("start_ns", "span_id").defer("events", "metadata")}


def _live(trace: Trace, span: Span) -> LiveCall:
    if span.is_error:
        return LiveCall(trace, span, None, "The call failed: there is no answer to judge.")
    recorded = calls.of_span(trace, span)
    if recorded is None or not recorded.output.strip():
        return LiveCall(trace, span, None, "No text of this call was recorded.")
    inputs = {name: _as_text(value) for name, value in recorded.input.items()}
    case = Case(
        recorded.output, expected=recorded.correction or None, context=_context(trace) or None, inputs=inputs
    )  # fmt: skip
    return LiveCall(trace, span, case)


def _context(trace: Trace) -> str:
    """Return what was looked up for the answer."""
    found = Span.objects.of_trace(trace).filter(kind=Kind.RETRIEVER).order_by("start_ns")[:20]
    return "\n\n".join(text for text in found.values_list("output", flat=True) if text)[:_MOST_CONTEXT]


def _as_text(value: Any) -> str:
    talk = trace_messages.conversation(rendering.stringify(value)) if isinstance(value, list) else None
    if talk is None:
        return rendering.stringify(value)
    return "\n".join(f"{message.role}: {message.content}" for message in talk)
