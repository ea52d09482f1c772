"""Watches rates: which streams there are, how far each was watched, and which alarms stand.

A stream is one signal of the calls of one prompt and model. Feedback comes late, so what is stored of a stream ends two
days ago; the hours since are gone through anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from monitoring.streams import alarms, hours
from monitoring.streams.alarms import Floats, Ints, Standing
from monitoring.streams.models import WatchedStream
from monitoring.streams.scopes import SIGNALS, Scope

_LOCK = 7_204_133
_OPEN_HOURS = int(hours.LATE / timedelta(hours=1))
# What is learned from before the first open hour, and whole days before that.
_DAYS = alarms.MOST_DAYS + 4
# A prompt with a model is watched when it has so many calls in all that time.
FEWEST_CALLS = 500
MOST_PAIRS = 100
_WEIGHED_HOURS = 24

_PAIRS = """
    SELECT prompt_name, model, sum(call_count)::bigint FROM flag_hour
     WHERE project_id = %(project)s AND at >= %(since)s AND at < %(until)s GROUP BY prompt_name, model
    HAVING sum(call_count) >= %(fewest)s ORDER BY 3 DESC, 1, 2 LIMIT %(most)s
"""


class _Key(NamedTuple):
    prompt_name: str
    model: str
    signal: str


class _Known(NamedTuple):
    evidence: Floats
    alarm: Standing | None
    # The first hour that is not in the evidence.
    first: int
    # Since when the alarm of the last look stood.
    alarmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rate that rose: since when, and the counts of the last 24 hours with calls beside the usual rate."""

    scope: Scope
    raised_at: datetime
    last_at: datetime
    calls: int
    bad: int
    usual_rate: float
    # Whether it was not there at the last look.
    is_new: bool


