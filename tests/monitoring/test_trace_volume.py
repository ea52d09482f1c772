from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from monitoring import trace_volume
from monitoring.kinds import Kind
from monitoring.trace_filters import TraceFilter
from monitoring.trace_volume import TookTooLong
from tests.monitoring.factories import make_span, make_trace, send
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def volume(project, **fields):
    now = timezone.now()
    wanted = TraceFilter(start=now - timedelta(hours=24), end=now, **fields)
    return trace_volume.volume(project=project, wanted=wanted)


def hours_ago(hours):
    return timezone.now() - timedelta(hours=hours)


@pytest.mark.parametrize("fields", [{}, {"environment": "production"}, {"user": "ann"}, {"text": "money"}])
def test_traces_are_counted_per_bucket(project, fields):
    for hours in (1, 1, 5):
        make_trace(project, at=hours_ago(hours), user="ann", asked="my money")
    make_trace(project, at=hours_ago(40), user="ann", asked="my money")

    found = volume(project, **fields)

    assert sum(count for _, count in found) == 3
    assert sorted(count for _, count in found)[-2:] == [1, 2]
    assert len(found) == 25


def test_a_trace_of_many_steps_counts_once(project):
    root = make_span(kind=Kind.AGENT)
    send(project, root, *(make_span(trace_id=root.trace_id.hex(), parent_id=root.span_id.hex()) for _ in range(3)))

    assert sum(count for _, count in volume(project)) == 1
    assert sum(count for _, count in volume(project, environment="staging")) == 0


def test_counting_stops_when_it_takes_too_long_and_leaves_the_connection_usable(project):
    with pytest.raises(TookTooLong), trace_volume.at_most(1), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")

    assert volume(project)


def test_the_limit_ends_with_the_counting(project):
    volume(project, user="ann")

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
