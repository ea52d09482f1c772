"""What was expected of fixes stands beside what their rollouts showed."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.issues import predictions
from monitoring.issues.fix_models import FixState, IssueFix
from tests.monitoring.issue_factories import make_issue
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db
EXPECTED = {"rate": 0.06, "times": 0.3, "times_low": 0.2, "times_high": 0.5, "items": 80, "known": 1.0}
SHOWN = {
    "before": 0.06,
    "after": 0.024,
    "times_low": 0.25,
    "times_high": 0.7,
    "new_people": 900,
    "version": 2,
    "old_version": 1,
}


def make_fix(project, *, prediction: Any = EXPECTED, verdict: Any = SHOWN) -> IssueFix:
    return IssueFix.objects.create(
        project=project, issue=make_issue(project, model=f"m{IssueFix.objects.count()}"), number=1,
        state=FixState.VERIFIED, prediction=prediction, verdict=verdict,
    )  # fmt: skip


def test_both_sides_are_multiples_of_before():
    (held,) = predictions.of_project(project=make_fix(make_project()).project, limit=10)

    assert (held.expected, held.shown) == (0.3, pytest.approx(0.4))
    assert held.is_as_expected


def test_intervals_that_do_not_meet_are_not_as_expected():
    project = make_project()
    make_fix(project, verdict=SHOWN | {"after": 0.054, "times_low": 0.8, "times_high": None})

    (held,) = predictions.of_project(project=project, limit=10)

    assert not held.is_as_expected
    assert held.shown_high > 1


def test_fixes_without_a_prediction_or_without_people_are_left_out():
    project = make_project()
    make_fix(project, prediction=None)
    make_fix(project, verdict={"why": "at once", "version": 2})
    make_fix(project, verdict=None)
    make_fix(make_project())

    assert predictions.of_project(project=project, limit=10) == []
