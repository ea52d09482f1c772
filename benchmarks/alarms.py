"""`callboard bench alarms`: how often alarms are false, and after how many hours real changes are found.

Simulated streams run through the very code that watches real ones: traffic with a daily cycle, rates that differ by the
hour of the day, and both drift by 10 % up and down within twenty days. Changes begin at ten in the morning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import figures
from benchmarks.figures import Figures
from monitoring.streams import alarms

LEARNED_DAYS, QUIET_DAYS, CHANGED_DAYS = 28, 30, 16
# The change comes on the third day, at ten.
CHANGE_AT = (LEARNED_DAYS + 2) * 24 + 10
_DRIFT, _DRIFT_DAYS, _DAILY_TRAFFIC, _DAILY_RATE = 0.1, 20, 0.8, 0.1
_BUSIEST_HOUR, _WORST_HOUR = 14, 8


@dataclass(frozen=True, slots=True)
class Change:
    """A stream with so many calls an hour, and its rate before and after."""

    calls_an_hour: float
    rate: float
    raised: float


# p95 +30 %: 11.4 instead of 5 of 100 answers are slower than the usual p95 (lognormal).
CHANGES: Mapping[str, Change] = {
    "refusal 2 to 4 %, 200/h": Change(200, 0.02, 0.04), "p95 +30 %, 200/h": Change(200, 0.05, 0.114),
    "refusal 2 to 3 %, 200/h": Change(200, 0.02, 0.03), "refusal 2 to 4 %, 20/h": Change(20, 0.02, 0.04),
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """How many streams of each kind are simulated."""

    streams: int = 1_000
    seed: int = 7


def run(options: Options) -> Figures:
    """Report false alarm-hours in 30 days, and median and p90 of the hours until changes are found."""
    machine = figures.machine()
    kinds = {name: _measured(change, options) for name, change in CHANGES.items()}
    return {"streams": options.streams, "days": QUIET_DAYS, "kinds": kinds, "machine": machine}


def _measured(change: Change, options: Options) -> Figures:
    false_hours = false_alarm_hours(change, streams=options.streams, seed=options.seed)
    delays = delay_hours(change, streams=options.streams, seed=options.seed + 1)
    middle, late = np.quantile(delays, [0.5, 0.9])
    return {
        "false_alarm_hours_in_30_days": round(false_hours, 3),
        "delay_hours_median": _hours(middle), "delay_hours_p90": _hours(late),
        "found": round(float(np.isfinite(delays).mean()), 3),
    }  # fmt: skip


def _hours(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def false_alarm_hours(change: Change, *, streams: int, seed: int) -> float:
    """Return in how many hours of 30 days a stream without a change gives an alarm."""
    calls, bad = _traffic(change, streams, LEARNED_DAYS + QUIET_DAYS, seed, changed_at=None)
    return float(_alarms(change, calls, bad).sum() / streams)


def delay_hours(change: Change, *, streams: int, seed: int) -> NDArray[np.float64]:
    """Return after how many whole hours each change gave an alarm, 0 in the very hour; infinity for those that never did."""
    calls, bad = _traffic(change, streams, LEARNED_DAYS + CHANGED_DAYS, seed, changed_at=CHANGE_AT)
    given = _alarms(change, calls, bad)[:, CHANGE_AT:]
    found: NDArray[np.float64] = np.where(given.any(axis=1), given.argmax(axis=1).astype(float), np.inf)
    return found


def _alarms(change: Change, calls: NDArray[np.int64], bad: NDArray[np.int64]) -> NDArray[np.bool_]:
    streams = len(calls)
    return alarms.watched(
        alarms.no_evidence(streams), calls, bad, first=np.full(streams, LEARNED_DAYS * 24), kept=0,
        limits=np.full(streams, alarms.limit(change.calls_an_hour, 1)),
    ).alarms  # fmt: skip


def _traffic(
    change: Change, streams: int, days: int, seed: int, *, changed_at: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    calls = random.poisson(
        change.calls_an_hour * _daily(hours, _DAILY_TRAFFIC, _BUSIEST_HOUR) * _drift(hours, streams, random)
    )
    rates = change.rate * _daily(hours, _DAILY_RATE, _WORST_HOUR) * _drift(hours, streams, random)
    if changed_at is not None:
        rates[:, changed_at:] *= change.raised / change.rate
    return calls, random.binomial(calls, rates)


def _daily(hours: NDArray[np.int64], strength: float, highest_hour: int) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 + strength * np.cos(2 * np.pi * (hours - highest_hour) / 24)
    return found


def _drift(hours: NDArray[np.int64], streams: int, random: np.random.Generator) -> NDArray[np.float64]:
    begin = random.random((streams, 1))
    found: NDArray[np.float64] = 1 + _DRIFT * np.sin(2 * np.pi * (hours / (24 * _DRIFT_DAYS) + begin))
    return found
