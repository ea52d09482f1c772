"""What is usual for a prompt and model, and which calls are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from monitoring.analysis import baselines, detecting, timing_findings
from monitoring.analysis.baselines import Seen, Usual
from monitoring.analysis.flags import Flag
from monitoring.analysis.settings import DetectorChoice
from monitoring.detectors.catalogue import DETECTORS, shipped_threshold
from tests.monitoring.analysis.factories import look, make_call, make_history
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_project

SHIPPED = {name: DetectorChoice(True, shipped_threshold(name)) for name in DETECTORS}
SECOND = 1_000_000_000


def seen(count: int = 200, *, hour: int = 12, seconds: float = 1.0, tokens: int = 100, cost: int = 1_000) -> list[Seen]:
    return [
        Seen(hour, int(seconds * SECOND * (1 + number % 20 / 100)), int(seconds * SECOND * (1 + number % 20 / 100) / 4), 300,
             tokens + number % 20, cost + number % 20)
        for number in range(count)
    ]  # fmt: skip


def usual(calls: list[Seen]) -> Usual:
    found = baselines.usual(calls)
    assert found is not None
    return found


def make_timed(**fields):
    return make_call(
        output="Yes.", **({"duration_seconds": 1.1, "ttft_seconds": 0.27, "input_tokens": 300, "output_tokens": 100,
        "cost_nano_usd": 1_000, "hour": 12} | fields)
    )  # fmt: skip


def test_an_ordinary_call_is_neither_slow_nor_long_nor_dear():
    assert detecting.look(make_timed(usual=usual(seen())), SHIPPED).flags == Flag(0)


def test_a_call_that_takes_three_times_as_long_is_slow():
    found = detecting.look(make_timed(duration_seconds=3.5, usual=usual(seen())), SHIPPED)

    assert found.flags & Flag.SLOW
    assert found.flags & Flag.SLOWER
    assert found.findings["slow"]["evidence"] == [["output", 0, 0, "took 3.5 times as long as usual"]]


def test_a_call_that_begins_late_is_told_from_one_that_takes_long():
    found = detecting.look(make_timed(ttft_seconds=1.0, usual=usual(seen())), SHIPPED)

    assert found.flags == Flag.LATE_START | Flag.LATER_START


def test_an_answer_of_ten_times_the_length_is_long_winded_and_one_that_costs_more_is_dearer():
    found = detecting.look(make_timed(output_tokens=1_100, cost_nano_usd=11_000, usual=usual(seen())), SHIPPED)

    assert found.flags & (Flag.LONG_WINDED | Flag.DEARER) == Flag.LONG_WINDED | Flag.DEARER


def test_one_call_in_twenty_is_slower_than_the_rest_as_long_as_nothing_changes():
    calls = seen(1_000)
    known = usual(calls)

    slower = sum(
        bool(timing_findings.compared(make_timed(duration_seconds=one.duration_ns / SECOND, usual=known)) & Flag.SLOWER)
        for one in calls
    )

    assert slower <= 60


def test_what_is_slow_at_noon_may_be_usual_in_the_evening():
    calls = [one for hour in range(24) for one in seen(60, hour=hour, seconds=3.0 if hour >= 18 else 1.0)]
    known = usual(calls)

    assert detecting.look(make_timed(duration_seconds=3.3, hour=12, usual=known), SHIPPED).flags & Flag.SLOW
    assert not detecting.look(make_timed(duration_seconds=3.3, hour=20, usual=known), SHIPPED).flags & Flag.SLOW


def test_a_failed_call_is_not_slow_as_well():
    found = detecting.look(
        make_timed(duration_seconds=60.0, has_failed=True, error="timed out", usual=usual(seen())), SHIPPED
    )

    assert not found.flags & Flag.SLOW


def test_too_few_calls_tell_nothing():
    assert baselines.usual(seen(baselines.FEWEST - 1)) is None


@pytest.mark.django_db
def test_calls_of_another_prompt_model_or_project_say_nothing_about_this_one():
    project, now = make_project(), timezone.now()
    until = now - timedelta(hours=8)
    make_history(project, prompt="support", model="one", until=until, version=1)
    look(project)

    known = baselines.at(project_id=project.pk, moment=now)

    assert known.of(prompt_name="support", model="one") is not None
    assert known.of(prompt_name="support", model="two") is None
    assert known.of(prompt_name="other", model="one") is None
    assert baselines.at(project_id=make_project().pk, moment=now).of(prompt_name="support", model="one") is None


@pytest.mark.django_db
def test_what_changed_in_the_newest_hours_is_not_usual_yet():
    project, now = make_project(), timezone.now()
    make_history(project, until=now - timedelta(hours=8), count=100)
    slow = [
        make_span(at=now - timedelta(minutes=3 * number + 1), took_ms=9_000, answered="Yes.") for number in range(60)
    ]
    send(project, *slow)

    found = look(project)

    assert sum(bool(row.flags & Flag.SLOW) for row in found) == 60
    assert sum(bool(row.flags & Flag.SLOWER) for row in found) >= 60


@pytest.mark.django_db
def test_what_is_usual_is_worked_out_once_an_hour(django_assert_num_queries):
    project, noon = make_project(), datetime(2026, 11, 3, 12, 10, tzinfo=UTC)
    baselines.at(project_id=project.pk, moment=noon)

    with django_assert_num_queries(0):
        baselines.at(project_id=project.pk, moment=noon + timedelta(minutes=40))
    with django_assert_num_queries(2):
        baselines.at(project_id=project.pk, moment=noon + timedelta(minutes=50))


@pytest.mark.django_db
def test_only_the_projects_that_were_asked_for_last_are_remembered():
    moment = timezone.now()
    for project_id in range(1, 20):
        baselines.at(project_id=project_id, moment=moment)

    assert len(baselines._cache) == 8
