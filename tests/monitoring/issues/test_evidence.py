"""How sure numbers are."""

from __future__ import annotations

import math
import random

from monitoring.issues import evidence
from monitoring.issues.evidence import Count

LEVEL = 0.04


def drawn(rate: float, *, hours: int, seed: int, calls: int = 40) -> list[Count]:
    chance = random.Random(seed)
    return [Count(calls, sum(chance.random() < rate for _ in range(calls))) for _ in range(hours)]


def test_what_is_usual_is_no_surprise_and_what_is_not_is():
    assert evidence.surprise(Count(200, 8), level=LEVEL) == 1.0
    assert evidence.surprise(Count(200, 40), level=LEVEL) < 1e-9


def test_that_a_problem_is_back_is_seen_long_after_it_was_closed():
    hours = drawn(LEVEL, hours=300, seed=1) + drawn(0.12, hours=12, seed=2)

    assert evidence.log_return(hours[:300], level=LEVEL) < math.log(20)
    assert evidence.log_return(hours, level=LEVEL) >= math.log(20)


def test_looking_every_hour_for_weeks_finds_hardly_anything_back_that_is_not():
    back = 0
    for seed in range(40):
        hours = drawn(LEVEL, hours=24 * 14, seed=seed, calls=10)
        back += any(evidence.log_return(hours[:until], level=LEVEL) >= math.log(20) for until in range(1, 336, 12))

    assert back <= 2


def test_the_alarm_rings_soon_after_a_doubling_and_hardly_ever_without():
    quiet = [
        evidence.rings(drawn(LEVEL, hours=720, seed=seed), level=LEVEL, run_length=90 * 24 * 40) for seed in range(20)
    ]
    doubled = drawn(LEVEL, hours=100, seed=3) + drawn(2 * LEVEL, hours=36, seed=4)

    assert sum(quiet) <= 1
    assert not evidence.rings(doubled[:100], level=LEVEL, run_length=90 * 24 * 40)
    assert evidence.rings(doubled, level=LEVEL, run_length=90 * 24 * 40)


def test_calm_is_told_only_from_calls_that_would_have_shown_the_problem():
    assert evidence.log_calm(Count(5, 0), usual=0.01, raised=0.06) < math.log(20)
    assert evidence.log_calm(Count(300, 2), usual=0.01, raised=0.06) > math.log(1000)
    assert evidence.log_calm(Count(300, 18), usual=0.01, raised=0.06) == 0.0


def test_rates_that_hardly_differ_never_tell_that_it_is_over():
    assert evidence.log_calm(Count(10_000, 0), usual=0.05, raised=0.06) == 0.0
