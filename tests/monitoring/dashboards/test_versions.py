"""What two versions are compared by is what their calls, thumbs and scores say."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import scores
from monitoring.dashboards import versions
from monitoring.dashboards.version_differences import FEWEST_UNITS
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, new_trace_id, rate, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now().replace(minute=0, second=0, microsecond=0)


def talk(project, version, at, people=25, **fields):
    """Let so many people call a version twice each; return the ids of their traces."""
    ids = [new_trace_id() for _ in range(2 * people)]
    send(
        project,
        *(
            make_span(trace_id=one, at=at, prompt="greet", version=version, user=f"user{place % people}", **fields)
            for place, one in enumerate(ids)
        ),
    )
    return ids


def compared(project, now, **more):
    wanted = {"first": 1, "second": 2, "start": now - 12 * HOUR, "end": now + HOUR} | more
    return versions.compare(project=project, prompt_name="greet", **wanted)


def test_calls_thumbs_and_scores_are_those_of_each_version(project, now):
    slow = talk(project, 1, now - HOUR, took_ms=1000, error="timeout", cost_usd=0.001, tokens=(9, 10))
    quick = talk(project, 2, now - HOUR, took_ms=500, cost_usd=0.003, tokens=(9, 30))
    rate(project, slow[0], up=False)
    rate(project, quick[0], up=True)
    for one, value in ((slow[0], 2.0), (quick[0], 4.0)):
        item = {"trace_id": one, "name": "helpful", "data_type": "number", "value": value}
        scores.record(project_id=project.pk, scores=[scores.checked(item, now=timezone.now())])
    look(project)

    found = compared(project, now)

    assert (found.calls, found.units) == ((50, 50), (25, 25))
    means = {name: (one.first.mean, one.second.mean) for name, one in found.differences.items()}
    assert means["failed"] == (1, 0)
    assert [math.exp(one) / 1e6 for one in means["time"]] == [pytest.approx(1000), pytest.approx(500)]
    assert means["cost"] == (pytest.approx(0.001), pytest.approx(0.003))
    assert means["tokens"] == (10, 30)
    assert means["disliked"] == (1, 0)
    assert means["responses"] == (pytest.approx(1 / 50), pytest.approx(1 / 50))
    assert (found.scores["helpful"].first.mean, found.scores["helpful"].second.mean) == (2, 4)
    assert found.differences["failed"].is_sure
    assert found.differences["disliked"].missing_units == FEWEST_UNITS - 1


def test_only_hours_count_in_which_both_were_called(project, now):
    talk(project, 1, now - HOUR)
    talk(project, 2, now - HOUR)
    talk(project, 2, now - 5 * HOUR)
    look(project)

    found = compared(project, now)

    assert found.is_same_time
    assert found.calls == (50, 50)


def test_without_a_common_hour_all_calls_count_and_that_is_said(project, now):
    talk(project, 1, now - 5 * HOUR)
    talk(project, 2, now - HOUR)
    look(project)

    found = compared(project, now)

    assert not found.is_same_time
    assert found.calls == (50, 50)


def test_the_hour_of_the_change_alone_is_too_short_to_compare(project, now):
    talk(project, 1, now - 5 * HOUR)
    talk(project, 1, now - 4 * HOUR, people=2)
    talk(project, 2, now - 4 * HOUR, people=1)
    talk(project, 2, now - HOUR)
    look(project)

    found = compared(project, now)

    assert not found.is_same_time
    assert found.calls == (54, 52)


def test_calls_of_other_environments_and_projects_stay_out(project, now):
    other = make_project()
    talk(other, 1, now - HOUR)
    talk(project, 1, now - HOUR, environment="staging")
    talk(project, 2, now - HOUR, environment="production")
    look(project)
    look(other)

    found = compared(project, now, environment="staging")

    assert found.calls == (50, 0)
