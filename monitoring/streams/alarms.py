"""Raises an alarm when the rate of bad calls of a stream rises: a mixture Shiryaev–Roberts e-detector (METHODS C4).

What is usual follows from the same hours of the days before. All streams are worked out together: row n of every array
is stream n, and its columns are hours that begin at midnight UTC. The same counts always give the same alarms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.streams.rates import Hour

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# How many times the tolerated rate the real one may be, and how much each of them counts. A doubling of what is usual is 1.74
# times what is tolerated: most weight lies there, for that is what must be found within hours.
TIMES = np.array([1.25, 1.5, 1.75, 3.0, 5.0])
WEIGHTS = np.array([0.05, 0.15, 0.65, 0.12, 0.03])
TOLERANCE = 1.15
HOURS = 24
# Days that the usual rate is learned from; twice as many where bad calls are so rare that 14 days say little.
DAYS, MOST_DAYS, ENOUGH_BAD = 14, 28, 2_000
# Below this nothing is usual yet.
FEWEST_DAYS, FEWEST_CALLS = 3, 200
# The rate of all hours counts for the rate of one as much as so many calls, and as so many bad ones.
_PRIOR_CALLS, _PRIOR_BAD = 50.0, 60.0
_MOST_USUAL, _MOST_RATE = 0.9, 0.95
# An alarm that is not repeated for so long is over.
STANDS_HOURS = 48
_QUARTER_HOURS = 90 * HOURS
# Streams that share one allowance of false alarms; more of them make each alarm harder.
_STREAMS_ALLOWED = 20
# Alarms at the very edge of what is tolerated, a quarter and stream, for a stream of one call an hour. Streams with more
# calls know better what is usual: with this power of the calls, simulated ones have fewer than 0.1 false alarms in 30 days.
_WANTED_AT_THE_EDGE, _POWER = 0.275, 0.6


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of the streams: the evidence before the hour `kept`, in which hours alarms were raised, and what was usual."""

    evidence: Floats
    alarms: NDArray[np.bool_]
    usual: Floats


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that stands: since when, and when it was last raised again."""

    raised_at: datetime
    last_at: datetime


def limit(calls_an_hour: float, streams: int) -> float:
    """Return how much evidence raises an alarm: calls in 90 days × streams / wanted alarms."""
    wanted = _WANTED_AT_THE_EDGE * math.pow(max(calls_an_hour, 1.0), _POWER) * _STREAMS_ALLOWED
    return max(calls_an_hour, 1.0) * _QUARTER_HOURS * max(streams, _STREAMS_ALLOWED) / wanted


def usual_rates(calls: Ints, bad: Ints) -> Floats:
    """Return the usual rate of each hour of a day from the days before it; nan where nothing is usual yet.

    Both arrays are streams × days × 24 hours, the newest day last.
    """
    is_rare = bad[:, -DAYS:].sum(axis=(1, 2)) < ENOUGH_BAD
    days = calls.shape[1]
    is_used = np.arange(days)[None, :] >= np.where(is_rare, days - MOST_DAYS, days - DAYS)[:, None]
    by_hour, bad_by_hour = (calls * is_used[:, :, None]).sum(axis=1), (bad * is_used[:, :, None]).sum(axis=1)
    overall = (bad_by_hour.sum(axis=1) + 0.5) / (by_hour.sum(axis=1) + 1.0)
    prior = _PRIOR_CALLS + _PRIOR_BAD / overall
    rates = (_with_neighbours(bad_by_hour) + (prior * overall)[:, None]) / (_with_neighbours(by_hour) + prior[:, None])
    is_known = ((calls.sum(axis=2) > 0).sum(axis=1) >= FEWEST_DAYS) & (by_hour.sum(axis=1) >= FEWEST_CALLS)
    found: Floats = np.where(is_known[:, None], rates, np.nan)
    return found


def _with_neighbours(by_hour: Ints) -> Ints:
    total: Ints = by_hour + np.roll(by_hour, 1, axis=1) + np.roll(by_hour, -1, axis=1)
    return total


def after_hour(evidence: Floats, calls: Ints, bad: Ints, usual: Floats) -> Floats:
    """Return the evidence for each of TIMES after one more hour.

    The order of the calls within the hour is not known: they count as alike, R ← R·cⁿ + c(1 − cⁿ)/(1 − c) with the
    geometric mean c of their factors. By Jensen's inequality that is never more than the mean over all orders.
    """
    tolerated = np.minimum(_MOST_USUAL, TOLERANCE * usual)[:, None]
    raised = np.minimum(_MOST_RATE, TIMES * tolerated)
    n, y = calls[:, None], bad[:, None]
    whole = y * np.log(raised / tolerated) + (n - y) * np.log((1 - raised) / (1 - tolerated))
    one = whole / np.maximum(n, 1)
    # Beyond any limit; the exponential must not overflow.
    whole = np.minimum(whole, 200.0)
    is_flat = np.abs(one) < 1e-12
    begun = np.where(is_flat, n, np.exp(one) * np.expm1(whole) / np.where(is_flat, 1.0, np.expm1(one)))
    is_counted = (n > 0) & np.isfinite(usual)[:, None]
    found: Floats = np.where(is_counted, evidence * np.exp(whole) + begun, evidence)
    return found


def weighed(evidence: Floats) -> Floats:
    """Return what the evidence for each of TIMES says together; an alarm is raised when that reaches the limit."""
    found: Floats = evidence @ WEIGHTS
    return found


def watched(evidence: Floats, calls: Ints, bad: Ints, *, first: Ints, limits: Floats, kept: int) -> Watched:
    """Go on from the evidence through all hours; `first` is the first hour of each stream that is not in it yet.

    The evidence begins anew after an alarm. What is returned of it is as it was before the hour `kept`.
    """
    streams, hours = calls.shape
    days = hours // HOURS
    by_day, bad_by_day = calls.reshape(streams, days, HOURS), bad.reshape(streams, days, HOURS)
    alarms, usual = np.zeros((streams, hours), dtype=bool), np.full((streams, hours), np.nan)
    kept_evidence = evidence
    begin = int(first.min(initial=hours))
    for hour in range(begin, hours):
        day = hour // HOURS
        if hour == begin or hour % HOURS == 0:
            before = slice(max(0, day - MOST_DAYS), day)
            usual[:, day * HOURS : (day + 1) * HOURS] = usual_rates(by_day[:, before], bad_by_day[:, before])
        if hour == kept:
            kept_evidence = evidence
        is_due = first <= hour
        stepped = after_hour(evidence, calls[:, hour], bad[:, hour], usual[:, hour])
        evidence = np.where(is_due[:, None], stepped, evidence)
        alarms[:, hour] = is_due & (weighed(evidence) >= limits)
        evidence = np.where(alarms[:, hour, None], 0.0, evidence)
    return Watched(evidence if kept >= hours else kept_evidence, alarms, usual)


def standing(alarm_hours: Sequence[datetime], *, before: Standing | None = None) -> Standing | None:
    """Return the newest alarm when these hours, in order, gave one each; those near to one another are one alarm."""
    found = before
    for at in alarm_hours:
        goes_on = found is not None and at - found.last_at <= timedelta(hours=STANDS_HOURS)
        found = Standing(found.raised_at if goes_on and found else at, at)
    return found


def is_over(alarm: Standing, *, now: datetime) -> bool:
    """Tell whether an alarm was not raised again for so long that it no longer stands."""
    return now - alarm.last_at > timedelta(hours=STANDS_HOURS + 1)


def of_series(hours: Sequence[Hour], *, until: datetime, streams: int = 1) -> Standing | None:
    """Return the alarm that stands at the end of one series of hours; every hour before `until` that is missing had no call."""
    if not hours:
        return None
    start = hours[0].at.replace(hour=0)
    days = math.ceil((until - start) / timedelta(days=1))
    calls, bad = (
        np.zeros((1, max(days, 1) * HOURS), dtype=np.int64),
        np.zeros((1, max(days, 1) * HOURS), dtype=np.int64),
    )
    for hour in hours:
        place = int((hour.at - start) / timedelta(hours=1))
        calls[0, place], bad[0, place] = hour.calls, hour.bad
    spent = max(1.0, (until - start) / timedelta(hours=1))
    found = watched(
        no_evidence(1), calls, bad, first=np.zeros(1, dtype=np.int64), kept=0,
        limits=np.array([limit(calls.sum() / spent, streams)]),
    )  # fmt: skip
    last = standing([start + timedelta(hours=int(place)) for place in np.flatnonzero(found.alarms[0])])
    return None if last is None or is_over(last, now=until) else last


def no_evidence(streams: int) -> Floats:
    """Return where streams begin that nothing is known of."""
    return np.zeros((streams, len(TIMES)))


def as_state(evidence: Floats, alarm: Standing | None) -> dict[str, Any]:
    """Return what is stored of one stream."""
    found: dict[str, Any] = {"evidence": [float(one) for one in evidence]}
    if alarm is not None:
        found |= {"raised_at": alarm.raised_at.isoformat(), "last_at": alarm.last_at.isoformat()}
    return found


def of_state(state: dict[str, Any]) -> tuple[Floats, Standing | None]:
    """Return the evidence and the alarm of a stored state; those of a stream that begins when it is of another kind."""
    stored = state.get("evidence")
    if not isinstance(stored, list) or len(stored) != len(TIMES):
        return no_evidence(1)[0], None
    alarm = None
    if "raised_at" in state:
        alarm = Standing(datetime.fromisoformat(state["raised_at"]), datetime.fromisoformat(state["last_at"]))
    return np.array(stored, dtype=np.float64), alarm
