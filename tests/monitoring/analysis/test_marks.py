"""What people say about findings counts at once, is kept by every new look, and can be taken back."""

from __future__ import annotations

import pytest

from monitoring.analysis import marks, setting_changes
from monitoring.analysis.models import CallAnalysis, FlagMark
from monitoring.errors import MarkRefused
from projects.models import AuditEvent
from tests.monitoring.analysis.found_calls import make_found, names_of
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def project(user):
    return make_project(by=user)


def say(call: CallAnalysis, detector: str, verdict: str, user):
    return marks.mark(
        project=call.project, trace_id=call.trace_id, span_id=call.span_id, start_day=call.start_day, detector=detector,
        verdict=verdict, by=user,
    )  # fmt: skip


def take_back(call: CallAnalysis, detector: str, user) -> bool:
    return marks.unmark(
        project=call.project,
        trace_id=call.trace_id,
        span_id=call.span_id,
        start_day=call.start_day,
        detector=detector,
        by=user,
    )


def test_a_finding_that_is_no_problem_flags_the_call_no_more(project, user):
    call = make_found(project, {"refused": 0.9, "slow": 0.8})

    say(call, "refused", "wrong", user)

    assert names_of(call) == ["slow"]


def test_what_was_missed_flags_the_call(project, user):
    call = make_found(project)

    say(call, "toxic", "missed", user)

    assert names_of(call) == ["toxic"]


def test_a_mark_keeps_what_the_detector_had_said(project, user):
    call = make_found(project, {"refused": 0.9})

    stored = say(call, "refused", "right", user)

    assert (stored.probability, stored.detector_version, stored.marked_by) == (0.9, "1", user)


def test_a_later_mark_takes_the_place_of_the_one_before(project, user):
    call = make_found(project, {"refused": 0.9})
    say(call, "refused", "wrong", user)

    say(call, "refused", "right", user)

    assert FlagMark.objects.get(project=project).verdict == "right"
    assert names_of(call) == ["refused"]


def test_a_mark_that_is_taken_back_gives_the_detector_the_word_again(project, user):
    call = make_found(project, {"refused": 0.99})
    say(call, "refused", "wrong", user)

    assert take_back(call, "refused", user)

    assert names_of(call) == ["refused"]
    assert not FlagMark.objects.filter(project=project).exists()


def test_a_missed_mark_that_is_taken_back_leaves_no_flag(project, user):
    call = make_found(project)
    say(call, "refused", "missed", user)

    take_back(call, "refused", user)

    assert names_of(call) == []


def test_taking_back_goes_by_the_threshold_of_today(project, user):
    call = make_found(project, {"refused": 0.6})
    say(call, "refused", "wrong", user)
    setting_changes.change(project=project, detector="refused", is_enabled=True, threshold=0.95, by=user)

    take_back(call, "refused", user)

    assert names_of(call) == []


def test_there_may_be_nothing_to_take_back(project, user):
    assert not take_back(make_found(project), "refused", user)


def test_marks_and_taking_back_are_in_the_audit_log(project, user):
    call = make_found(project, {"refused": 0.9})
    say(call, "refused", "wrong", user)
    take_back(call, "refused", user)

    events = AuditEvent.objects.filter(project=project, action__startswith="flag.").order_by("pk")

    assert [(event.action, event.subject, event.details) for event in events] == [
        ("flag.marked", f"{call.trace_id.hex} refused", {"verdict": "wrong"}),
        ("flag.unmarked", f"{call.trace_id.hex} refused", {"verdict": "wrong"}),
    ]


def test_a_call_that_nobody_looked_at_yet_can_be_marked(project, user):
    call = make_found(project)
    CallAnalysis.objects.filter(project=project).delete()

    assert say(call, "empty", "missed", user).probability is None


@pytest.mark.parametrize(
    ("detector", "verdict"), [("dearer", "wrong"), ("REFUSED", "wrong"), ("x", "wrong"), ("slow", "maybe")]
)
def test_a_mark_of_something_else_is_refused(project, user, detector, verdict):
    with pytest.raises(MarkRefused):
        say(make_found(project), detector, verdict, user)
