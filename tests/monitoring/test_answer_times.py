"""How long calls took: over time, as a map, and cut by prompt and model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone

from monitoring import answer_times, usage_latency
from monitoring.answer_times import MOST_COLUMNS, MOST_ROWS, Times
from monitoring.usage_latency import Histogram, bucket_of_ms
from monitoring.usage_reading import Filters
from tests.monitoring.factories import make_trace
from tests.projects.factories import make_project

AT = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def times(*durations_ms, at=AT):
    counts = usage_latency.EMPTY.counts.copy()
    for duration in durations_ms:
        counts[bucket_of_ms(duration)] += 1
    return Times(at=at, answer=Histogram(counts))


def test_every_call_stands_in_the_cell_of_its_time_and_duration():
    heat = answer_times.heat_map([times(100, 100, 8_000), times(900, at=AT + HOUR)], step=HOUR)

    for column, durations in enumerate(((100, 100, 8_000), (900,))):
        for duration in durations:
            (row,) = (
                row for row in range(len(heat.edges_ms) - 1) if heat.edges_ms[row] < duration <= heat.edges_ms[row + 1]
            )
            assert heat.counts[column, row] == durations.count(duration)
    assert (int(heat.counts.sum()), heat.most) == (4, 2)


@pytest.mark.parametrize("durations", [(0.01, 3_000_000), (0.01,), (900,), (1e12,), (1, 1e9)])
def test_the_map_has_few_rows_and_loses_no_call(durations):
    heat = answer_times.heat_map([times(*durations)], step=HOUR)

    assert heat.counts.shape[1] <= MOST_ROWS
    assert int(heat.counts.sum()) == len(durations)
    assert np.all(np.diff(heat.edges_ms) > 0)


def test_a_map_without_calls_is_empty():
    assert answer_times.heat_map([times()], step=HOUR).counts.size == 0


@pytest.mark.django_db
@pytest.mark.parametrize("length", [HOUR, 5 * HOUR, 24 * HOUR, 7 * 24 * HOUR, 90 * 24 * HOUR])
def test_any_time_range_makes_few_columns_that_cover_it(length):
    now = timezone.now()

    found, step = answer_times.over_time(project=make_project(), start=now - length, end=now, filters=Filters())

    assert len(found) <= MOST_COLUMNS + 1
    assert found[0].at <= now - length
    assert found[-1].at < now <= found[-1].at + step


@pytest.mark.django_db
def test_times_to_answer_and_to_the_first_words_are_counted_apart():
    project, now = make_project(), timezone.now()
    make_trace(
        project, took_ms=2_000, prompt="refund", at=now - timedelta(minutes=5),
        attributes={"gen_ai.response.time_to_first_chunk": 0.4},
    )  # fmt: skip
    make_trace(project, took_ms=100, model="small", at=now - timedelta(minutes=5))
    asked = {"project": project, "start": now - HOUR, "end": now, "filters": Filters()}

    (prompt,) = answer_times.by("prompt_name", **asked)
    whole = answer_times.added(answer_times.over_time(**asked)[0])

    assert (prompt.name, prompt.call_count) == ("refund", 1)
    assert prompt.answer_ms(0.5) == pytest.approx(2_000, rel=0.03)
    assert prompt.first_token_ms(0.5) == pytest.approx(400, rel=0.03)
    assert (whole.call_count, whole.first_token.total) == (2, 1)
    assert [model.name for model in answer_times.by("model", **asked)] == ["gpt-5-mini", "small"]
