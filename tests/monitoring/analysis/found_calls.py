"""Calls that were looked at, with what was found in them, as the analysis stores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from monitoring.analysis import flagged
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.running import draw_of
from monitoring.kinds import Kind
from monitoring.models import Span
from projects.models import Project
from tests.monitoring.factories import make_trace

Evidence = Sequence[tuple[str, int, int, str]]


def make_found(
    project: Project, found: Mapping[str, float] | None = None, *, threshold: float = 0.5,
    evidence: Mapping[str, Evidence] | None = None, text: str = "", **span: Any,
) -> CallAnalysis:  # fmt: skip
    """Store a call in which detectors found something with these probabilities; those from the threshold on are flagged."""
    trace_id = make_trace(project, **span)
    return note(project, trace_id, found, threshold=threshold, evidence=evidence, text=text)


def note(
    project: Project, trace_id: str, found: Mapping[str, float] | None = None, *, threshold: float = 0.5,
    evidence: Mapping[str, Evidence] | None = None, text: str = "",
) -> CallAnalysis:  # fmt: skip
    """Store what was found in the call of a trace."""
    span = Span.objects.get(project=project, trace_id=UUID(trace_id), kind=Kind.LLM)
    findings = {
        name: {"probability": probability, "version": "1", "evidence": (evidence or {}).get(name, [])}
        for name, probability in (found or {}).items()
    }
    flags = sum(flagged.bits(name) for name, probability in (found or {}).items() if probability >= threshold)
    copied = (
        "start_day",
        "span_id",
        "duration_ns",
        "ttft_ns",
        "output_tokens",
        "prompt_name",
        "prompt_version",
        "model",
        "environment",
    )
    return CallAnalysis.objects.create(
        project=project, trace_id=span.trace_id, call_at=span.sort_at, draw=draw_of(span.trace_id), detectors_version="1",
        flags=flags, findings=findings or None, text=text or span.input_preview,
        **{name: getattr(span, name) for name in copied},
    )  # fmt: skip


def again(call: CallAnalysis) -> CallAnalysis:
    """Return the call as it is stored now."""
    return CallAnalysis.objects.get(project_id=call.project_id, trace_id=call.trace_id, span_id=call.span_id)


def names_of(call: CallAnalysis) -> list[str]:
    """Return what the call is flagged by now."""
    return flagged.names(again(call).flags)


A_DAY = timedelta(days=1)
