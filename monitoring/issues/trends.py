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
_VERSIONS = """
    SELECT a.prompt_name, a.prompt_version, min(a.at), sum(a.call_count)::bigint FROM flag_hour a
     WHERE a.project_id = %(project)s AND a.at >= %(since)s AND a.at < %(until)s AND ({condition}) AND a.prompt_version > 0
     GROUP BY 1, 2
"""


def hours(*, project_id: int, of: Membership, since: datetime, until: datetime) -> list[Hour]:
    """Return the calls of an issue by hour, oldest first."""
    scope, edge = _counted(project_id, of, since, until)
    found = counts.hours(project_id=project_id, of=of, since=edge, until=until)
    if scope is None:
        return found
    return [*counted_hours.series(project_id=project_id, scope=scope, since=since, until=edge), *found]


def versions(*, project_id: int, of: Membership, since: datetime, until: datetime) -> list[VersionMark]:
    """Return the prompt versions among the calls of an issue, by the moment (or the hour) of their first call."""
    scope, edge = _counted(project_id, of, since, until)
    found = counts.versions(project_id=project_id, of=of, since=edge, until=until)
    return found if scope is None else _joined(_counted_versions(project_id, scope, since, edge), found)


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


def _counted_versions(project_id: int, scope: Scope, since: datetime, until: datetime) -> list[VersionMark]:
    condition, values = scope.calls()
    with connection.cursor() as cursor:
        cursor.execute(
            _VERSIONS.format(condition=condition), {"project": project_id, "since": since, "until": until, **values}
        )
        return [VersionMark(*row) for row in cursor.fetchall()]


def _joined(earlier: Sequence[VersionMark], later: Sequence[VersionMark]) -> list[VersionMark]:
    found = {(mark.prompt_name, mark.version): mark for mark in earlier}
    for mark in later:
        before = found.get((mark.prompt_name, mark.version))
        calls = mark.calls + (before.calls if before else 0)
        at = before.at if before else mark.at
        found[mark.prompt_name, mark.version] = VersionMark(mark.prompt_name, mark.version, at, calls)
    return sorted(found.values(), key=lambda mark: mark.at)
