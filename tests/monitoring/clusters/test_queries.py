"""What is shown of clusters: sizes always, names and examples only when enough people asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis.models import AnalysisSettings
from monitoring.clusters import queries, running
from monitoring.clusters.models import Cluster
from tests.monitoring.clusters.topics import Topics, ask
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

QUESTIONS = (
    "Where is my parcel?",
    "How do I cancel my order?",
    "My card was charged twice",
    "Reset my password please",
)


@pytest.fixture
def now():
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def project(now):
    project, topics = make_project(), Topics(4)
    for topic, question in enumerate(QUESTIONS):
        people = ("Ann", "Bob") if topic == 3 else ()
        ask(project, topics.about(topic, 80 + topic), at=now, text=question, people=people)
    running.discover(project_id=project.pk, now=now)
    return project


def test_groups_come_with_their_size_their_people_and_examples(project):
    lines = queries.visible(project, with_examples=True)

    parcel = next(line for line in lines if "parcel" in line.name.lower())
    assert 70 <= parcel.calls <= 80
    assert parcel.people == parcel.calls
    assert [example.text for example in parcel.examples] == ["Where is my parcel?"]
    assert sum(line.share for line in lines) == pytest.approx(1)


def test_a_group_of_two_people_has_neither_name_nor_examples(project):
    (hidden,) = [line for line in queries.visible(project, with_examples=True) if line.is_hidden]

    assert (hidden.name, hidden.terms, hidden.examples, hidden.people) == (queries.HIDDEN_NAME, [], [], 2)
    assert queries.name_of(project, cluster_id=hidden.cluster_id) == queries.HIDDEN_NAME


def test_small_groups_are_shown_where_that_is_allowed(project):
    AnalysisSettings.objects.create(project=project, fewest_users=1)

    assert not any(line.is_hidden for line in queries.visible(project))


def test_nothing_of_another_project_is_shown(project):
    other = make_project()
    foreign = Cluster.objects.for_project(project).first()

    assert queries.visible(other, with_examples=True) == []
    assert queries.name_of(other, cluster_id=foreign.pk) == queries.UNNAMED
    assert queries.became(other, cluster_id=foreign.pk) == []
