from __future__ import annotations

from datetime import timedelta

import pytest

from projects import webhook_retries


def waits(roll: float) -> list[timedelta | None]:
    return [webhook_retries.wait(tries=tries, status=500, roll=roll) for tries in range(1, 9)]


def test_there_are_eight_tries_within_a_day():
    *between, after_the_last = waits(0.0)

    assert len(between) == 7
    assert after_the_last is None
    assert timedelta(hours=20) < sum(between, timedelta()) <= timedelta(hours=24)


def test_every_wait_is_longer_than_the_one_before():
    between = waits(0.0)[:-1]

    assert between == sorted(between)
    assert between[0] == timedelta(seconds=10)


def test_waits_are_spread_but_never_beyond_a_day_and_a_bit():
    shortest, longest = waits(0.0)[:-1], waits(0.999)[:-1]

    assert all(one < other for one, other in zip(shortest, longest, strict=True))
    assert sum(longest, timedelta()) < timedelta(hours=25)


@pytest.mark.parametrize("tries", [1, 5])
def test_an_address_that_is_gone_is_not_tried_again(tries):
    assert webhook_retries.wait(tries=tries, status=410, roll=0.0) is None
