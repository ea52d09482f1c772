"""How prompts and versions do, read from whole days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import usage_prompts
from monitoring.usage_rates import Rate
from projects.models import Project
from tests.monitoring.factories import make_trace, rate
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


def _days_ago(days):
    return timezone.now() - timedelta(days=days)


def _of(project, *names, **more):
    return usage_prompts.of_prompts(project=project, names=names, now=timezone.now(), **more)


def test_each_prompt_has_its_sum_and_its_calls_by_day(project):
    for days, count in ((0, 1), (3, 2), (13, 1), (20, 5)):
        for _ in range(count):
            make_trace(project, prompt="refund", at=_days_ago(days), took_ms=500, cost_usd=0.002)
    make_trace(project, prompt="other")

    (refund,) = _of(project, "refund").values()

    # A day that ended a moment ago still counts as today in UTC.
    assert refund.calls_per_day == (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1)
    assert refund.total.call_count == 4
    assert refund.total.p95_ms == pytest.approx(500, rel=0.03)
    assert refund.total.cost_per_call_usd == pytest.approx(0.002)


def test_thumbs_count_wherever_in_the_trace_they_were_given(project):
    trace_id = make_trace(project, prompt="refund")
    rate(project, trace_id)
    rate(project, trace_id, up=True)

    total = _of(project, "refund")["refund"].total

    assert (total.thumbs_down, total.thumbs_up) == (1, 1)


def test_only_the_asked_names_and_environment_are_counted(project):
    make_trace(project, prompt="refund", environment="staging")
    make_trace(project, prompt="other")
    make_trace(make_project(), prompt="refund")

    assert _of(project) == {}
    assert list(_of(project, "refund")) == ["refund"]
    assert _of(project, "refund", environment="production") == {}


def test_versions_are_summed_apart_whenever_they_were_called(project):
    for version, days in ((1, 60), (1, 0), (2, 1), (3, 1)):
        make_trace(project, prompt="refund", version=version, at=_days_ago(days))
    make_trace(project, prompt="other", version=1)

    found = usage_prompts.of_versions(project=project, prompt_name="refund", numbers=[1, 2], now=timezone.now())

    assert {number: usage.call_count for number, usage in found.items()} == {1: 2, 2: 1}


def test_sums_over_every_prompt_are_those_of_the_last_two_weeks(project):
    rate(project, make_trace(project, prompt="refund", cost_usd=0.5))
    make_trace(project, prompt="refund", cost_usd=0.1)
    make_trace(project, prompt="cheap", cost_usd=0.01)
    make_trace(project, prompt="old", at=_days_ago(20), cost_usd=1)
    make_trace(project)
    now = timezone.now()

    assert usage_prompts.call_counts(project=project, now=now) == {"refund": 2, "cheap": 1}
    assert usage_prompts.costs_per_call(project=project, now=now) == pytest.approx({"refund": 0.3, "cheap": 0.01})
    assert usage_prompts.dislikes(project=project, now=now) == {"refund": Rate(1, 1)}
    assert usage_prompts.call_counts(project=project, now=now, environment="staging") == {}


def test_names_that_were_called_since_a_day_are_known(project):
    make_trace(project, prompt="refund", at=_days_ago(5))
    make_trace(project, prompt="old", at=_days_ago(12))
    make_trace(project)

    assert usage_prompts.called_since(project=project, since=_days_ago(10)) == {"refund"}
    assert usage_prompts.called_since(project=project, since=_days_ago(10), environment="staging") == set()
