"""When it is time: the first look at three hundred texts, then hourly, daily and weekly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis.flags import Flag
from monitoring.clusters import planning, running
from monitoring.clusters.models import ClusteringRun
from monitoring.clusters.planning import Due
from projects import jobs
from tests.monitoring.clusters.topics import Topics, ask
from tests.projects.factories import make_project
from workers import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def now():
    return timezone.now() - timedelta(hours=1)


def fill(project, now, *, each=70):
    topics = Topics(5)
    for topic in range(5):
        ask(project, topics.about(topic, each), at=now)
    return topics


def test_the_first_look_is_due_as_soon_as_three_hundred_texts_are_there(project, now):
    fill(project, now, each=59)
    assert planning.due(now=now) == []

    ask(project, Topics(1).about(0, 5), at=now)

    assert planning.due(now=now) == [Due(project.pk, running.DISCOVER_KIND)]


def test_after_an_hour_calls_with_something_wrong_are_looked_at(project, now):
    topics = fill(project, now)
    running.discover(project_id=project.pk, now=now)
    ask(project, topics.anything(20), at=now, flags=int(Flag.FAILED))

    assert planning.due(now=now + timedelta(minutes=50)) == []
    assert planning.due(now=now + timedelta(minutes=70)) == [Due(project.pk, running.DISCOVER_KIND, only_flagged=True)]


def test_after_a_day_all_calls_are_looked_at_and_after_a_week_everything_is_grouped_anew(project, now):
    fill(project, now)
    running.discover(project_id=project.pk, now=now)

    assert planning.due(now=now + timedelta(hours=24)) == [Due(project.pk, running.DISCOVER_KIND)]
    assert planning.due(now=now + timedelta(days=7)) == [Due(project.pk, running.REBUILD_KIND)]


def test_a_tick_of_the_clock_leads_to_clusters(project, now):
    fill(project, now)
    jobs.add(kind=running.PLAN_KIND, dedupe_key="a tick")

    tasks.run_ready()
    tasks.run_ready("insight")

    assert ClusteringRun.objects.get(project=project).numbers["new"] == 5
