"""Calls that were looked at already, groups of questions and rankings, with defaults that tests override."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from django.utils import timezone
from pgvector import HalfVector

from monitoring import embeddings
from monitoring.analysis.flags import Flag, bit_of
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.running import draw_of
from monitoring.clusters.models import Cluster
from monitoring.issues import cycle, opening
from monitoring.issues.models import Issue
from monitoring.models import span_number
from monitoring.streams.harm import Harm
from monitoring.streams.scopes import Scope
from projects import webhooks
from projects.models import Project, User
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, rate, send

_numbers = count(1)
NOW = timezone.now().replace(minute=0, second=0, microsecond=0)


def make_calls(
    project: Project,
    calls: int,
    *,
    bad: int = 0,
    signal: str = "refused",
    since: datetime | None = None,
    hours: float = 24.0,
    cluster: Cluster | None = None,
    prompt: str = "support/answer",
    version: int = 1,
    model: str = "gpt-5-mini",
    environment: str = "production",
    service: str = "support-api",
    users: int = 20,
    asked: str = "How do I get my money back?",
    answered: str = "I cannot help with that.",
    findings: dict[str, Any] | None = None,
    around: Sequence[Any] = (),
) -> list[str]:
    """Store calls evenly over some hours, the bad ones evenly among them; return the ids of the traces of the bad ones."""
    since = since or NOW - timedelta(hours=hours)
    flag = bit_of(signal) if signal != "disliked" else Flag(0)
    spans, rows, bad_ids, chance = [], [], [], random.Random(1)
    for number in range(calls):
        trace_id, span_id = new_trace_id(), new_span_id()
        at = since + timedelta(hours=hours) * number / calls
        is_bad = (number * bad + calls // 2) // calls != ((number + 1) * bad + calls // 2) // calls
        user = f"user {chance.randrange(users)}" if users else ""
        call = make_span(
            trace_id=trace_id, span_id=span_id, at=at, prompt=prompt, version=version, model=model, user=user,
            environment=environment, service=service, asked=asked, answered=answered if is_bad else "Here you are.",
        )  # fmt: skip
        spans.append(call)
        rows.append(
            CallAnalysis(
                project=project, start_day=at.date(), trace_id=UUID(trace_id), span_id=span_number(span_id), call_at=at,
                draw=draw_of(UUID(trace_id)), flags=int(flag) if is_bad else 0, cluster_id=cluster.pk if cluster else None,
                prompt_name=prompt, prompt_version=version, model=model, environment=environment, service=service,
                user_id=user, text=asked, findings=findings if is_bad else None, detectors_version="test",
            )
        )  # fmt: skip
        if is_bad:
            bad_ids.append(trace_id)
    for start in range(0, len(spans), 500):
        send(project, *spans[start : start + 500])
    CallAnalysis.objects.bulk_create(rows, batch_size=500)
    if signal == "disliked":
        for trace_id in bad_ids:
            rate(project, trace_id)
    return bad_ids


def make_cluster(project: Project, name: str = "refunds after 30 days", *, near: str = "") -> Cluster:
    vector = embeddings.embed([near or name])[0]
    return Cluster.objects.create(
        project=project, name=name, centroid=HalfVector(vector), radius=0.6, embedding_version=embeddings.version(),
        first_at=NOW, last_at=NOW,
    )  # fmt: skip


def make_harm(scope: Scope, *, calls: int, bad: int, usual: float = 0.01, **values: Any) -> Harm:
    """Return what the ranking says of a part that is much worse than usual."""
    excess = max(0.0, bad - calls * usual)
    defaults: dict[str, Any] = {
        "scope": scope, "calls": calls, "bad": bad, "users": 20, "usual_rate": usual, "harm": 2 * excess, "p_value": 1e-9,
        "is_significant": True,
    }  # fmt: skip
    return Harm(**{**{name: defaults[name] for name in defaults}, **values})


def open_issues(project: Project, *ranking: Harm, now: datetime = NOW) -> list[Issue]:
    """Open what the ranking says, as a cycle does."""
    return opening.open_new(project_id=project.pk, ranking=ranking, all_calls={}, now=now)


def make_issue(project: Project, scope: Scope | None = None, **values: Any) -> Issue:
    """Return an issue of one part of the traffic, with numbers as if it had been opened by the rules."""
    defaults: dict[str, Any] = {
        "title": f"Problem {next(_numbers)}", "first_at": NOW - timedelta(days=2), "last_at": NOW, "usual_rate": 0.01,
    }  # fmt: skip
    issue = opening.create(
        project_id=project.pk, fields=defaults | values, at=values.pop("created_at", NOW - timedelta(days=1))
    )
    opening.add_scope(issue, scope or Scope("refused", prompt_name=f"prompt {issue.pk}"))
    return issue


def look(project: Project, *, now: datetime = NOW) -> None:
    cycle.run(project_id=project.pk, now=now)


def listen(project: Project, *events: str, by: User) -> None:
    """Let a webhook hear of these events."""
    webhooks.create(project=project, name="bot", url="https://8.8.8.8/hooks", events=events, by=by)


def make_problem(project: Project) -> None:
    """Store ten days of two groups of questions, one of which is refused since version 11."""
    now, groups = timezone.now(), [make_cluster(project), make_cluster(project, "delivery times")]
    for group in groups:
        make_calls(project, 300, bad=4, cluster=group, version=10, since=now - timedelta(days=9), hours=170, users=200)
    make_calls(
        project, 120, bad=80, cluster=groups[0], version=11, since=now - timedelta(hours=40), hours=39, users=200
    )
    make_calls(project, 120, bad=2, cluster=groups[1], version=11, since=now - timedelta(hours=40), hours=39, users=200)
