"""Decides what an alert does next. The tick and the preview of the past both play readings through `play`, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitoring.alerts.rules import Direction, Kind, News, Phase, Reading, Rule

# What fires and then has too few calls to judge is over after so long: nobody could say whether it still holds.
UNSURE_FOR = timedelta(hours=24)
_MOMENTS = ("since", "clear_since", "unsure_since", "told_at", "period")


@dataclass(frozen=True, slots=True)
class State:
    """Where an alert stands between two readings; everything that the next decision needs."""

    phase: Phase = Phase.OK
    since: datetime | None = None
    clear_since: datetime | None = None
    unsure_since: datetime | None = None
    told_at: datetime | None = None
    # How often it fired; each time has its number.
    incident: int = 0
    # Whether people know of the present incident, and whether they still have to hear of the end of the last one.
    is_told: bool = False
    owes_end: bool = False
    # Of a budget: how many of its shares were passed in this period, and how many of them were told.
    level: int = 0
    told_level: int = 0
    period: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the state as the database keeps it."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> State:
        """Return the state that was kept; nothing kept is the beginning."""
        values = {name: value for name, value in stored.items() if name in cls.__slots__}
        moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS if values.get(name)}
        return cls(**values | moments | {"phase": Phase(values.get("phase", Phase.OK))})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an alert; what happens while nobody is to be disturbed is kept and not sent."""

    news: News
    at: datetime
    reading: Reading
    incident: int
    level: int = 0
    is_sent: bool = True

    @property
    def key(self) -> str:
        """What tells it from every other event of the alert, however often it is worked out."""
        return f"{self.incident} {self.news} {self.at.isoformat()}"


def play(
    rule: Rule, readings: Iterable[Reading], *, state: State | None = None, muted_until: datetime | None = None
) -> tuple[State, list[Event]]:
    """Return where the alert stands after the readings, in the order of time, and what happened on the way."""
    now, found = state or State(), list[Event]()
    for reading in readings:
        is_hushed = rule.is_quiet(reading.at) or (muted_until is not None and reading.at < muted_until)
        now, events = decide(rule, now, reading, is_hushed=is_hushed)
        found += events
    return now, found


def decide(rule: Rule, state: State, reading: Reading, *, is_hushed: bool = False) -> tuple[State, list[Event]]:
    """Return the state after one reading, and what is to be told."""
    if rule.kind == Kind.BUDGET:
        return _budget(rule, state, reading, is_hushed)
    is_bad = is_breached(rule, reading)
    if is_bad is None:
        return _unsure(state, reading, is_hushed)
    return _bad(rule, state, reading, is_hushed) if is_bad else _good(rule, state, reading, is_hushed)


def is_breached(rule: Rule, reading: Reading) -> bool | None:
    """Tell whether the reading is beyond the limit; None when that cannot be told."""
    limit = limit_at(rule, reading)
    if reading.value is None or limit is None or not reading.is_enough:
        return None
    is_below = rule.kind == Kind.SILENCE or rule.direction == Direction.BELOW
    return reading.value < limit if is_below else reading.value > limit


def limit_at(rule: Rule, reading: Reading) -> float | None:
    """Return the value beyond which the reading is bad; None when nothing usual is known."""
    if rule.kind == Kind.SILENCE:
        # No call at all is less than half a call.
        return 0.5
    if rule.kind != Kind.CHANGE:
        return rule.limit
    if reading.usual is None:
        return None
    return reading.usual * (1 + rule.limit if rule.direction == Direction.ABOVE else max(0.0, 1 - rule.limit))


def _bad(rule: Rule, state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    state = replace(state, clear_since=None, unsure_since=None)
    if state.phase == Phase.OK:
        state = replace(state, phase=Phase.PENDING, since=reading.at)
    if state.phase == Phase.PENDING:
        return _fire(state, reading, is_hushed) if _lasted(state.since, reading, rule.pending) else (state, [])
    is_due = rule.remind is not None and _lasted(state.told_at, reading, rule.remind)
    if is_hushed or (state.is_told and not is_due):
        return state, []
    event = Event(News.REMINDED, reading.at, reading, state.incident)
    return replace(state, is_told=True, told_at=reading.at), [event]


def _fire(state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    fired = replace(
        state, phase=Phase.FIRING, since=reading.at, incident=state.incident + 1, is_told=not is_hushed, owes_end=False,
        told_at=None if is_hushed else reading.at,
    )  # fmt: skip
    return fired, [Event(News.FIRED, reading.at, reading, fired.incident, is_sent=not is_hushed)]


def _good(rule: Rule, state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    state = replace(state, unsure_since=None)
    if state.phase == Phase.FIRING:
        state = replace(state, clear_since=state.clear_since or reading.at)
        if not _lasted(state.clear_since, reading, rule.recovery):
            return state, []
        return _recover(state, reading, is_hushed)
    if state.phase == Phase.PENDING:
        state = replace(state, phase=Phase.OK, since=reading.at)
    return _catch_up(state, reading, is_hushed)


def _unsure(state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    if state.phase == Phase.PENDING:
        # What lasts must be seen to last: a gap begins it anew.
        state = replace(state, phase=Phase.OK, since=reading.at)
    if state.phase == Phase.OK:
        return _catch_up(state, reading, is_hushed)
    # Too few calls are not a bad value: what was good before still counts, and ends it with the next good one.
    state = replace(state, unsure_since=state.unsure_since or reading.at)
    if not _lasted(state.unsure_since, reading, UNSURE_FOR):
        return state, []
    return _recover(state, reading, is_hushed)


def _recover(state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    # Whoever was not told of the beginning need not hear of the end.
    is_sent = state.is_told and not is_hushed
    over = replace(
        state, phase=Phase.OK, since=reading.at, clear_since=None, unsure_since=None, is_told=False, told_at=None,
        owes_end=state.is_told and is_hushed,
    )  # fmt: skip
    return over, [Event(News.RECOVERED, reading.at, reading, state.incident, is_sent=is_sent)]


def _catch_up(state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    if not state.owes_end or is_hushed:
        return state, []
    return replace(state, owes_end=False), [Event(News.CAUGHT_UP, reading.at, reading, state.incident)]


def _budget(rule: Rule, state: State, reading: Reading, is_hushed: bool) -> tuple[State, list[Event]]:
    """Warn once at each share of the money; a new day or month begins anew."""
    if reading.period != state.period:
        state = State(incident=state.incident, period=reading.period, since=reading.at)
    if reading.value is None or rule.limit <= 0:
        return state, []
    level = max(state.level, sum(1 for share in rule.shares if reading.value * 100 >= rule.limit * share))
    if level > state.level:
        incident = state.incident + (state.phase == Phase.OK)
        state = replace(state, phase=Phase.FIRING, since=reading.at, incident=incident, level=level)
        told = state if is_hushed else replace(state, told_level=level, is_told=True, told_at=reading.at)
        return told, [Event(News.FIRED, reading.at, reading, incident, level, is_sent=not is_hushed)]
    if is_hushed or state.told_level >= state.level:
        return state, []
    event = Event(News.REMINDED, reading.at, reading, state.incident, level)
    return replace(state, told_level=level, is_told=True, told_at=reading.at), [event]


def _lasted(since: datetime | None, reading: Reading, least: timedelta) -> bool:
    return since is not None and reading.at - since >= least
