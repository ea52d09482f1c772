"""What is usual for a version before a rollout of the next one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import rollout_baselines
from monitoring.rollout_counts import Event
from projects.models import Project
from tests.monitoring.factories import make_span, make_trace, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


def _of(project: Project) -> rollout_baselines.Baselines:
    return rollout_baselines.of(project=project, prompt_name="refund", version=3, now=timezone.now())


def _fill(project: Project, calls: int) -> list[str]:
    """Store calls of as many people, each a second slower than the last; return their traces."""
    at = timezone.now() - timedelta(days=2)
    ids = [new_trace_id() for _ in range(calls)]
    send(
        project,
        *(
            make_span(
                trace_id=trace, prompt="refund", version=3, user=f"u{n}", at=at + timedelta(seconds=n),
                took_ms=1000 + n, cost_usd=(n + 1) / 1e6, error="timeout" if n % 50 == 0 else "",
            )
            for n, trace in enumerate(ids)
        ),
    )  # fmt: skip
    return ids


def test_rates_are_shares_of_people_and_thresholds_those_that_few_calls_exceed(project):
    traces = _fill(project, 200)
    for trace in traces[:10]:
        rate(project, trace)

    found = {one.event: one for one in _of(project).events}

    assert found[Event.DISLIKED].rate == pytest.approx(10.5 / 225)
    assert found[Event.DISLIKED].events == 10
    assert found[Event.DISLIKED].first_calls == 7
    assert found[Event.ERROR].rate == pytest.approx(4.5 / 225)
    assert found[Event.SLOW].thresholds[""] == pytest.approx((1189e6,))
    assert found[Event.SLOW].rate == pytest.approx(0.05, abs=0.01)
    assert len(found[Event.DEAR].thresholds[""]) == 3
    assert found[Event.DEAR].rate == pytest.approx(0.1, abs=0.01)


def test_with_little_traffic_nothing_is_said_about_slow_or_dear(project):
    _fill(project, 20)

    assert {one.event for one in _of(project).events} == {Event.DISLIKED, Event.ERROR}


def test_people_are_counted_by_the_day(project):
    _fill(project, 100)

    baselines = _of(project)

    assert baselines.calls == 100
    assert baselines.units_a_day == pytest.approx(50, rel=0.05)


def test_other_versions_and_old_calls_say_nothing(project):
    make_trace(project, prompt="refund", version=2)
    make_trace(project, prompt="refund", version=3, at=timezone.now() - timedelta(days=29))

    assert _of(project).calls == 0
