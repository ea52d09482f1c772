"""Tasks may run twice at any time, and one failing job never stops another."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta

import pytest
import yaml
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import connection
from django.utils import timezone

from projects import jobs
from projects.models import Job, JobState
from projects.roles import Role
from prompt_registry import labels, schedules
from tests.monitoring.factories import make_trace
from tests.prompt_registry.factories import chat, make_member, make_project, make_prompt, make_version
from workers import job_kinds, queues, tasks, timetable
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


def test_every_kind_with_a_queue_of_its_own_has_somebody_who_does_it() -> None:
    assert set(queues._QUEUE_OF) <= set(job_kinds.KINDS)


def test_a_process_that_only_rings_loads_no_work_and_no_statistics() -> None:
    ring = "import django; django.setup(); from workers import bell; bell._application(); bell.ring('quick')"
    look = "import sys; print('workers.job_kinds' in sys.modules, 'scipy' in sys.modules)"
    command = [sys.executable, "-c", f"{ring}; {look}"]
    environ = {**os.environ, "REDIS_URL": "redis://127.0.0.1:1/0"}

    said = subprocess.run(command, capture_output=True, text=True, check=True, env=environ).stdout.split()

    assert said[-2:] == ["False", "False"]


def test_each_queue_runs_its_own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setitem(queues._QUEUE_OF, "slow", "evals")
    for kind in ("slow", "quick"):
        monkeypatch.setitem(job_kinds.KINDS, kind, lambda job: done.append(job.kind))
        jobs.add(kind=kind, dedupe_key="1")

    tasks.run_jobs("evals")

    assert done == ["slow"]


def test_slow_jobs_leave_processes_to_the_quick_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBOARD_SLOW_JOBS", "1")
    monkeypatch.setitem(queues._QUEUE_OF, "slow", "evals")
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


def test_what_was_planned_goes_live_when_its_moment_has_come() -> None:
    project = make_project()
    prompt, approver = make_prompt(project), make_member(project, Role.APPROVER)
    schedule = schedules.plan(
        prompt=prompt, version=make_version(prompt), label="production", by=approver, expected_version=0,
        publish_at=timezone.now() + timedelta(minutes=2),
    )  # fmt: skip
    tasks.run_jobs()
    assert not prompt.labels.exists()

    Job.objects.update(run_at=timezone.now())
    tasks.run_jobs()

    schedule.refresh_from_db()
    assert (schedule.state, prompt.labels.get().version.number) == ("published", 1)


def test_a_planned_publish_is_stopped_by_the_name_of_the_application_that_it_would_break() -> None:
    project = make_project()
    prompt, approver = make_prompt(project, name="answer"), make_member(project, Role.APPROVER)
    live = make_version(prompt, chat(("system", "Be kind to {{name}}.")))
    labels.publish(prompt=prompt, version=live, label="production", by=approver)
    make_trace(project, prompt="answer", version=1, attributes={"gen_ai.prompt.variable.name": "Ada"})
    schedule = schedules.plan(
        prompt=prompt, version=make_version(prompt, chat(("system", "Be kind."))), label="production", by=approver,
        expected_version=1, publish_at=timezone.now() + timedelta(minutes=2),
    )  # fmt: skip

    Job.objects.update(run_at=timezone.now())
    tasks.run_jobs()

    schedule.refresh_from_db()
    assert (schedule.state, prompt.labels.get().version) == ("failed", live)
    assert "the application support-api (1 call in 24 hours) still fills it" in schedule.outcome


def test_webhooks_take_one_process_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(job_kinds.KINDS, "hook", lambda job: None)
    monkeypatch.setitem(queues._QUEUE_OF, "hook", "hooks")
    for key in ("1", "2"):
        jobs.add(kind="hook", dedupe_key=key)
    jobs.claim(kinds=["hook"])

    tasks.run_jobs("hooks")

    assert Job.objects.get(dedupe_key="2").state == JobState.READY


def test_a_job_that_takes_too_long_is_given_back_and_ends_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(job: Job) -> None:
        raise SoftTimeLimitExceeded

    monkeypatch.setitem(job_kinds.KINDS, "slow", slow)
    jobs.add(kind="slow", dedupe_key="1")

    with pytest.raises(SoftTimeLimitExceeded):
        tasks.run_jobs()

    assert (Job.objects.get().state, Job.objects.get().last_error) == (
        JobState.READY,
        "It took longer than a job may take.",
    )


def test_the_workers_of_the_compose_file_take_from_every_queue():
    compose = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())

    command = compose["services"]["worker"]["command"]

    assert command[command.index("--queues") + 1].split(",") == list(queues.QUEUES)


def test_whoever_keeps_the_time_knows_the_timetable_and_loads_no_tables():
    code = (
        "import sys, workers.clock as clock; clock.app.loader.init_worker(); clock.app.finalize(); "
        "print(len(clock.app.conf.beat_schedule), 'monitoring.models' in sys.modules, 'workers.tasks' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert said == [str(len(timetable.beat_schedule())), "False", "False"]
