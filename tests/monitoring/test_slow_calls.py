"""The calls behind the times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import slow_calls
from monitoring.slow_calls import Wanted
from tests.monitoring.analysis.found_calls import make_found
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def project():
    return make_project()


def wanting(project, **fields):
    now = timezone.now()
    return Wanted(project=project, **({"start": now - HOUR, "end": now + HOUR} | fields))


def texts(calls):
    return [call.text for call in calls]


def test_the_calls_of_a_part_took_more_than_its_least_and_at_most_its_most(project):
    for took in (100, 200, 300, 400):
        make_found(project, took_ms=took, text=f"{took}")

    assert texts(slow_calls.behind(wanting(project, least_ms=100, most_ms=300))) == ["300", "200"]


@pytest.mark.parametrize(
    ("wanted", "span"),
    [
        ({"prompt": "refund"}, {"prompt": "refund"}),
        ({"model": "large"}, {"model": "large"}),
        ({"environment": "staging"}, {"environment": "staging"}),
    ],
)
def test_a_filter_leaves_other_calls_out(project, wanted, span):
    make_found(project, text="this", **span)
    make_found(project, text="other")
    make_found(make_project(), text="of others", **span)

    assert texts(slow_calls.behind(wanting(project, **wanted))) == ["this"]


def test_outliers_are_the_calls_that_were_flagged_the_slowest_first(project):
    make_found(project, {"slow": 0.9}, took_ms=5_000, text="slow")
    make_found(project, {"late_start": 0.9}, took_ms=9_000, text="late")
    make_found(project, {"refused": 0.9}, took_ms=20_000, text="refused")

    assert texts(slow_calls.outliers(wanting(project))) == ["late", "slow"]


def test_the_slowest_calls_need_no_flag(project):
    make_found(project, took_ms=100, text="quick")
    make_found(project, took_ms=3_000, text="long")

    assert texts(slow_calls.slowest(wanting(project))) == ["long", "quick"]


def test_times_are_grouped_by_the_length_of_the_answer(project):
    for tokens, took in ((0, 100), (50, 300), (51, 500), (9_000, 60_000)):
        make_found(project, tokens=(10, tokens), took_ms=took)
    make_found(project, tokens=None, took_ms=77)

    groups = slow_calls.by_answer_length(wanting(project))

    assert [(group.least, group.most, group.call_count, group.answer_ms[0]) for group in groups] == [
        (0, 50, 2, 100.0), (51, 200, 1, 500.0), (2_001, None, 1, 60_000.0),
    ]  # fmt: skip
