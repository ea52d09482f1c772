"""Tells what raised a rate: which prompt version, model, hour and so on has far more bad calls than the rest of the same calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from monitoring.kinds import Arm
from monitoring.streams import call_columns, change_points, families, rates
from monitoring.streams.call_columns import Columns
from monitoring.streams.candidates import design_effect
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import Scope

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

# When two explain about as much as each other, the one that stands first is the likelier cause of the other.
PROMPT_VERSION, RETRIEVAL, SEGMENT, HOUR = "prompt version", "retrieval", "user segment", "hour of day"
DIMENSIONS = (
    PROMPT_VERSION, RETRIEVAL, "model", "release", "environment", "app", "prompt", SEGMENT, "language", HOUR, "arm",
)  # fmt: skip
_COLUMNS = {
    "model": "model", "release": "release", "environment": "environment", "app": "service", "prompt": "prompt_name",
    "language": "language", SEGMENT: "segment",
}  # fmt: skip
_ABOUT_AS_MUCH = 0.8
FEWEST_CALLS = 5
MOST_PER_DIMENSION = 8
_HOURS, _LONGEST = 24, 12
# A time of day is looked for among this many, so some explain much by chance.
_TIMES_LOOKED_AT = 24 * _LONGEST
_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cause:
    """Calls with one value of a dimension beside all others of the same scope: `low` and `high` are bounds of the difference."""

    dimension: str
    value: str
    calls: int
    bad: int
    rate: float
    rest_rate: float
    low: float
    high: float
    # Which share of the bad calls above what is usual it accounts for.
    explained: float
    # How much likelier the counts are when it matters (logarithm).
    score: float = 0.0
    # When its first call was, for what began within the time that was looked at.
    began_at: datetime | None = None
    # Whether the rate rose when it began.
    began_with_it: bool = False

    @property
    def is_sure(self) -> bool:
        return self.low > 0


@dataclass(frozen=True, slots=True, eq=False)
class _Value:
    dimension: str
    value: str
    is_in: Bools
    # Those that it can be told of.
    is_known: Bools
    looked_at: int = 1


def causes(*, project_id: int, scope: Scope, since: datetime, until: datetime) -> list[Cause]:
    """Return what raised the rate of a scope within a time, the strongest first; those that are sure before the others.

    The time should begin before the change, so that there is something to compare with.
    """
    condition, values = scope.calls()
    columns = call_columns.load(project_id=project_id, since=since, until=until, condition=condition, values=values)
    return ranked(columns, signal=scope.signal)


def ranked(columns: Columns, *, signal: str) -> list[Cause]:
    """Return what raised the rate among calls in columns, the strongest first."""
    is_bad = columns.is_bad(signal)
    if not len(columns) or not is_bad.any():
        return []
    at, unit = columns.numbers["at"], columns.numbers["unit"]
    change = change_points.began(_series(at, is_bad))
    found = []
    for value in _values(columns, is_bad):
        cause = _cause(value, is_bad, unit)
        if cause is not None:
            found.append(_with_beginning(cause, value, at, change))
    return _in_order(_explained(found, is_bad))


def _values(columns: Columns, is_bad: Bools) -> Iterator[_Value]:
    numbers, everything = columns.numbers, np.ones(len(columns), dtype=bool)
    yield from _versions(columns)
    for dimension, column in _COLUMNS.items():
        names = columns.names[column]
        if len(names) > 1:
            for number in _most_used(numbers[column]):
                if names[number]:
                    yield _Value(dimension, names[number], numbers[column] == number, everything)
    is_known = numbers["retrieval"] >= 0
    for number, name in enumerate(columns.names["retrieval"], 1):
        yield _Value(RETRIEVAL, f"{name} found nothing", numbers["retrieval"] == number, is_known)
    for arm in (Arm.CONTROL, Arm.CANDIDATE):
        yield _Value("arm", arm.name.lower(), numbers["arm"] == arm, numbers["arm"] != Arm.NONE)
    yield from _time_of_day(numbers["at"], is_bad)


def _versions(columns: Columns) -> Iterator[_Value]:
    prompt, version = columns.numbers["prompt_name"], columns.numbers["prompt_version"]
    names = columns.names["prompt_name"]
    for number in range(len(names)):
        of_prompt = prompt == number
        for one in _most_used(version[of_prompt & (version > 0)]):
            value = str(one) if len(names) == 1 else f"{names[number]} {one}"
            yield _Value(PROMPT_VERSION, value, of_prompt & (version == one), of_prompt)


def _most_used(codes: Ints) -> list[int]:
    values, counts = np.unique(codes, return_counts=True)
    return [int(value) for value in values[np.argsort(-counts, kind="stable")][:50]]


def _time_of_day(at: Ints, is_bad: Bools) -> Iterator[_Value]:
    """Return the time of day that explains most, when the rate is higher then on most days."""
    hour = at % _HOURS
    calls, bad = np.bincount(hour, minlength=_HOURS), np.bincount(hour[is_bad], minlength=_HOURS)
    best: tuple[float, int, int] | None = None
    for length in range(1, _LONGEST + 1):
        for begin in range(_HOURS):
            hours = (begin + np.arange(length)) % _HOURS
            gain = _gain(int(bad[hours].sum()), int(calls[hours].sum()), int(bad.sum()), int(calls.sum()))
            if best is None or gain > best[0]:
                best = gain, begin, length
    if best is not None and best[0] > 0:
        _, begin, length = best
        is_in = (hour - begin) % _HOURS < length
        if _recurs(at, is_bad, is_in):
            everything = np.ones(len(at), dtype=bool)
            yield _Value(HOUR, families.time_of_day(begin, length), is_in, everything, _TIMES_LOOKED_AT)


def _recurs(at: Ints, is_bad: Bools, is_in: Bools) -> bool:
    """Tell whether calls at a time of day are bad on most days; one day alone may be anything that happened then."""
    rest = is_bad[~is_in].mean() if (~is_in).any() else 0.0
    middle = (is_bad[is_in].mean() + rest) / 2
    days, day = np.unique(at[is_in] // _HOURS, return_inverse=True)
    calls, bad = np.bincount(day), np.bincount(day, weights=is_bad[is_in])
    is_told = calls >= FEWEST_CALLS
    if len(days) < 2 or not is_told.any():
        return len(days) < 2
    return bool((bad[is_told] / calls[is_told] > middle).mean() >= 0.5)


def _gain(bad: int, calls: int, all_bad: int, all_calls: int) -> float:
    """Return how much likelier two rates make the counts than one, when the first is the higher; else 0."""
    rest_bad, rest_calls = all_bad - bad, all_calls - calls
    if not calls or not rest_calls or bad / calls <= rest_bad / rest_calls:
        return 0.0
    return _likelihood(bad, calls) + _likelihood(rest_bad, rest_calls) - _likelihood(all_bad, all_calls)


def _likelihood(bad: int, calls: int) -> float:
    return sum(part * float(np.log(part / calls)) for part in (bad, calls - bad) if part)


def _cause(value: _Value, is_bad: Bools, unit: Ints) -> Cause | None:
    is_in, is_rest = value.is_in & value.is_known, ~value.is_in & value.is_known
    calls, rest_calls = int(is_in.sum()), int(is_rest.sum())
    if calls < FEWEST_CALLS or rest_calls < FEWEST_CALLS:
        return None
    bad, rest_bad = int(is_bad[is_in].sum()), int(is_bad[is_rest].sum())
    effect, rest_effect = _effect(is_in, is_bad, unit), _effect(is_rest, is_bad, unit)
    low, high = rates.difference(bad / effect, calls / effect, rest_bad / rest_effect, rest_calls / rest_effect)
    gain = _gain(bad, calls, bad + rest_bad, calls + rest_calls) / effect - float(np.log(value.looked_at))
    return Cause(
        value.dimension, value.value, calls, bad, bad / calls, rest_bad / rest_calls, low, high, 0.0, max(0.0, gain)
    )


def _effect(is_in: Bools, is_bad: Bools, unit: Ints) -> float:
    _, inner = np.unique(unit[is_in], return_inverse=True)
    return design_effect(np.bincount(inner), np.bincount(inner, weights=is_bad[is_in]))


def _with_beginning(
    cause: Cause, value: _Value, at: Ints, change: change_points.ChangePoint | None
) -> Cause:  # fmt: skip
    first = int(at[value.is_in].min())
    if cause.dimension not in (PROMPT_VERSION, "model", "release") or first <= int(at.min()):
        return cause
    began_at = _moment(first)
    is_with_it = change is not None and change.earliest_at - _SLACK <= began_at <= change.latest_at + _SLACK
    return replace(cause, began_at=began_at, began_with_it=is_with_it)


def _explained(found: Sequence[Cause], is_bad: Bools) -> list[Cause]:
    """Say of each which share of the excess it accounts for; what is usual is the lowest rate of a rest."""
    usual = min((cause.rest_rate for cause in found if cause.is_sure), default=float(is_bad.mean()))
    excess = float(is_bad.sum()) - len(is_bad) * usual
    if excess <= 0:
        return list(found)
    return [
        replace(cause, explained=min(1.0, max(0.0, cause.calls * (cause.rate - cause.rest_rate) / excess)))
        for cause in found
    ]


def _in_order(found: Sequence[Cause]) -> list[Cause]:
    """Put the strongest first, and of those that explain about as much the likelier cause."""
    order = {dimension: place for place, dimension in enumerate(DIMENSIONS)}
    sure = sorted((cause for cause in found if cause.is_sure), key=lambda cause: -cause.score)
    if sure:
        level = sure[0].score * _ABOUT_AS_MUCH
        alike = [cause for cause in sure if cause.score >= level]
        alike.sort(key=lambda cause: (not cause.began_with_it, order[cause.dimension], -cause.score))
        sure = alike + sure[len(alike) :]
    unsure = sorted((cause for cause in found if not cause.is_sure), key=lambda cause: cause.rest_rate - cause.rate)
    return _few_of_each(sure + unsure)


def _few_of_each(found: Sequence[Cause]) -> list[Cause]:
    counts: dict[str, int] = {}
    kept = []
    for cause in found:
        counts[cause.dimension] = counts.get(cause.dimension, 0) + 1
        if counts[cause.dimension] <= MOST_PER_DIMENSION:
            kept.append(cause)
    return kept


def _series(at: Ints, is_bad: Bools) -> list[Hour]:
    hours, place = np.unique(at, return_inverse=True)
    calls, bad = np.bincount(place), np.bincount(place, weights=is_bad)
    return [Hour(_moment(int(hour)), int(one), int(two)) for hour, one, two in zip(hours, calls, bad, strict=True)]


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, tz=UTC)
