"""What was found in the calls of a trace, to be shown beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.analysis.flags import Flag
from monitoring.analysis.models import CallAnalysis, FlagMark, MarkVerdict
from monitoring.detectors.catalogue import DETECTORS, Detector
from monitoring.models import Trace

# Thousands of calls in one trace: the page shows the first of them, and so do these.
_MOST_CALLS = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """From where to where in a part of a call (monitoring.analysis.texts), and why that counts.

    A place without length names no words: what is wrong is wrong with the whole call.
    """

    part: str
    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class CallFinding:
    """What a detector found in one call, and what a person said about it: right, wrong, missed or, empty, nothing yet.

    One that was marked as wrong is no flag any more; one that was missed has no evidence.
    """

    detector: str
    title: str
    explanation: str
    probability: float
    evidence: tuple[Place, ...]
    mark: str


def findings_of(trace: Trace) -> dict[int, list[CallFinding]]:
    """Return the findings of each call of a trace that has some, by the number of its step; the surest come first."""
    rows = CallAnalysis.objects.filter(
        project_id=trace.project_id, trace_id=trace.trace_id, start_day__range=(trace.min_day, trace.max_day)
    ).order_by("call_at", "span_id")[:_MOST_CALLS]
    marks = _marks(trace)
    found = {
        span_id: list(_findings(flags, findings or {}, marks.get(span_id, {})))
        for span_id, flags, findings in rows.values_list("span_id", "flags", "findings")
    }
    return {span_id: sorted(some, key=lambda finding: -finding.probability) for span_id, some in found.items() if some}


def _findings(flags: int, findings: Mapping[str, Any], marks: Mapping[str, str]) -> Iterable[CallFinding]:
    for name, detector in DETECTORS.items():
        mark = marks.get(name, "")
        # What came near to the threshold is stored beside what was flagged, and is not shown.
        if flags & Flag[name.upper()] or mark == MarkVerdict.WRONG:
            yield _finding(detector, findings.get(name) or {}, mark)


def _finding(detector: Detector, stored: Mapping[str, Any], mark: str) -> CallFinding:
    evidence = tuple(Place(*place) for place in stored.get("evidence", ()))
    probability = float(stored.get("probability", 0.0))
    return CallFinding(detector.name, detector.title, detector.explanation, probability, evidence, mark)


def _marks(trace: Trace) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = defaultdict(dict)
    rows = FlagMark.objects.filter(project_id=trace.project_id, trace_id=trace.trace_id)
    for span_id, detector, verdict in rows.values_list("span_id", "detector", "verdict"):
        found[span_id][detector] = verdict
    return found
