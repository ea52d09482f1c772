"""The map: calls lie around their cluster, at the same place every time, and only in their own project."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from monitoring.analysis.models import AnalysisSettings
from monitoring.clusters import mapping, running
from monitoring.clusters.models import Cluster
from tests.monitoring.clusters.topics import Topics, ask
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def project(now):
    project, topics = make_project(), Topics(6)
    for topic in range(6):
        ask(project, topics.about(topic, 60), at=now, text="Where is my parcel?")
    ask(project, topics.anything(20), at=now, text="A lonely text")
    running.discover(project_id=project.pk, now=now)
    return project


def points_of(project, now, **fields):
    return mapping.points(project_id=project.pk, since=now - timedelta(days=1), **fields)


def test_calls_lie_nearer_to_their_own_cluster_than_to_most_others(project, now):
    places = {row.pk: (row.map_x, row.map_y) for row in Cluster.objects.for_project(project)}

    points = [point for point in points_of(project, now) if point.cluster_id]

    nearest = [
        min(places, key=lambda pk: np.hypot(point.x - places[pk][0], point.y - places[pk][1])) == point.cluster_id
        for point in points
    ]
    assert np.mean(nearest) > 0.8


def test_every_call_has_the_same_place_every_time(project, now):
    assert points_of(project, now) == points_of(project, now)


def test_no_more_points_than_asked_for(project, now):
    assert len(points_of(project, now, limit=50)) == 50


def test_texts_of_groups_of_too_few_people_are_not_on_the_map(project, now):
    AnalysisSettings.objects.create(project=project, fewest_users=1_000)

    assert {point.text for point in points_of(project, now)} == {""}


def test_texts_of_large_groups_are_on_the_map_and_those_of_no_group_are_not(project, now):
    assert {point.text for point in points_of(project, now)} == {"Where is my parcel?", ""}


def test_a_project_without_clusters_has_no_map(now):
    assert points_of(make_project(), now) == []


def test_calls_of_another_project_are_not_on_the_map(project, now):
    other = make_project()
    ask(other, Topics(1).about(0, 5), at=now)

    assert points_of(other, now) == []
    assert len(points_of(project, now)) == 380
