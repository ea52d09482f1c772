"""Traces that pass a filter beside the rest of the same time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.exploring import comparing, language
from monitoring.trace_filters import TraceFilter
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def fill(project, count, *, at=None, **fields):
    begin = at or timezone.now() - timedelta(hours=2)
    send(project, *(make_span(at=begin + timedelta(seconds=number), **fields) for number in range(count)))


def compare(project, line="", during=None):
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(days=1), end=now, terms=language.parse(line).terms)
    return comparing.compare(project=project, wanted=wanted, during=during)


def sure(found):
    return {(one.dimension, one.value): (one.share, one.rest_share) for one in found.differences if one.is_sure}


def test_what_is_different_is_found_in_many_dimensions(project):
    pro = {"callboard.metadata.plan": "pro"}
    fill(project, 60, error="Timeout", model="large", prompt="refund", version=13, took_ms=6_000, attributes=pro)
    fill(project, 120, model="small", prompt="refund", version=12)

    found = compare(project, "outcome:error")

    assert (found.chosen_count, found.rest_count, found.is_sample) == (60, 120, False)
    named = sure(found)
    for key in [("model", "large"), ("prompt version", "refund v13"), ("latency", "5s"), ("metadata.plan", "pro")]:
        assert named[key] == (1.0, 0.0)


def test_a_stretch_of_time_is_held_against_the_rest_of_it(project):
    begin = timezone.now() - timedelta(hours=5)
    fill(project, 60, at=begin, model="large")
    fill(project, 120, at=begin + timedelta(hours=3), model="small")

    found = compare(project, during=(begin - timedelta(minutes=1), begin + timedelta(hours=1)))

    assert (found.chosen_count, found.rest_count) == (60, 120)
    assert sure(found)["model", "large"] == (1.0, 0.0)


def test_too_few_traces_have_no_differences(project):
    fill(project, 5, error="Timeout")
    fill(project, 50)

    assert compare(project, "outcome:error").differences == []


def test_other_projects_are_not_compared_with(project):
    fill(project, 40, error="Timeout")
    fill(make_project(), 40)

    assert compare(project, "outcome:error").rest_count == 0
