"""Pumps are jobs: one runs at a time unless more are wanted, and one that is missing is started by the sweep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.experiments import changes
from evals.experiments.models import ExperimentState
from projects.models import Job, JobState
from tests.evals.experiments.conftest import (  # noqa: F401 - fixtures
    _quick_pumps,
    connection,
    dataset,
    editor,
    make_plan,
    project,
    provider,
    start,
)
from workers import experiment_jobs, queues, tasks

pytestmark = pytest.mark.django_db


def test_a_job_runs_experiments_to_their_end(start):  # noqa: F811
    experiment = start(2)

    tasks.run_ready("evals")

    experiment.refresh_from_db()
    assert experiment.state == ExperimentState.DONE
    assert set(Job.objects.filter(kind=changes.RUN_KIND).values_list("state", flat=True)) == {JobState.DONE}


def test_experiments_have_the_queue_for_slow_work():
    assert queues.queue_of(changes.RUN_KIND) == "evals"


def test_a_missing_pump_is_started_by_the_sweep(start):  # noqa: F811
    start(1)
    Job.objects.filter(kind=changes.RUN_KIND).delete()

    experiment_jobs.ensure()
    experiment_jobs.ensure()

    assert Job.objects.filter(kind=changes.RUN_KIND, state=JobState.READY).count() == 1


def test_no_pump_is_started_for_nothing(start, editor):  # noqa: F811
    changes.pause(experiment=start(1), by=editor)
    Job.objects.filter(kind=changes.RUN_KIND).delete()

    experiment_jobs.ensure()

    assert not Job.objects.filter(kind=changes.RUN_KIND).exists()


def test_a_second_pump_leaves_the_work_to_the_first(start, provider):  # noqa: F811
    start(1)
    Job.objects.create(
        kind=changes.RUN_KIND, dedupe_key="elsewhere", state=JobState.RUNNING,
        lease_until=timezone.now() + timedelta(seconds=20),
    )  # fmt: skip

    tasks.run_ready("evals")

    assert provider.requests == []


def test_several_pumps_run_when_that_is_wanted(start, monkeypatch):  # noqa: F811
    monkeypatch.setenv("CALLBOARD_EXPERIMENT_PUMPS", "3")
    start(1)

    experiment_jobs.ensure()

    assert Job.objects.filter(kind=changes.RUN_KIND, state=JobState.READY).count() == 3


def test_a_pump_that_failed_does_not_keep_others_waiting(start):  # noqa: F811
    start(1)
    later = timezone.now() + timedelta(minutes=5)
    Job.objects.filter(kind=changes.RUN_KIND).update(run_at=later)

    experiment_jobs.ensure()

    assert Job.objects.filter(kind=changes.RUN_KIND, run_at__lt=later).count() == 1
