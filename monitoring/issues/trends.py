"""How the calls of an issue went, hour by hour: as they were counted at the last look, and what came since from the calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from monitoring.issues import counts
from monitoring.issues.counts import VersionMark
from monitoring.issues.membership import Membership
from monitoring.issues.models import IssueCycle
from monitoring.streams import hours as counted_hours
from monitoring.streams.rates import Hour
from monitoring.streams.scopes import Scope

# Calls of the last look's own time may have been looked at after it.
_OVERLAP = timedelta(hours=2)
# Both in one reading: there are as many rows as hours, versions, models and environments.
_COUNTED = """
    SELECT a.at, a.prompt_name, a.prompt_version, min(a.at), sum(a.call_count)::bigint, sum({bad})::bigint FROM flag_hour a
     WHERE a.project_id = %(project)s AND a.at >= %(since)s AND a.at < %(until)s AND ({condition})
     GROUP BY GROUPING SETS ((a.at), (a.prompt_name, a.prompt_version))
"""


def of_issue(
    *, project_id: int, of: Membership, since: datetime, until: datetime
) -> tuple[list[Hour], list[VersionMark]]:  # fmt: skip
    """Return the calls of an issue by hour, oldest first, and the prompt versions by the moment (or the hour) of their first call."""
    scope, edge = _counted(project_id, of, since, until)
    found = counts.hours(project_id=project_id, of=of, since=edge, until=until)
    marks = counts.versions(project_id=project_id, of=of, since=edge, until=until)
    if scope is None:
        return found, marks
    earlier, seen = _of_counters(project_id, scope, since, edge)
    return [*earlier, *found], _joined(seen, marks)


def _counted(project_id: int, of: Membership, since: datetime, until: datetime) -> tuple[Scope | None, datetime]:
    """Return the scope whose hours are counted, and from when on the calls have to be asked themselves.

    Two scopes may share calls, which hours cannot tell; then everything is asked of the calls.
    """
    cycle = IssueCycle.objects.filter(project_id=project_id).first()
    if cycle is None or len(of.scopes) != 1 or of.left_out:
        return None, since
    edge = min(cycle.looked_at, until).replace(minute=0, second=0, microsecond=0) - _OVERLAP
    # The first hour is whole only when nothing of it lies before the time asked for.
    return (of.scopes[0], edge) if edge > since else (None, since)


def _of_counters(
    project_id: int, scope: Scope, since: datetime, until: datetime
) -> tuple[list[Hour], list[VersionMark]]:  # fmt: skip
    condition, values = scope.calls()
    statement = _COUNTED.format(condition=condition, bad=counted_hours.bad_count(scope.signal))
    with connection.cursor() as cursor:
        cursor.execute(statement, {"project": project_id, "since": since, "until": until, **values})
        rows = cursor.fetchall()
    hours = [Hour(at, calls, bad) for at, *_, calls, bad in rows if at is not None]
    marks = [
        VersionMark(name, version, first, calls)
        for at, name, version, first, calls, _ in rows
        if at is None and version > 0
    ]
    return sorted(hours, key=lambda hour: hour.at), marks


def _joined(earlier: Sequence[VersionMark], later: Sequence[VersionMark]) -> list[VersionMark]:
    found = {(mark.prompt_name, mark.version): mark for mark in earlier}
    for mark in later:
        before = found.get((mark.prompt_name, mark.version))
        calls = mark.calls + (before.calls if before else 0)
        at = before.at if before else mark.at
        found[mark.prompt_name, mark.version] = VersionMark(mark.prompt_name, mark.version, at, calls)
    return sorted(found.values(), key=lambda mark: mark.at)
