"""Workers that are killed while they look at calls, and two that do so at once: every call is looked at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.analysis import running
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Span
from projects import jobs
from projects.models import Job, JobState, Project
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.projects.factories import make_project
from webapp.cli.layouts import ROOT

# The workers are processes of their own: they see what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
TRACES, CALLS_EACH, KILLS = 150, 2, 1
WORK = "import django; django.setup(); from workers import tasks; tasks.run_jobs('insight')"


@pytest.fixture
def project() -> Project:
    project = make_project()
    send(project, *(span for number in range(TRACES) for span in make_calls(number)))
    return project


def make_calls(number: int):
    trace_id = new_trace_id()
    answer = f"Parcel {number} is on its way. " * 20
    return [
        make_span(trace_id=trace_id, asked=f"Where is parcel {number} of {part}?", answered=answer)
        for part in range(CALLS_EACH)
    ]


def ask(project: Project, name: str) -> None:
    jobs.add(kind=running.RUN_KIND, dedupe_key=name, project_id=project.pk)


def start_worker() -> subprocess.Popen[bytes]:
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    return subprocess.Popen([sys.executable, "-c", WORK], env=os.environ | {"DATABASE_URL": url}, cwd=ROOT)


def kill_in_the_middle() -> None:
    """End a worker without a warning once it has stored something, and let its lease run out."""
    before = CallAnalysis.objects.count()
    worker, deadline = start_worker(), time.monotonic() + 90
    try:
        while CallAnalysis.objects.count() == before:
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.01)
    finally:
        worker.kill()
        worker.wait()
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=timezone.now())
    jobs.sweep()
    Job.objects.update(run_at=timezone.now())


def looked_at(project: Project) -> dict[tuple[object, int], object]:
    return {(row.trace_id, row.span_id): row.analysed_at for row in CallAnalysis.objects.for_project(project)}


def there(project: Project) -> set[tuple[object, int]]:
    return set(Span.objects.filter(project=project).values_list("trace_id", "span_id"))


def finish() -> None:
    for _ in range(10):
        assert start_worker().wait(120) == 0
        if not Job.objects.exclude(state=JobState.DONE).exists():
            return


def test_a_killed_worker_loses_nothing_and_nothing_is_looked_at_twice(project):
    ask(project, "first")
    for _ in range(KILLS):
        kill_in_the_middle()
    before = looked_at(project)

    finish()

    after = looked_at(project)
    assert 0 < len(before) < TRACES * CALLS_EACH
    assert set(after) == there(project)
    assert {key: after[key] for key in before} == before


def test_two_workers_at_once_look_at_every_call_once(project):
    ask(project, "first")
    ask(project, "second")

    workers = [start_worker(), start_worker()]

    assert [worker.wait(120) for worker in workers] == [0, 0]
    finish()
    assert set(looked_at(project)) == there(project)
    assert not Job.objects.filter(state=JobState.DEAD).exists()
