"""The job that answers trials: what it leaves to another, and how long it may take."""

from __future__ import annotations

import pytest

from projects import jobs
from projects.models import Job, JobState
from prompt_registry import trial_running, trials
from workers import bell, tasks
from workers.timetable import beat_schedule

pytestmark = pytest.mark.django_db


def test_a_turn_that_ends_with_cells_left_asks_for_another(monkeypatch):
    turns = iter([True, False])
    monkeypatch.setattr(trial_running, "run", lambda keep_job: next(turns))
    jobs.add(kind=trials.RUN_KIND, dedupe_key="trial 1 run 1")

    tasks.run_ready("evals")

    assert [job.state for job in Job.objects.order_by("pk")] == [JobState.DONE] * 2


def test_a_job_holds_its_lease_while_answers_are_on_their_way(monkeypatch):
    seen = []

    def run(keep_job) -> bool:
        keep_job()
        seen.append(Job.objects.get().lease_until)
        return False

    monkeypatch.setattr(trial_running, "run", run)
    jobs.add(kind=trials.RUN_KIND, dedupe_key="trial 1 run 1")

    tasks.run_ready("evals")

    assert seen[0] is not None


def test_answers_of_models_have_time_to_come_but_less_than_the_broker_waits(monkeypatch):
    sent = {}
    monkeypatch.setattr(bell._application(), "send_task", lambda name, **options: sent.update(options))
    monkeypatch.setattr(bell, "_silent_until", 0.0)

    bell.ring(trials.RUN_KIND)

    assert trial_running.CLAIM_SECONDS + 120 < sent["soft_time_limit"] < sent["time_limit"] < 300
    entry = beat_schedule()["free silent jobs and run ready ones: evals"]["options"]
    assert (entry["soft_time_limit"], entry["queue"]) == (sent["soft_time_limit"], "evals")


def test_a_task_that_has_taken_long_leaves_the_next_slow_job_to_another(monkeypatch):
    monkeypatch.setattr(tasks, "_SLOW_TURN_SECONDS", 0.0)
    jobs.add(kind=trials.RUN_KIND, dedupe_key="trial 1 run 1")

    tasks.run_ready("evals")

    assert Job.objects.get().state == JobState.READY


def test_old_trials_are_removed_by_the_housekeeping(monkeypatch):
    removed = []
    monkeypatch.setattr(trials, "delete_old", lambda: removed.append(True))

    tasks.tick("housekeeping")

    assert removed
