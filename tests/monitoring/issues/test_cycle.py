"""One look at the issues of a project: what it opens, and what stays the same."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from benchmarks import issue_replay
from monitoring.analysis.flags import bit_of
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.running import draw_of
from monitoring.issues import cycle
from monitoring.issues.models import Issue, IssueCycle, IssueEvent, IssueScope
from monitoring.models import span_number
from tests.monitoring.factories import make_span, new_span_id, new_trace_id, send
from tests.monitoring.issues.factories import make_cluster, make_problem
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
# How often calls are flagged where nothing is wrong, and how much groups of questions differ in that.
_USUAL = {"refused": 0.015, "unsupported": 0.03, "slow": 0.05, "dear": 0.05, "asked_again": 0.02, "toxic": 0.003}


def test_a_version_that_refuses_one_group_of_questions_becomes_one_issue():
    project = make_project()
    make_problem(project)

    cycle.run(project_id=project.pk, now=timezone.now())

    issue = Issue.objects.get(project=project)
    assert issue.title.startswith("Refunds after 30 days: 6")
    assert issue.title.endswith(" % refused since v11")
    assert (issue.cause_dimension, issue.cause_value) == ("prompt version", "11")


def test_looking_again_changes_numbers_alone():
    project = make_project()
    make_problem(project)
    now = timezone.now()
    for minutes in (0, 5, 10):
        cycle.run(project_id=project.pk, now=now + timedelta(minutes=minutes))

    assert (Issue.objects.count(), IssueScope.objects.count(), IssueEvent.objects.count()) == (1, 1, 1)
    assert IssueCycle.objects.get().looked_at == now + timedelta(minutes=10)


def test_a_project_without_calls_has_no_issues():
    project = make_project()

    cycle.run(project_id=project.pk, now=timezone.now())

    assert not Issue.objects.exists()


def test_ten_thousand_calls_without_a_problem_open_no_more_than_one_issue():
    project = make_project()
    chance = random.Random(7)
    clusters = [make_cluster(project, f"group {number}") for number in range(20)]
    nature = {(group.pk, signal): chance.gammavariate(16, 1 / 16) for group in clusters for signal in _USUAL}
    now = timezone.now()
    for _ in range(10):
        spans, rows = [], []
        for _ in range(1_000):
            at = now - timedelta(minutes=chance.uniform(2, 10 * 24 * 60))
            trace_id, span_id, group = new_trace_id(), new_span_id(), chance.choice(clusters)
            prompt, user = chance.choice(["support/answer", "docs/ask", "summary"]), f"user {chance.randrange(900)}"
            spans.append(make_span(trace_id=trace_id, span_id=span_id, at=at, prompt=prompt, user=user))
            flags = sum(
                int(bit_of(signal)) for signal, rate in _USUAL.items()
                if chance.random() < rate * nature[group.pk, signal]
            )  # fmt: skip
            rows.append(
                CallAnalysis(
                    project=project, start_day=at.date(), trace_id=UUID(trace_id), span_id=span_number(span_id), call_at=at,
                    draw=draw_of(UUID(trace_id)), flags=flags, cluster_id=group.pk, prompt_name=prompt,
                    prompt_version=11 if at > now - timedelta(days=3) else 10, user_id=user,
                    model=chance.choice(["gpt-5-mini", "gpt-5"]), environment="production", service="support-api",
                )
            )  # fmt: skip
        send(project, *spans)
        CallAnalysis.objects.bulk_create(rows)
    issue_replay.gather_statistics()

    for hours in (24, 0):
        cycle.run(project_id=project.pk, now=now - timedelta(hours=hours))

    assert Issue.objects.count() <= 1, list(Issue.objects.values_list("title", flat=True))
