"""Hours are counted from the calls, as often as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.analysis.models import CallAnalysis, FlagMark, MarkVerdict
from monitoring.clusters.models import ClusteringRun
from monitoring.models import FlagHour
from monitoring.streams import hours
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import Scope
from tests.monitoring.factories import make_trace, rate
from tests.monitoring.streams.factories import look_at
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=3)


@pytest.fixture
def project():
    return make_project()


def series(project, signal: str = "refused", **scope) -> list[Hour]:
    return hours.series(
        project_id=project.pk, scope=Scope(signal, **scope), since=NOON - timedelta(days=1), until=LATER
    )


def recount(project) -> int:
    return hours.recount(project_id=project.pk, since=datetime(2026, 1, 1, tzinfo=UTC))


def test_calls_and_bad_calls_are_counted_by_the_hour(project):
    look_at(
        project,
        [
            {"at": NOON, "bad": ["refused"]},
            {"at": NOON + timedelta(minutes=59)},
            {"at": NOON + timedelta(hours=2), "bad": ["refused", "slow"]},
        ],
    )

    recount(project)

    assert series(project) == [Hour(NOON, 2, 1), Hour(NOON + timedelta(hours=2), 1, 1)]
    assert series(project, "slow") == [Hour(NOON, 2, 0), Hour(NOON + timedelta(hours=2), 1, 1)]


def test_a_scope_counts_only_its_own_calls(project):
    look_at(
        project,
        [
            {
                "at": NOON,
                "cluster_id": 7,
                "prompt_name": "answer",
                "model": "fast",
                "environment": "live",
                "bad": ["refused"],
            },
            {"at": NOON, "cluster_id": 8, "prompt_name": "answer", "model": "fast", "environment": "live"},
            {"at": NOON, "prompt_name": "search", "model": "large"},
        ],
    )

    recount(project)

    assert series(project, cluster_id=7) == [Hour(NOON, 1, 1)]
    assert series(project, prompt_name="answer") == [Hour(NOON, 2, 1)]
    assert series(project, model="large") == [Hour(NOON, 1, 0)]
    assert series(project, environment="live", cluster_id=8) == [Hour(NOON, 1, 0)]


def test_counting_twice_changes_nothing(project):
    look_at(project, [{"at": NOON, "bad": ["refused"]}])
    recount(project)
    before = list(FlagHour.objects.values())

    assert recount(project) == 1
    assert list(FlagHour.objects.values()) == before


def test_a_finding_that_was_taken_back_is_no_longer_counted(project):
    look_at(project, [{"at": NOON, "bad": ["refused"]}])
    recount(project)
    CallAnalysis.objects.filter(project=project).update(flags=0)

    hours.recount_between(project_id=project.pk, since=NOON, until=LATER)

    assert series(project) == [Hour(NOON, 1, 0)]


def test_only_hours_with_something_new_are_counted(project):
    look_at(project, [{"at": NOON, "analysed_at": NOON}])
    look_at(project, [{"at": NOON + timedelta(hours=2), "analysed_at": LATER}])

    assert hours.recount(project_id=project.pk, since=LATER) == 1
    assert [hour.at for hour in series(project)] == [NOON + timedelta(hours=2)]


def test_an_opinion_that_comes_late_is_counted_in_the_hour_of_its_call(project):
    now = datetime.now(tz=UTC)
    trace_id = make_trace(project, at=now - timedelta(hours=30))
    call_at = (now - timedelta(hours=30)).replace(minute=0, second=0, microsecond=0)
    CallAnalysis.objects.create(
        project=project, start_day=call_at.date(), trace_id=trace_id, span_id=1, call_at=call_at, draw=0,
        analysed_at=now - timedelta(hours=29),
    )  # fmt: skip
    hours.recount(project_id=project.pk, since=now - timedelta(days=3))
    rate(project, trace_id)

    hours.recount(project_id=project.pk, since=now - timedelta(minutes=1))

    scope = Scope("disliked")
    found = hours.series(project_id=project.pk, scope=scope, since=now - timedelta(days=3), until=now)
    assert found == [Hour(call_at, 1, 1)]


def test_a_call_that_somebody_marked_is_counted_anew(project):
    now = datetime.now(tz=UTC)
    (trace_id,) = look_at(project, [{"at": NOON, "analysed_at": NOON, "bad": ["refused"]}])
    FlagMark.objects.create(
        project=project,
        trace_id=trace_id,
        span_id=1,
        start_day=NOON.date(),
        detector="refused",
        verdict=MarkVerdict.WRONG,
    )

    assert hours.recount(project_id=project.pk, since=now - timedelta(hours=1)) == 1


def test_all_hours_are_counted_anew_when_calls_moved_to_other_clusters(project):
    now = datetime.now(tz=UTC)
    look_at(project, [{"at": NOON, "analysed_at": NOON}, {"at": NOON + timedelta(hours=2), "analysed_at": NOON}])
    recount(project)
    CallAnalysis.objects.filter(project=project).update(cluster_id=7)
    ClusteringRun.objects.create(project=project, rebuilt_at=now)

    hours.recount(project_id=project.pk, since=now - timedelta(hours=1))

    assert [hour.calls for hour in series(project, cluster_id=7)] == [1, 1]


def test_the_last_two_days_are_counted_again_and_old_hours_forgotten(project):
    look_at(project, [{"at": NOON, "analysed_at": NOON, "bad": ["refused"]}])
    old = NOON - hours.KEPT - timedelta(days=1)
    look_at(project, [{"at": old}])
    hours.recount_between(project_id=project.pk, since=old, until=old + timedelta(hours=1))

    hours.recount_late(project_id=project.pk, now=LATER)

    assert [row.at for row in FlagHour.objects.filter(project=project)] == [NOON]


def test_the_counts_of_another_project_are_left_alone(project):
    other = make_project()
    look_at(other, [{"at": NOON, "bad": ["refused"]}])
    recount(other)

    recount(project)

    assert series(project) == []
    assert series(other) == [Hour(NOON, 1, 1)]
