"""Issues, their scopes and calls that were looked at, for tests; each call makes new ones."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from monitoring.analysis.flags import BITS
from monitoring.analysis.models import CallAnalysis
from monitoring.clusters.models import Cluster
from monitoring.issues.models import Issue, IssueScope, Signal
from monitoring.models import Span
from monitoring.streams.models import FlagHour
from projects.models import Project
from tests.monitoring.factories import make_span, new_trace_id, send

DIMENSIONS = 384


def make_issue(
    project: Project, *, title: str = "Refunds after 30 days: 6 % refused since v11", signal: str = Signal.REFUSED,
    prompt_name: str = "", model: str = "", cluster: Cluster | None = None, **fields: Any,
) -> Issue:  # fmt: skip
    """Return an issue with one scope, as the analysis would have opened it two days ago."""
    now = timezone.now()
    given = {
        "number": Issue.objects.for_project(project).count() + 1,
        "call_count": 812, "bad_count": 50, "user_count": 38, "usual_rate": 0.015, "harm": 37.0,
        "began_at": now - timedelta(days=2), "first_at": now - timedelta(days=2), "last_at": now,
        "measured_at": now,
        "evidence": {"prompt_name": prompt_name, "causes": [], "people": 300, "rate": 0.062, "low": 0.047, "high": 0.081},
    }  # fmt: skip
    issue = Issue.objects.create(project=project, title=title, **(given | fields))
    IssueScope.objects.create(
        project=project, issue=issue, signal=signal, prompt_name=prompt_name, model=model, cluster=cluster
    )
    return issue


def make_cluster(project: Project, *, name: str = "Refund after 30 days", **fields: Any) -> Cluster:
    """Return a group of questions."""
    now = timezone.now()
    given = {
        "radius": 0.8, "embedding_version": "test", "first_at": now - timedelta(days=3), "last_at": now,
        "centroid": [1.0] + [0.0] * (DIMENSIONS - 1),
    }  # fmt: skip
    return Cluster.objects.create(project=project, name=name, **(given | fields))


def make_counted(project: Project, *, calls: int = 100, **fields: Any) -> FlagHour:
    """Return the counts of an hour ago."""
    at = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    given = {
        "at": at, "prompt_name": "", "prompt_version": 0, "model": "gpt-5", "environment": "production", "cluster_id": 0,
        "call_count": calls, "disliked_count": 0, "flag_counts": [0] * BITS,
    }  # fmt: skip
    return FlagHour.objects.create(project=project, **(given | fields))


def make_looked_at(
    project: Project, *, flags: int = 0, asked: str = "Can I get my money back after 40 days?",
    answered: str = "I am sorry, I cannot help with that.", findings: dict[str, Any] | None = None,
    cluster: Cluster | None = None, at: datetime | None = None, trace_id: str = "", **span: Any,
) -> CallAnalysis:  # fmt: skip
    """Return a call that was sent and looked at."""
    moment = at or timezone.now() - timedelta(minutes=5)
    trace = trace_id or new_trace_id()
    span_id = secrets.token_hex(8)
    given = {"prompt": "support/refund-answer", "version": 3, "user": f"customer-{secrets.token_hex(3)}"} | span
    send(project, make_span(trace_id=trace, span_id=span_id, at=moment, asked=asked, answered=answered, **given))
    row = Span.objects.get(project=project, trace_id=UUID(trace))
    return CallAnalysis.objects.create(
        project=project, start_day=row.start_day, trace_id=row.trace_id, span_id=row.span_id, call_at=moment,
        draw=secrets.randbelow(2**32), flags=flags, findings=findings, cluster_id=cluster.pk if cluster else None,
        prompt_name=row.prompt_name, prompt_version=row.prompt_version, model=row.model, user_id=given["user"],
        environment=row.environment, service=row.service, text=asked, detectors_version="test",
    )  # fmt: skip
