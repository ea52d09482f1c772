"""The load generator keeps its rate and its budget."""

from __future__ import annotations

import time

from benchmarks.load import Budget, Orders


def orders(**changes: float) -> Orders:
    return Orders(url="http://127.0.0.1:1", key="k", spans_per_request=10, **changes)  # type: ignore[arg-type]


def test_no_more_spans_are_sent_than_ordered() -> None:
    budget = Budget(orders(spans=35))

    assert [budget.take(10) for _ in range(5)] == [True, True, True, False, False]


def test_without_a_number_of_spans_only_the_time_ends_the_load() -> None:
    budget = Budget(orders())

    assert all(budget.take(10) for _ in range(1_000))


def test_requests_come_at_the_rate_that_was_ordered() -> None:
    budget = Budget(orders(spans_per_s=500))
    began = time.monotonic()

    for _ in range(10):
        budget.pace()

    assert 0.19 <= time.monotonic() - began < 1
