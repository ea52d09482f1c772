"""Counts flags by the hour. An hour is always counted anew from its calls, so that counting twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from monitoring.analysis.flags import BITS, bit_of
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import DISLIKED, Scope

_LOCK = 7_204_132
KEPT = timedelta(days=120)
# Opinions and marks of people come late; these hours are counted anew each day whatever happened.
LATE = timedelta(hours=48)

# Hours of calls that were looked at since a moment, and of those that users or people of the team said something about since.
_TOUCHED = """
    SELECT DISTINCT date_trunc('hour', a.call_at, 'UTC') FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.analysed_at >= %(since)s
    UNION
    SELECT DISTINCT date_trunc('hour', a.call_at, 'UTC') FROM score s
      JOIN call_analysis a ON a.project_id = s.project_id AND a.trace_id = s.trace_id
     WHERE s.project_id = %(project)s AND s.received_at >= %(since)s AND s.data_type = 'thumbs'
    UNION
    SELECT DISTINCT date_trunc('hour', a.call_at, 'UTC') FROM flag_mark m
      JOIN call_analysis a ON a.project_id = m.project_id AND a.trace_id = m.trace_id
     WHERE m.project_id = %(project)s AND m.marked_at >= %(since)s
"""
# When calls moved to other clusters, that may have been any of those that are kept.
_MOVED = """
    SELECT min(a.call_at), max(a.call_at) FROM call_analysis a
     WHERE a.project_id = %(project)s AND EXISTS (
        SELECT FROM clustering_run r
         WHERE r.project_id = %(project)s AND greatest(r.discovered_at, r.flagged_at, r.rebuilt_at) >= %(since)s)
"""
_CALLS = """
    SELECT a.*, date_trunc('hour', a.call_at, 'UTC') AS hour, EXISTS (
        SELECT FROM trace t WHERE t.project_id = a.project_id AND t.trace_id = a.trace_id AND t.thumbs_down > 0
    ) AS is_disliked
      FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(start)s AND a.call_at < %(end)s
"""
_COUNTS = ", ".join(f"count(*) FILTER (WHERE flags & {1 << bit} <> 0)::integer" for bit in range(BITS))
_COUNTED = f"""
    INSERT INTO flag_hour (project_id, at, prompt_name, prompt_version, model, environment, cluster_id, call_count, disliked_count,
                           flag_counts)
    SELECT project_id, hour, prompt_name, prompt_version, model, environment, coalesce(cluster_id, 0), count(*),
           count(*) FILTER (WHERE is_disliked), ARRAY[{_COUNTS}]
      FROM ({_CALLS}) calls
     GROUP BY project_id, hour, prompt_name, prompt_version, model, environment, coalesce(cluster_id, 0)
     -- The page of an issue reads all hours of one prompt: what belongs together lies on fewer pages then.
     ORDER BY hour, prompt_name, prompt_version
"""


def recount(*, project_id: int, since: datetime) -> int:
    """Count the hours anew in which something changed since a moment; return how many hours.

    That is: calls were looked at, users or people of the team said something about them, or they moved to other clusters.
    """
    values: dict[str, Any] = {"project": project_id, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, values)
        first, last = cursor.fetchone()
        if first is not None:
            recount_between(project_id=project_id, since=first, until=last + timedelta(hours=1))
            return int((_hour_of(last) - _hour_of(first)) / timedelta(hours=1)) + 1
        cursor.execute(_TOUCHED, values)
        hours = sorted(row[0] for row in cursor.fetchall())
    for start, end in _stretches(hours):
        _count(project_id, start, end)
    return len(hours)


def recount_between(*, project_id: int, since: datetime, until: datetime) -> None:
    """Count all hours of a time anew: after calls moved to other clusters, or people marked findings."""
    start = _hour_of(since)
    while start < until:
        end = min(start + timedelta(days=1), _hour_of(until) + timedelta(hours=1))
        _count(project_id, start, end)
        start = end


def recount_late(*, project_id: int, now: datetime) -> None:
    """Count the last 48 hours anew, and forget what is too old; for once a day."""
    recount_between(project_id=project_id, since=now - LATE, until=now)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM flag_hour WHERE project_id = %s AND at < %s", [project_id, now - KEPT])


def series(*, project_id: int, scope: Scope, since: datetime, until: datetime) -> list[Hour]:
    """Return the hours with calls of a scope, in order; hours without any are left out."""
    condition, values = scope.calls()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.at, sum(a.call_count)::bigint, sum({bad_count(scope.signal)})::bigint FROM flag_hour a
                 WHERE a.project_id = %(project)s AND a.at >= %(since)s AND a.at < %(until)s AND {condition}
                 GROUP BY a.at ORDER BY a.at""",
            {"project": project_id, "since": since, "until": until, **values},
        )
        return [Hour(*row) for row in cursor.fetchall()]


def bad_count(signal: str) -> str:
    """Return the SQL for how many calls of a row `a` of flag_hour are bad by a signal; it has no values."""
    if signal == DISLIKED:
        return "a.disliked_count"
    # Hours that were counted before there was this flag have fewer counts.
    return f"coalesce(a.flag_counts[{bit_of(signal).bit_length()}], 0)"


@transaction.atomic
def _count(project_id: int, start: datetime, end: datetime) -> None:
    values: dict[str, Any] = {"project": project_id, "start": start, "end": end}
    with connection.cursor() as cursor:
        # Two workers that count the same hour at the same time would both insert it.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, project_id % 2**31])
        cursor.execute(
            "DELETE FROM flag_hour WHERE project_id = %(project)s AND at >= %(start)s AND at < %(end)s", values
        )
        cursor.execute(_COUNTED, values)


def _stretches(hours: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    """Return from when to when the hours, in order, follow one another, a day at most."""
    found: list[tuple[datetime, datetime]] = []
    for hour in hours:
        end = hour + timedelta(hours=1)
        if found and found[-1][1] == hour and end - found[-1][0] <= timedelta(days=1):
            found[-1] = (found[-1][0], end)
        else:
            found.append((hour, end))
    return found


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
