"""Tasks may run twice at any time, and one failing job never stops another."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from projects import jobs
from projects.models import Job, JobState
from workers import job_kinds, tasks
from workers.app import app
from workers.timetable import beat_schedule

pytestmark = pytest.mark.django_db


def test_a_tick_that_rings_twice_does_the_work_once() -> None:
    tasks.tick("partitions.ensure")
    tasks.tick("partitions.ensure")

    assert [job.state for job in Job.objects.all()] == [JobState.DONE]


def test_the_partitions_of_the_next_two_weeks_exist_after_the_tick() -> None:
    tasks.tick("partitions.ensure")

    with connection.cursor() as cursor:
        for ahead in (0, 14):
            cursor.execute("SELECT to_regclass(%s)", [f"span_{date.today() + timedelta(days=ahead):%Y%m%d}"])  # noqa: DTZ011 - the server runs in UTC
            assert cursor.fetchone()[0] is not None


def test_housekeeping_runs_on_an_empty_installation() -> None:
    tasks.tick("housekeeping")

    assert Job.objects.get().state == JobState.DONE


def test_a_failing_job_is_given_back_and_the_next_one_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def work(job: Job) -> None:
        if job.dedupe_key == "bad":
            raise RuntimeError("broken")
        done.append(job.dedupe_key)

    monkeypatch.setitem(job_kinds.KINDS, "test", work)
    jobs.add(kind="test", dedupe_key="bad")
    jobs.add(kind="test", dedupe_key="good")

    tasks.run_jobs()

    assert done == ["good"]
    assert Job.objects.get(dedupe_key="bad").last_error == "RuntimeError: broken"


def test_every_entry_of_the_timetable_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()

    for entry in beat_schedule().values():
        assert entry["task"] in app.tasks


def test_every_scheduled_kind_has_somebody_who_does_it() -> None:
    kinds = {entry["args"][0] for entry in beat_schedule().values() if entry["task"] == "workers.tasks.tick"}

    assert kinds <= set(job_kinds.KINDS)


def test_each_queue_runs_its_own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setitem(job_kinds._QUEUE_OF, "slow", "evals")
    for kind in ("slow", "quick"):
        monkeypatch.setitem(job_kinds.KINDS, kind, lambda job: done.append(job.kind))
        jobs.add(kind=kind, dedupe_key="1")

    tasks.run_jobs("evals")

    assert done == ["slow"]


def test_slow_jobs_leave_processes_to_the_quick_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_SLOW_JOBS", "1")
    monkeypatch.setitem(job_kinds._QUEUE_OF, "slow", "evals")
    for kind in ("slow", "quick"):
        monkeypatch.setitem(job_kinds.KINDS, kind, lambda job: None)
        for key in ("1", "2"):
            jobs.add(kind=kind, dedupe_key=key)
    jobs.claim(kinds=["slow"])

    tasks.run_jobs("evals")
    tasks.run_jobs()

    assert set(Job.objects.values_list("kind", "dedupe_key", "state")) == {
        ("slow", "1", JobState.RUNNING), ("slow", "2", JobState.READY),
        ("quick", "1", JobState.DONE), ("quick", "2", JobState.DONE),
    }  # fmt: skip
