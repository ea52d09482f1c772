"""Calls with traces around them, and what analysis finds in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from monitoring.analysis import baselines, running
from monitoring.analysis.calls import Call
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.texts import Parts, Texts
from monitoring.kinds import Kind
from projects.models import Project
from tests.monitoring.factories import make_span, new_trace_id, send


def look(project: Project) -> list[CallAnalysis]:
    """Look at everything that is new and return what was found, oldest call first."""
    baselines.forget()
    while running.run(project_id=project.pk):
        pass
    return list(CallAnalysis.objects.filter(project=project).order_by("call_at", "span_id"))


def make_call(*, input: str = "", output: str = "", context: str = "", error: str = "", **fields: Any) -> Call:
    """Return a call as the detectors see it; fields of its texts and of the call itself may be overridden."""
    told = {name: fields.pop(name) for name in list(fields) if name in Texts.__dataclass_fields__}
    documents = ((0, len(context)),) if context else ()
    said = {"documents": documents, "given": f"{input}\n{context}", "is_recorded": True, "has_answer": True} | told
    return Call(texts=Texts(Parts(input, context, output, error), **said), **fields)


def make_answered(project: Project, *, documents: Any = None, at: datetime | None = None, **fields: Any) -> str:
    """Store a trace in which documents were looked up, when some are given, and then a call answered; return its id."""
    trace_id = new_trace_id()
    begin = at or timezone.now() - timedelta(minutes=2)
    spans = [make_span(trace_id=trace_id, at=begin + timedelta(milliseconds=5), **fields)]
    if documents is not None:
        looked_up = make_span(
            trace_id=trace_id, kind=Kind.RETRIEVER, name="search", at=begin, answered=documents, took_ms=4
        )
        spans.insert(0, looked_up)
    send(project, *spans)
    return trace_id


def make_history(
    project: Project, *, count: int = 60, until: datetime, each: timedelta = timedelta(minutes=10), **fields: Any
) -> None:
    """Store ordinary calls up to a moment, one every few minutes, whose times vary a little."""
    spans = [
        make_span(at=until - each * (count - number), took_ms=900 + 10 * (number % 13), asked=f"Question {number}?",
                  answered="A quiet answer.", **fields)
        for number in range(count)
    ]  # fmt: skip
    send(project, *spans)
