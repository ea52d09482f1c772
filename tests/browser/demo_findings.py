"""Calls of the demo in which something was found, one of them with evidence and what a person said about it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from monitoring.analysis import flagged, marks
from monitoring.analysis.models import CallAnalysis
from projects.models import Project, User
from tests.monitoring.analysis.found_calls import note
from tests.monitoring.factories import make_trace

ANSWER = "I'm sorry, but I can't help with returns after 30 days. <b>Parcels</b> of 2019 are free."
_FOUND = ("refused", "unsupported", "slow", "toxic", "asked_again", "late_start")


def make(project: Project, admin: User) -> str:
    """Let some of the calls be flagged; return the trace whose call has findings of several kinds."""
    calls = CallAnalysis.objects.for_project(project).order_by("call_at", "span_id")[:60]
    for place, call in enumerate(calls):
        name, probability = _FOUND[place % len(_FOUND)], 0.3 + place / 100
        CallAnalysis.objects.filter(project=project, trace_id=call.trace_id, span_id=call.span_id).update(
            detectors_version="1", findings={name: {"probability": probability, "version": "1", "evidence": []}},
            flags=flagged.bits(name) if probability >= 0.5 else 0,
        )  # fmt: skip
    return _with_evidence(project, admin)


def _with_evidence(project: Project, admin: User) -> str:
    trace_id = make_trace(
        project, name="answer", prompt="support/refund-answer", version=2, took_ms=8_400, at=timezone.now() - timedelta(minutes=2),
        asked="Can I send my boots back after 40 days?", answered=ANSWER, user="customer-0815",
        attributes={"gen_ai.response.time_to_first_chunk": 3.1},
    )  # fmt: skip
    call = note(
        project, trace_id, {"refused": 0.96, "unsupported": 0.7, "slow": 0.8},
        evidence={
            "refused": [("output", 0, 40, "declines")],
            "unsupported": [("output", ANSWER.index("<b>"), len(ANSWER), "not in the documents")],
            "slow": [("output", 0, 0, "took 8.4 s; 95 of 100 such calls take at most 2.1 s")],
        },
    )  # fmt: skip
    marks.mark(
        project=project, trace_id=call.trace_id, span_id=call.span_id, start_day=call.start_day, detector="slow",
        verdict="wrong", by=admin,
    )  # fmt: skip
    return trace_id
