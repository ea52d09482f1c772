"""Since when a rate is higher, how sure that is, and which publish it came with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.streams import change_points
from monitoring.streams.change_points import Publish
from monitoring.streams.rates import Hour

START = datetime(2026, 11, 1, tzinfo=UTC)
RISE = START + timedelta(days=8, hours=14)


def series(rates: np.ndarray, *, seed: int = 5, calls: float = 50) -> list[Hour]:
    random = np.random.default_rng(seed)
    made = random.poisson(calls, len(rates))
    bad = random.binomial(made, rates)
    return [Hour(START + timedelta(hours=n), int(made[n]), int(bad[n])) for n in range(len(rates))]


def raised(before: float, after: float) -> np.ndarray:
    rates = np.full(14 * 24, before)
    rates[int((RISE - START) / timedelta(hours=1)) :] = after
    return rates


def test_the_hour_of_a_rise_is_found_with_the_rates_on_both_sides():
    found = change_points.began(series(raised(0.02, 0.2)))

    assert abs(found.at - RISE) <= timedelta(hours=1)
    assert 0.01 < found.before < 0.03
    assert 0.17 < found.after < 0.23


def test_the_interval_holds_the_true_hour_nearly_always():
    held = 0
    for seed in range(60):
        found = change_points.began(series(raised(0.02, 0.06), seed=seed))
        held += found.earliest_at <= RISE <= found.latest_at

    assert held >= 54


def test_chance_alone_is_no_change():
    claimed = [change_points.began(series(np.full(14 * 24, 0.05), seed=seed)) for seed in range(300)]

    assert sum(found is not None for found in claimed) <= 2


def test_a_daily_cycle_is_no_change():
    cycle = 0.05 * (1 + 0.8 * np.sin(np.arange(14 * 24) * 2 * np.pi / 24))

    assert all(change_points.began(series(cycle, seed=seed)) is None for seed in range(40))


def test_a_fall_is_no_beginning():
    assert change_points.began(series(raised(0.2, 0.02))) is None


def test_too_little_tells_nothing():
    assert change_points.began([]) is None
    assert change_points.began([Hour(START, 100, 50)]) is None
    assert change_points.began([Hour(START, 3, 0), Hour(RISE, 3, 3)]) is None
    assert change_points.began([Hour(START, 30, 30), Hour(RISE, 30, 30)]) is None


def test_a_change_came_with_the_publish_of_its_hour():
    change = change_points.began(series(raised(0.02, 0.2)))
    right = Publish(RISE - timedelta(minutes=10), 11, "production")

    found = change_points.with_publish(
        change, [Publish(START, 10, "production"), right, Publish(RISE + timedelta(days=2), 12)]
    )

    assert found == right


def test_a_change_without_a_publish_near_it_came_with_none():
    change = change_points.began(series(raised(0.02, 0.2)))

    assert change_points.with_publish(change, [Publish(START, 10, "production")]) is None