@transaction.atomic
def look(*, project_id: int, now: datetime) -> list[Alarm]:
    """Go on with the watch over every stream of a project up to the last whole hour; return the alarms that stand.

    Of two workers that look at the same time, one finds nothing new to do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, project_id % 2**31])
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    start = (until - timedelta(days=_DAYS)).replace(hour=0)
    pairs = _pairs(project_id, start, until)
    WatchedStream.objects.filter(project_id=project_id).exclude(
        prompt_name__in={pair[0] for pair in pairs}, model__in={pair[1] for pair in pairs}
    ).delete()
    if not pairs:
        return []
    keys = [_Key(*pair, signal) for pair in pairs for signal in SIGNALS]
    calls, bad = _counts(project_id, pairs, start, until)
    return _looked(project_id, keys, calls, bad, start, until)


def _looked(
    project_id: int, keys: Sequence[_Key], calls: Ints, bad: Ints, start: datetime, until: datetime
) -> list[Alarm]:  # fmt: skip
    """Work out all streams together, store where each stands and return the alarms."""
    kept_at = until - hours.LATE
    known = _known(project_id, keys, start, kept_at)
    spent = np.maximum(1, calls.shape[1] - (calls > 0).argmax(axis=1))
    limits = np.array([alarms.limit(float(one), len(keys)) for one in calls.sum(axis=1) / spent])
    found = alarms.watched(
        np.array([one.evidence for one in known]), calls, bad, first=np.array([one.first for one in known]), limits=limits,
        kept=_place(kept_at, start),
    )  # fmt: skip
    rows, standing = list[WatchedStream](), list[Alarm]()
    for place, key in enumerate(keys):
        times = [start + timedelta(hours=int(hour)) for hour in np.flatnonzero(found.alarms[place])]
        settled = alarms.standing([at for at in times if at < kept_at], before=known[place].alarm)
        alarm = alarms.standing([at for at in times if at >= kept_at], before=settled)
        if alarm is not None and alarms.is_over(alarm, now=until):
            alarm = None
        rows.append(_row(project_id, key, kept_at, alarms.as_state(found.evidence[place], settled), alarm))
        if alarm is not None:
            is_new = known[place].alarmed_at != alarm.raised_at
            standing.append(_alarm(key, alarm, calls[place], bad[place], found.usual[place], is_new))
    WatchedStream.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["project", "signal", "prompt_name", "model"],
        update_fields=["until_at", "state", "alarmed_at", "changed_at"],
    )  # fmt: skip
    return standing


def _known(project_id: int, keys: Sequence[_Key], start: datetime, kept_at: datetime) -> list[_Known]:
    """Return where each stream stands; those that nothing of use is stored of begin with the first hour."""
    stored = {
        _Key(row.prompt_name, row.model, row.signal): row for row in WatchedStream.objects.filter(project_id=project_id)
    }
    found = []
    for key in keys:
        row = stored.get(key)
        # A state of the future belongs to a clock that was wrong.
        if row is None or not start < row.until_at <= kept_at:
            found.append(_Known(alarms.no_evidence(1)[0], None, 0, row.alarmed_at if row else None))
        else:
            evidence, alarm = alarms.of_state(row.state)
            found.append(_Known(evidence, alarm, _place(row.until_at, start), row.alarmed_at))
    return found


def _row(
    project_id: int, key: _Key, until_at: datetime, state: dict[str, Any], alarm: Standing | None
) -> WatchedStream:  # fmt: skip
    return WatchedStream(
        project_id=project_id, signal=key.signal, prompt_name=key.prompt_name, model=key.model, until_at=until_at, state=state,
        alarmed_at=alarm.raised_at if alarm is not None else None, changed_at=timezone.now(),
    )  # fmt: skip


def _alarm(key: _Key, alarm: Standing, calls: Ints, bad: Ints, usual: Floats, is_new: bool) -> Alarm:
    last = np.flatnonzero((calls > 0) & np.isfinite(usual))[-_WEIGHED_HOURS:]
    weighed = int(calls[last].sum())
    rate = float((usual[last] * calls[last]).sum()) / max(weighed, 1)
    scope = Scope(key.signal, prompt_name=key.prompt_name, model=key.model)
    return Alarm(scope, alarm.raised_at, alarm.last_at, weighed, int(bad[last].sum()), rate, is_new)


def _pairs(project_id: int, start: datetime, until: datetime) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _PAIRS,
            {"project": project_id, "since": start, "until": until, "fewest": FEWEST_CALLS, "most": MOST_PAIRS},
        )
        return [(prompt_name, model) for prompt_name, model, _ in cursor.fetchall()]


def _counts(
    project_id: int, pairs: Sequence[tuple[str, str]], start: datetime, until: datetime
) -> tuple[Ints, Ints]:  # fmt: skip
    """Return calls and bad calls by the hour, a row for each signal of each pair; the last day is filled up with zeros."""
    width = _place(until, start)
    whole = -(-width // alarms.HOURS) * alarms.HOURS
    places = {pair: place for place, pair in enumerate(pairs)}
    calls = np.zeros((len(pairs), whole), dtype=np.int64)
    bad = np.zeros((len(pairs), len(SIGNALS), whole), dtype=np.int64)
    sums = ", ".join(f"sum({hours.bad_count(signal)})::bigint" for signal in SIGNALS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.prompt_name, a.model, a.at, sum(a.call_count)::bigint, {sums} FROM flag_hour a
                 WHERE a.project_id = %(project)s AND a.at >= %(since)s AND a.at < %(until)s
                 GROUP BY a.prompt_name, a.model, a.at""",
            {"project": project_id, "since": start, "until": until},
        )
        for prompt_name, model, at, count, *counts in cursor.fetchall():
            if (place := places.get((prompt_name, model))) is not None:
                calls[place, _place(at, start)] = count
                bad[place, :, _place(at, start)] = counts
    return np.repeat(calls, len(SIGNALS), axis=0), bad.reshape(-1, whole)


def _place(at: datetime, start: datetime) -> int:
    return int((at - start) / timedelta(hours=1))
