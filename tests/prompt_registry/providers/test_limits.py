"""How fast a provider may be asked is learnt from what it says, and shared through Redis."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator

import pytest

from prompt_registry.providers import headroom, limits
from prompt_registry.providers.headroom import Headroom
from prompt_registry.providers.local_limits import LocalLimit


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    limits.forget()
    yield
    limits.forget()


@pytest.fixture
def name() -> str:
    return f"callboard:limit:test:{uuid.uuid4().hex}"


def run(work):
    """Run the work as the provider loop does, and close what it opened."""

    async def whole():
        try:
            return await work()
        finally:
            await limits.close()

    return asyncio.run(whole())


def test_nobody_waits_before_the_provider_refused_anything(name):
    async def work():
        return [await limits.take(name, tokens=100) for _ in range(50)]

    assert run(work) == [0.0] * 50


def test_everybody_waits_as_long_as_the_provider_wants(name):
    async def work():
        await limits.refused(name, retry_after_seconds=20.0)
        return await limits.take(name, tokens=1)

    assert 15.0 < run(work) <= 20.0


def test_a_wish_to_wait_for_hours_is_followed_for_a_minute(name):
    async def work():
        await limits.refused(name, retry_after_seconds=9_000.0)
        return await limits.take(name, tokens=1)

    assert run(work) <= limits.MOST_SECONDS


def test_after_a_refusal_fewer_calls_are_made(name):
    async def work():
        for _ in range(20):
            await limits.take(name, tokens=1)
        await limits.refused(name, retry_after_seconds=0.05)
        await asyncio.sleep(0.1)
        return [await limits.take(name, tokens=1) for _ in range(40)]

    waits = run(work)
    # 20 in the first second were too many: 14 are taken, and the next have to wait.
    assert 10 <= waits.count(0.0) <= 20
    assert waits[-1] > 0


def test_a_few_refusals_without_a_time_are_noise(name):
    async def work():
        for _ in range(20):
            await limits.take(name, tokens=1)
            await limits.answered(name, reserved_tokens=1, tokens=1, headroom=headroom.NOTHING_SAID)
        await limits.refused(name, retry_after_seconds=None)
        return [await limits.take(name, tokens=1) for _ in range(100)]

    assert run(work) == [0.0] * 100


def test_many_refusals_at_once_slow_down_once(name):
    async def work():
        for _ in range(30):
            await limits.take(name, tokens=1)
        for _ in range(10):
            await limits.refused(name, retry_after_seconds=0.01)
        await asyncio.sleep(0.1)
        return [await limits.take(name, tokens=1) for _ in range(40)]

    assert run(work).count(0.0) >= 15


def test_tokens_that_are_used_up_are_waited_for(name):
    async def work():
        said = Headroom(token_limit=6_000, tokens_left=500)
        await limits.answered(name, reserved_tokens=0, tokens=0, headroom=said)
        return await limits.take(name, tokens=400), await limits.take(name, tokens=1_000)

    first, second = run(work)
    assert first == 0.0
    # 900 of 100 a second are beyond the 500 that were left.
    assert 5.0 < second <= 10.0


def test_two_models_do_not_wait_for_each_other(name):
    async def work():
        await limits.refused(name, retry_after_seconds=30.0)
        return await limits.take(f"{name}-other", tokens=1)

    assert run(work) == 0.0


def test_two_processes_share_the_limit(name):
    async def refuse():
        await limits.refused(name, retry_after_seconds=30.0)

    async def take():
        return await limits.take(name, tokens=1)

    run(refuse)
    limits.forget()

    assert run(take) > 10.0


def test_without_redis_it_goes_on_with_what_it_knows_itself(name, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    async def work():
        began = time.monotonic()
        free = [await limits.take(name, tokens=1) for _ in range(20)]
        await limits.refused(name, retry_after_seconds=10.0)
        return free, await limits.take(name, tokens=1), time.monotonic() - began

    free, blocked, took = run(work)
    assert free == [0.0] * 20
    assert 5.0 < blocked <= 10.0
    assert took < 5.0


def test_a_limit_of_ones_own_goes_down_and_slowly_up():
    limit = LocalLimit()
    assert limit.take(now=100.0) == 0.0

    limit.refused(now=100.0, retry_after=0.0)
    low = limit.rate
    limit.refused(now=100.1, retry_after=0.0)
    limit.take(now=151.0)

    assert low == pytest.approx(7.0)
    assert limit.rate == pytest.approx(low * 1.02**5)


def test_a_limit_of_ones_own_makes_callers_wait():
    limit = LocalLimit(rate=2.0, changed=100.0, next_at=100.0)

    waits = [limit.take(now=100.0) for _ in range(4)]

    assert waits[:2] == [0.0, 0.0]
    assert all(wait > 0 for wait in waits[2:])


@pytest.mark.parametrize(
    ("text", "seconds"), [("1s", 1.0), ("120ms", 0.12), ("6m0s", 5.0), ("3.5", 3.5), ("nonsense", 0.0), ("", 0.0)]
)  # fmt: skip
def test_a_reset_is_read_however_it_is_written(text, seconds):
    found = headroom.read({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text})

    assert found.block_seconds == pytest.approx(seconds)


def test_headers_that_make_no_sense_say_nothing():
    headers = {"x-ratelimit-limit-tokens": "-5", "x-ratelimit-remaining-tokens": "many"}

    assert headroom.read(headers) == headroom.NOTHING_SAID
