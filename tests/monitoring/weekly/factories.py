"""Two weeks of calls that were looked at, with what went wrong in each."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from monitoring.analysis.models import CallAnalysis
from monitoring.weekly import weeks
from projects.models import Project
from tests.monitoring.factories import make_span, new_trace_id, send

# The week that reports are about here, the newest of which the calls lie long enough in the past; and the morning on which it is told.
WEEK = weeks.last_over(datetime.now(UTC) - timedelta(days=1), ZoneInfo("UTC"))
MORNING = WEEK.end + timedelta(hours=7, minutes=5)


def plant(
    project: Project, *, at: datetime = WEEK.start + timedelta(days=1), people: int = 60, flags: int = 0, flagged: int = 0,
    took_ms: float = 900, cost_usd: float = 0.01, calls: int = 1, prefix: str = "person",
) -> list[str]:  # fmt: skip
    """Send so many calls of each of so many people, some of the people with flags; return their traces."""
    Project.objects.filter(pk=project.pk).update(
        created_at=WEEK.start - timedelta(days=30), first_accepted_at=WEEK.start
    )
    spans, rows, traces = [], [], []
    for number in range(people):
        for call in range(calls):
            trace_id, moment = new_trace_id(), at + timedelta(minutes=number, seconds=call)
            traces.append(trace_id)
            spans.append(
                make_span(
                    trace_id=trace_id,
                    at=moment,
                    took_ms=took_ms,
                    cost_usd=cost_usd,
                    user=f"{prefix} {number}",
                    prompt="support/answer",
                    version=3,
                )
            )
            rows.append(
                CallAnalysis(
                    project=project,
                    start_day=moment.date(),
                    trace_id=UUID(trace_id),
                    span_id=secrets.randbelow(2**40),
                    call_at=moment,
                    draw=secrets.randbelow(2**32),
                    flags=flags if number < flagged else 0,
                    user_id=f"{prefix} {number}",
                    duration_ns=int(took_ms * 1e6),
                    cost_nano_usd=int(cost_usd * 1e9),
                    detectors_version="test",
                )
            )
    send(project, *spans)
    CallAnalysis.objects.bulk_create(rows)
    return traces
