from __future__ import annotations

from prompt_registry.providers.breaker import OPEN_SECONDS, Breaker


def failing(times: int) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.failed(now=0.0)
    return breaker


def test_four_failures_in_a_row_pause_nothing():
    assert failing(4).may_call(now=0.0)


def test_five_failures_in_a_row_pause_the_provider():
    assert not failing(5).may_call(now=OPEN_SECONDS - 1)


def test_ten_failures_of_twenty_pause_the_provider():
    breaker = Breaker()
    for _ in range(10):
        assert breaker.may_call(now=0.0)
        breaker.succeeded()
        breaker.failed(now=0.0)

    assert not breaker.may_call(now=0.0)


def test_after_thirty_seconds_one_probe_goes_through():
    breaker = failing(5)

    assert breaker.may_call(now=OPEN_SECONDS)
    assert not breaker.may_call(now=OPEN_SECONDS)


def test_a_good_probe_ends_the_pause():
    breaker = failing(5)
    breaker.may_call(now=OPEN_SECONDS)
    breaker.succeeded()

    assert breaker.may_call(now=OPEN_SECONDS)
    breaker.failed(now=OPEN_SECONDS)
    assert breaker.may_call(now=OPEN_SECONDS)


def test_a_failed_probe_starts_another_pause():
    breaker = failing(5)
    breaker.may_call(now=OPEN_SECONDS)
    breaker.failed(now=OPEN_SECONDS)

    assert not breaker.may_call(now=OPEN_SECONDS + 1)
    assert breaker.may_call(now=2 * OPEN_SECONDS)


def test_a_probe_that_tells_nothing_makes_room_for_another():
    breaker = failing(5)
    breaker.may_call(now=OPEN_SECONDS)
    breaker.gave_up()

    assert breaker.may_call(now=OPEN_SECONDS)
