"""Workers that are killed while they look at calls, and two that do so at once: every call is looked at once."""

from __future__ import annotations

import pytest
from django.conf import settings

from monitoring.analysis import running
from monitoring.analysis.models import CallAnalysis
from monitoring.models import Span
from projects import jobs
from projects.models import Job, JobState, Project
from tests.monitoring.factories import make_span, new_trace_id, send
from tests.projects.factories import make_project
from tests.workers.worker_processes import finish, kill_when, start_worker

# The workers are processes of their own: they see what was committed.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=settings.INSTALLED_APPS)
TRACES, CALLS_EACH = 150, 2


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


def looked_at(project: Project) -> dict[tuple[object, int], object]:
    return {(row.trace_id, row.span_id): row.analysed_at for row in CallAnalysis.objects.for_project(project)}


def there(project: Project) -> set[tuple[object, int]]:
    return set(Span.objects.filter(project=project).values_list("trace_id", "span_id"))


def test_a_killed_worker_loses_nothing_and_nothing_is_looked_at_twice(project):
    ask(project, "first")
    kill_when(CallAnalysis.objects.exists)
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
