"""Decides how an issue stands and what happens to it next, from its calls by the hour. Pure: the clock is the caller's.

- Quiet: the calls of the last day speak twenty times more for the usual rate than for the rate of the issue.
- Resolved: since it was opened, or opened again, those of the last two, three or seven days speak a thousand times more for the
  usual rate, that is: the issue would have shown by now; or there was no bad call for fourteen days. Only issues that nobody
  works on are resolved like this.
- Regressed: since it was closed, twenty times more speaks for a higher rate than at closing, from whatever hour on.
- Escalating: the alarm over its bad rate rings, against the level at which it was opened or last escalated.
- Growing: the same alarm over the share of the project's calls that are its own.
- A mute ends on its day; one without a day ends when the issue escalates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitoring.issues import evidence
from monitoring.issues.evidence import Count
from monitoring.issues.models import CLOSED, NEEDS_ATTENTION, IssueState, Trend
from monitoring.streams.rates import Hour

NEW_FOR, SHOWN_FOR, FORGOTTEN_AFTER = timedelta(days=7), timedelta(days=3), timedelta(days=14)
_QUIET, _RESOLVED, _RETURNED = math.log(20), math.log(1000), math.log(20)
_QUIET_AFTER = timedelta(hours=24)
_RESOLVED_AFTER = (timedelta(days=2), timedelta(days=3), timedelta(days=7))
_FEWEST_BAD = 5
_ALARM_DAYS = 90


@dataclass(frozen=True, slots=True)
class Level:
    """A rate that later calls are compared with, and from when on."""

    rate: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the rules look at, beside the calls."""

    state: str
    state_at: datetime
    opened_at: datetime
    began_at: datetime
    usual_rate: float
    rate_level: Level
    share_level: Level
    muted_until: datetime | None = None
    unmuted_state: str = IssueState.OPEN
    closed_level: Level | None = None
    escalated_at: datetime | None = None
    grew_at: datetime | None = None
    last_bad_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What happens now: the new state and trend, what to write down about it, and new levels when an alarm rang."""

    state: str
    trend: str
    # Each with the numbers it rests on.
    happened: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rate_level: Level | None = None
    share_level: Level | None = None


def decide(standing: Standing, hours: Sequence[Hour], share: Sequence[Hour], *, now: datetime) -> Step:
    """Return the next step; `share` has the calls of the project, and as bad ones those of the issue."""
    if standing.state in CLOSED:
        return _closed(standing, hours, now)
    escalated = _rang(hours, standing.rate_level)
    grew = _rang(share, standing.share_level)
    happened: dict[str, Mapping[str, Any]] = {}
    if escalated:
        happened["escalated"] = _numbers(hours, standing.rate_level)
    if grew:
        happened["grew"] = _numbers(share, standing.share_level)
    calm = _calm(standing, hours, now)
    state = _state(standing, bool(escalated), calm, now, happened)
    return Step(
        state, _trend(standing, escalated, grew, calm.is_quiet, now), happened,
        rate_level=_raised(hours, standing.rate_level, now) if escalated else None,
        share_level=_raised(share, standing.share_level, now) if grew else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Calm:
    is_quiet: bool = False
    gone: Mapping[str, Any] | None = None


def _closed(standing: Standing, hours: Sequence[Hour], now: datetime) -> Step:
    level = standing.closed_level
    since = [hour for hour in hours if level is not None and hour.at >= level.at]
    if level is None or sum(hour.bad for hour in since) < _FEWEST_BAD:
        return Step(standing.state, Trend.QUIET)
    speaks = evidence.log_return(_counts(since), level=level.rate)
    if speaks < _RETURNED:
        return Step(standing.state, Trend.QUIET)
    numbers = _numbers(since, level) | {"evidence": _times(speaks)}
    return Step(IssueState.REGRESSED, Trend.NEW, {"regressed": numbers}, rate_level=_raised(since, level, now))


def _state(
    standing: Standing, is_worse: bool, calm: _Calm, now: datetime, happened: dict[str, Mapping[str, Any]]
) -> str:  # fmt: skip
    if standing.state == IssueState.MUTED:
        until = standing.muted_until
        is_over = is_worse if until is None else now >= until
        if is_over:
            happened["unmuted"] = {"until": until.isoformat() if until else None}
        return standing.unmuted_state if is_over else standing.state
    if standing.state in NEEDS_ATTENTION and calm.gone is not None:
        happened["resolved"] = calm.gone
        return IssueState.RESOLVED
    return standing.state


def _trend(standing: Standing, escalated: bool, grew: bool, is_quiet: bool, now: datetime) -> str:
    if is_quiet:
        return Trend.QUIET
    if escalated or _lately(standing.escalated_at, now):
        return Trend.ESCALATING
    if grew or _lately(standing.grew_at, now):
        return Trend.GROWING
    return Trend.NEW if now - standing.opened_at < NEW_FOR else Trend.ONGOING


def _calm(standing: Standing, hours: Sequence[Hour], now: datetime) -> _Calm:
    last = standing.last_bad_at
    if last is not None and now - max(last, standing.state_at) >= FORGOTTEN_AFTER:
        return _Calm(True, {"last_bad_at": last.isoformat()})
    is_quiet = _speaks_for_usual(standing, hours, now - _QUIET_AFTER) >= _QUIET
    for after in _RESOLVED_AFTER:
        speaks = _speaks_for_usual(standing, hours, now - after)
        if speaks >= _RESOLVED and now - after >= standing.state_at:
            lately = _sum(hour for hour in hours if hour.at >= now - after)
            numbers = {"calls": lately.calls, "bad": lately.bad, "rate": lately.rate, "evidence": _times(speaks)}
            return _Calm(is_quiet, numbers | {"since": (now - after).isoformat(), "usual_rate": standing.usual_rate})
    return _Calm(is_quiet)


def _speaks_for_usual(standing: Standing, hours: Sequence[Hour], since: datetime) -> float:
    before = _sum(hour for hour in hours if standing.began_at <= hour.at < since)
    lately = _sum(hour for hour in hours if hour.at >= since)
    if before.bad < _FEWEST_BAD or not lately.calls:
        return 0.0
    return evidence.log_calm(lately, usual=standing.usual_rate, raised=before.rate)


def _rang(hours: Sequence[Hour], level: Level) -> bool:
    since = [hour for hour in hours if hour.at >= level.at]
    if not since or level.rate >= 0.9:
        return False
    length = max(timedelta(hours=1), since[-1].at - since[0].at + timedelta(hours=1))
    wanted = sum(hour.calls for hour in since) * (timedelta(days=_ALARM_DAYS) / length)
    return evidence.rings(_counts(since), level=level.rate, run_length=wanted)


def _raised(hours: Sequence[Hour], level: Level, now: datetime) -> Level:
    """Return the level after an alarm: that of the last day, which no later call need be compared with less."""
    lately = _sum(hour for hour in hours if hour.at >= max(level.at, now - timedelta(days=1)))
    return Level(max(level.rate, lately.interval[1]), now)


def _lately(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < SHOWN_FOR


def _numbers(hours: Sequence[Hour], level: Level) -> dict[str, Any]:
    since = _sum(hour for hour in hours if hour.at >= level.at)
    return {
        "calls": since.calls, "bad": since.bad, "rate": since.rate, "level": level.rate, "since": level.at.isoformat(),
    }  # fmt: skip


def _counts(hours: Sequence[Hour]) -> list[Count]:
    return [Count(hour.calls, hour.bad) for hour in hours]


def _sum(hours: Any) -> Count:
    some = list(hours)
    return Count(sum(hour.calls for hour in some), sum(hour.bad for hour in some))


def _times(log: float) -> float:
    return round(math.exp(min(log, 46.0)), 1)
