"""Looking again at calls that were looked at before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis import reruns
from monitoring.analysis.flags import Flag
from monitoring.analysis.models import AnalysisRerun, CallAnalysis, DetectorSetting, FlagMark, RerunState
from monitoring.detectors import catalogue
from monitoring.errors import RerunRefused
from monitoring.models import Span
from projects.models import Job
from projects.roles import Role
from tests.monitoring.analysis.factories import look
from tests.monitoring.factories import make_span, make_trace, send
from tests.prompt_registry.factories import make_member, make_project
from workers import tasks

pytestmark = pytest.mark.django_db
REFUSAL = "I'm sorry, but I can't help with that request."


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def user(project):
    return make_member(project, Role.ADMIN)


def start(project, user, *, days: int = 2, until=None) -> AnalysisRerun:
    now = timezone.now()
    return reruns.start(project=project, since=now - timedelta(days=days), until=until or now, by=user)


def finish(run: AnalysisRerun) -> AnalysisRerun:
    while reruns.step(run_id=run.pk):
        pass
    run.refresh_from_db()
    return run


def only(project) -> CallAnalysis:
    return CallAnalysis.objects.get(project=project)


def mark(row: CallAnalysis, detector: str, verdict: str) -> None:
    FlagMark.objects.create(
        project=row.project,
        trace_id=row.trace_id,
        span_id=row.span_id,
        start_day=row.start_day,
        detector=detector,
        verdict=verdict,
    )


def test_another_threshold_holds_for_old_calls_after_a_new_look(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    DetectorSetting.objects.create(project=project, detector="refused", is_enabled=False)

    run = finish(start(project, user))

    assert only(project).flags == 0
    assert (run.state, run.call_count, run.checked_count, run.changed_count) == (RerunState.DONE, 1, 1, 1)


def test_old_versions_of_detectors_and_embedding_are_replaced(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    CallAnalysis.objects.update(
        detectors_version="old", embedding_version="old", embedding=None, flags=0, findings=None, cluster_id=3
    )
    since, until = timezone.now() - timedelta(days=1), timezone.now()
    before = reruns.outdated(project=project, since=since, until=until)

    finish(start(project, user))

    row = only(project)
    assert row.flags & Flag.REFUSED
    assert row.detectors_version == catalogue.version()
    assert row.embedding is not None
    assert row.cluster_id is None
    assert (before, reruns.outdated(project=project, since=since, until=until)) == (1, 0)


def test_a_call_whose_meaning_did_not_change_stays_in_its_cluster(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    CallAnalysis.objects.update(cluster_id=3)

    finish(start(project, user))

    assert only(project).cluster_id == 3


def test_what_people_said_outlives_a_new_look(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    (row,) = look(project)
    mark(row, "refused", "wrong")
    mark(row, "toxic", "missed")

    finish(start(project, user))

    assert only(project).flags == Flag.TOXIC


def test_calls_outside_of_the_time_range_stay_as_they_are(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL, at=timezone.now() - timedelta(days=3))
    look(project)
    CallAnalysis.objects.update(flags=0)

    run = finish(start(project, user, days=2))

    assert only(project).flags == 0
    assert run.checked_count == 0


def test_one_run_at_a_time(project, user):
    start(project, user)

    with pytest.raises(RerunRefused, match="already"):
        start(project, user)


def test_an_end_before_the_beginning_is_refused(project, user):
    with pytest.raises(RerunRefused):
        start(project, user, until=timezone.now() - timedelta(days=9))


def test_a_stopped_run_goes_no_further(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    CallAnalysis.objects.update(flags=0)
    run = start(project, user)

    assert reruns.stop(project=project, by=user) is True
    assert reruns.step(run_id=run.pk) is False
    assert only(project).flags == 0
    assert reruns.latest(project=project).state == RerunState.STOPPED


def test_a_long_run_goes_on_piece_by_piece_and_looks_at_each_call_once(project, user):
    send(project, *(make_span(asked=f"Question {number}?") for number in range(reruns.PIECE + 5)))
    look(project)
    run = start(project, user)

    assert reruns.step(run_id=run.pk) is True
    run.refresh_from_db()
    assert (run.checked_count, run.percent) == (reruns.PIECE, 95)
    assert finish(run).checked_count == reruns.PIECE + 5


def test_a_call_that_is_gone_is_left_alone(project, user):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    Span.objects.filter(project=project).delete()

    assert finish(start(project, user)).state == RerunState.DONE


def test_the_job_of_a_run_ends_it(project, user, django_capture_on_commit_callbacks):
    make_trace(project, asked="Refund?", answered=REFUSAL)
    look(project)
    CallAnalysis.objects.update(flags=0)
    start(project, user)

    tasks.run_ready("insight")

    assert only(project).flags & Flag.REFUSED
    assert Job.objects.filter(kind=reruns.KIND, state="done").count() == 1
