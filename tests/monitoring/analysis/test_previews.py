"""What another threshold would change is told before it is saved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.analysis import marks, previews
from tests.monitoring.analysis.found_calls import make_found
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def project(user):
    return make_project(by=user)


def preview(project, threshold, detector="refused"):
    return previews.preview(project=project, detector=detector, threshold=threshold, now=timezone.now())


def test_a_lower_threshold_flags_what_was_nearly_flagged(project):
    for probability in (0.9, 0.45, 0.3):
        make_found(project, {"refused": probability}, asked=f"Question {probability}")
    make_found(project, {"slow": 0.4})

    found = preview(project, 0.4)

    assert (found.flagged_now, found.flagged_then, found.more, found.fewer, found.call_count) == (1, 2, 1, 0, 4)
    assert [(one.text, one.would_be_flagged) for one in found.examples] == [("Question 0.45", True)]


def test_a_higher_threshold_flags_less(project):
    for probability in (0.9, 0.6):
        make_found(project, {"refused": probability})

    found = preview(project, 0.7)

    assert (found.flagged_then, found.more, found.fewer) == (1, 0, 1)


def test_calls_that_people_marked_are_not_counted(project, user):
    call = make_found(project, {"refused": 0.45})
    marks.mark(
        project=project, trace_id=call.trace_id, span_id=call.span_id, start_day=call.start_day, detector="refused",
        verdict="wrong", by=user,
    )  # fmt: skip

    assert preview(project, 0.4).more == 0


def test_older_calls_and_those_of_other_projects_are_left_out(project):
    make_found(project, {"refused": 0.45}, at=timezone.now() - timedelta(days=8))
    make_found(make_project(), {"refused": 0.45})

    assert preview(project, 0.4).more == 0


def test_five_examples_are_enough_and_the_clearest_come_first(project):
    for tenth in range(7):
        make_found(project, {"refused": 0.41 + tenth / 100}, asked=f"Question {tenth}")

    found = preview(project, 0.3)

    assert [one.text for one in found.examples] == [f"Question {tenth}" for tenth in (6, 5, 4, 3, 2)]


@pytest.mark.parametrize(("threshold", "is_unknown"), [(0.1, True), (0.2, False)])
def test_below_what_is_stored_nothing_is_known(project, threshold, is_unknown):
    assert preview(project, threshold).is_unknown_below is is_unknown
