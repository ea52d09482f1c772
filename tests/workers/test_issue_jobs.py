"""Issues are looked at some minutes after new calls, and every hour; asking twice does it once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.issues import cycle
from monitoring.issues.models import IssueCycle
from projects.models import Job, JobState
from tests.monitoring.factories import make_trace
from tests.monitoring.issues.factories import make_issue
from tests.projects.factories import make_project
from workers import issue_jobs, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


def asked(kind: str = cycle.RUN_KIND) -> list[Job]:
    return list(Job.objects.filter(kind=kind).order_by("pk"))


def test_what_is_asked_for_within_minutes_is_done_once_after_them(project):
    issue_jobs.ask(project.pk)
    issue_jobs.ask(project.pk)

    (job,) = asked()
    assert timezone.now() < job.run_at <= timezone.now() + issue_jobs.TOGETHER


def test_new_calls_ask_for_a_look(project):
    IssueCycle.objects.create(project=project, looked_at=timezone.now(), recounted_at=timezone.now())
    make_trace(project, asked="Where is my parcel?")

    tasks.tick("analysis.plan", 60)
    tasks.run_ready("insight")

    assert [job.project_id for job in asked()] == [project.pk]


def test_the_first_calls_of_a_project_are_looked_at_without_waiting(project):
    make_trace(project, asked="Where is my parcel?")

    tasks.tick("analysis.plan", 60)
    tasks.run_ready("insight")

    assert IssueCycle.objects.get().project == project


def test_every_hour_each_project_with_issues_or_calls_is_looked_at(project):
    make_issue(project)
    make_project()

    tasks.tick("issues.plan")
    tasks.run_ready("insight")

    assert [job.state for job in asked()] == [JobState.DONE]
    assert IssueCycle.objects.get().project == project


def test_a_look_may_be_done_twice(project):
    make_issue(project)
    cycle.run(project_id=project.pk, now=timezone.now())
    cycle.run(project_id=project.pk, now=timezone.now() + timedelta(minutes=1))

    assert IssueCycle.objects.count() == 1
