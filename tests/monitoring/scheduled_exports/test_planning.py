"""Plans: every day once, however long nobody looked and however often somebody does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.scheduled_exports import changes, planning
from monitoring.scheduled_exports.models import ExportRun, ScheduledExport
from projects.models import Job, JobState
from tests.monitoring.scheduled_exports.factories import into_folder, noon

pytestmark = pytest.mark.django_db


def days() -> list[int]:
    """Return how many days before today the planned runs are."""
    starts = ExportRun.objects.order_by("starts_at").values_list("starts_at", flat=True)
    return [(noon().date() - start.date()).days for start in starts]


def test_a_new_export_writes_the_day_before_at_once(project, admin, base):
    into_folder(project, by=admin)

    assert days() == [1]
    assert Job.objects.filter(kind="scheduled_export.run", state=JobState.READY).count() == 1


def test_days_that_were_missed_are_caught_up(project, admin, base):
    into_folder(project, by=admin, now=noon(days_ago=4))

    planning.plan(now=noon())

    assert days() == [5, 4, 3, 2, 1]


def test_planning_twice_plans_once(project, admin, base):
    into_folder(project, by=admin, now=noon(days_ago=2))

    # A day back: what is made now was then never silent for long.
    for _ in range(2):
        planning.plan(now=noon(days_ago=1))

    assert days() == [3, 2]
    assert Job.objects.filter(kind="scheduled_export.run").count() == 2


def test_a_day_that_somebody_asked_for_leaves_no_gap_before_it(project, admin, base):
    scheduled = into_folder(project, by=admin, now=noon(days_ago=3))
    changes.run_now(scheduled=scheduled, by=admin, now=noon())

    planning.plan(now=noon())

    assert days() == [4, 3, 2, 1]


def test_nothing_is_planned_while_an_export_is_paused_and_all_of_it_afterwards(project, admin, base):
    scheduled = into_folder(project, by=admin, now=noon(days_ago=3))
    changes.switch(scheduled=scheduled, on=False, by=admin)
    planning.plan(now=noon())
    assert days() == [4]

    changes.switch(scheduled=scheduled, on=True, by=admin)
    planning.plan(now=noon())

    assert days() == [4, 3, 2, 1]


def test_hours_are_planned_by_the_hour(project, admin, base):
    into_folder(project, by=admin, every="hour", now=noon())

    planning.plan(now=noon() + timedelta(hours=2))

    # Ten minutes after its end an hour counts as over.
    hours = [start.hour for start in ExportRun.objects.order_by("starts_at").values_list("starts_at", flat=True)]
    assert hours == [11, 12]


def test_a_run_whose_job_was_lost_is_asked_for_again(project, admin, base):
    into_folder(project, by=admin)
    Job.objects.all().delete()
    ExportRun.objects.update(touched_at=timezone.now() - timedelta(hours=1))

    planning.plan(now=timezone.now())

    assert Job.objects.filter(kind="scheduled_export.run").count() == 1


def test_a_run_that_is_being_written_is_left_alone(project, admin, base):
    into_folder(project, by=admin, now=noon(days_ago=1))
    Job.objects.all().delete()

    planning.plan(now=noon(days_ago=1))

    assert not Job.objects.filter(kind="scheduled_export.run").exists()
    assert ScheduledExport.objects.get().is_on
