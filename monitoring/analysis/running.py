"""Looks at every call once, in the order they began: those that are new, and from time to time those that came late.

Each has a lot, a hash of its trace id: a sample of those with low lots never depends on the prompt, the arm, the time or the
worker, and a smaller sample is always part of a larger one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from monitoring.analysis import looking, unseen
from monitoring.analysis.looking import Assign, draw_of, unassigned
from monitoring.analysis.models import AnalysisProgress, CallAnalysis
from monitoring.analysis.turns import turn
from monitoring.analysis.unseen import BEFORE_ALL, TRACES_AT_ONCE
from monitoring.embeddings import EmbeddingWaits

__all__ = ["ALL", "DRAW", "PLAN_KIND", "RUN_KIND", "WINDOW", "Progress", "draw_of", "progress", "run", "waiting"]

log = structlog.get_logger("callboard.analysis")

PLAN_KIND, RUN_KIND = "analysis.plan", "analysis.run"
WINDOW = timedelta(days=14)
ALL = 2**32
RUN_SECONDS = 15.0
# A trace is complete, as a rule, when it is this old; each run looks again for calls that came within the second.
_SETTLED, _LATE = timedelta(seconds=30), timedelta(minutes=30)
# What comes later than that is looked for so often, in steps of hours, so that no question to the database takes long.
_ROUND_EVERY, _ROUND_STEP = timedelta(hours=1), timedelta(hours=6)

# Eight hexadecimal digits of the hash of a row `t` of trace: the same number as draw_of().
DRAW = "('x' || left(encode(sha256(uuid_send(t.trace_id)), 'hex'), 8))::bit(32)::bigint"
# Which projects have calls that nobody looked at: an index look-up for each project, and for those whose newest trace is known
# already a look at the last half hour.
_WAITING = f"""
    SELECT p.id FROM project p LEFT JOIN analysis_progress g ON g.project_id = p.id
     CROSS JOIN LATERAL (
        SELECT started_at FROM trace t WHERE t.project_id = p.id AND t.started_at < %(until)s
         ORDER BY t.started_at DESC LIMIT 1
     ) newest
     WHERE newest.started_at >= %(since)s AND (
        g.project_id IS NULL OR newest.started_at >= g.until_at OR g.round_at IS NOT NULL OR g.round_began_at < %(round)s
        OR EXISTS (
            SELECT FROM trace t WHERE t.project_id = p.id AND t.started_at >= g.until_at - %(late)s AND t.started_at < %(until)s
               AND t.call_count > 0 AND t.call_count > {unseen.LOOKED_AT}
        )
     )
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """Up to when calls were looked at, and how far behind the newest call that is."""

    until_at: datetime | None
    lag_seconds: float


def waiting() -> list[int]:
    """Return the projects that have calls which nobody looked at yet, or in which some may have come late."""
    now = timezone.now()
    values: dict[str, Any] = {
        "until": now - _SETTLED,
        "since": now - WINDOW,
        "round": now - _ROUND_EVERY,
        "late": _LATE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        return [row[0] for row in cursor.fetchall()]


def run(*, project_id: int, seconds: float = RUN_SECONDS, assign: Assign = unassigned) -> bool:
    """Look at calls that nobody looked at yet, as many as the time allows; tell whether some are left.

    When another worker has the turn, nothing is left for this one.
    """
    with turn(project_id) as is_ours:
        if not is_ours:
            return False
        work = _Work(project_id, timezone.now(), time.monotonic() + seconds, assign)
        try:
            return work.look_at_new() or work.look_at_late()
        except EmbeddingWaits as error:
            # Nothing is noted about the calls that wait: the next run begins with them.
            log.warning("analysis_waits", project_id=project_id, reason=str(error))
            return False


def progress(*, project_id: int) -> Progress:
    """Return how far the look at the project's calls has come."""
    row = AnalysisProgress.objects.filter(project_id=project_id).first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT started_at FROM trace WHERE project_id = %s ORDER BY started_at DESC LIMIT 1", [project_id]
        )
        newest = cursor.fetchone()
    if newest is None or row is None:
        return Progress(row.until_at if row else None, 0.0)
    return Progress(row.until_at, max(0.0, (newest[0] - row.until_at).total_seconds()))


def store(project_id: int, rows: Sequence[CallAnalysis]) -> int:
    """Store what was found, once for each call and only of traces that are still there; return how many rows were kept."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever deletes a trace waits, and then deletes what is stored here with it.
        cursor.execute(
            "SELECT trace_id FROM trace WHERE project_id = %s AND trace_id = ANY(%s) ORDER BY trace_id FOR KEY SHARE",
            [project_id, list({row.trace_id for row in rows})],
        )
        there = {row[0] for row in cursor.fetchall()}
        kept = [row for row in rows if row.trace_id in there]
        CallAnalysis.objects.bulk_create(kept, ignore_conflicts=True)
        return len(kept)


@dataclass(slots=True)
class _Work:
    """One turn of a worker with a project."""

    project_id: int
    now: datetime
    deadline: float
    assign: Assign

    def look_at_new(self) -> bool:
        """Look at what came since the last time; tell whether the time was too short."""
        row = AnalysisProgress.objects.filter(project_id=self.project_id).first()
        oldest, until = self.now - WINDOW, self.now - _SETTLED
        since = max(row.until_at - _LATE, oldest) if row else oldest
        if row is None:
            # Everything that is there now is new: what comes late comes later.
            AnalysisProgress.objects.get_or_create(
                project_id=self.project_id, defaults={"until_at": oldest, "round_began_at": self.now}
            )
        return self._look_from(since, until, note=self._note_until)

    def look_at_late(self) -> bool:
        """Look for calls that came long after their trace began, once in an hour; tell whether the time was too short."""
        row = AnalysisProgress.objects.get(project_id=self.project_id)
        if row.round_at is None and row.round_began_at > self.now - _ROUND_EVERY:
            return False
        begin = max(row.round_at or self.now - WINDOW, self.now - WINDOW)
        if row.round_at is None:
            self._progress().update(round_began_at=self.now, round_at=begin)
        end = row.until_at - _LATE
        while begin < end:
            stop = min(begin + _ROUND_STEP, end)
            if self._look_from(begin, stop, note=self._note_round):
                return True
            begin = stop
        self._progress().update(round_at=None)
        return False

    def _look_from(self, since: datetime, until: datetime, *, note: Any) -> bool:
        after = BEFORE_ALL
        while time.monotonic() < self.deadline:
            traces = unseen.traces(project_id=self.project_id, since=since, until=until, after=after)
            if not self._look_at(traces):
                return True
            if len(traces) < TRACES_AT_ONCE:
                note(until)
                return False
            since, after = traces[-1].started_at, traces[-1].trace_id
            note(since)
        return True

    def _look_at(self, traces: Sequence[unseen.UnseenTrace]) -> bool:
        """Look at all new calls of some traces; tell whether the time was enough."""
        for spans in unseen.batches(project_id=self.project_id, traces=traces, now=self.now):
            store(self.project_id, looking.rows(spans, assign=self.assign))
            if time.monotonic() >= self.deadline:
                return False
        return True

    def _note_until(self, until: datetime) -> None:
        # What is looked at again lies before what was noted.
        self._progress().filter(until_at__lt=until).update(until_at=until)
        self._progress().update(ran_at=timezone.now())

    def _note_round(self, until: datetime) -> None:
        self._progress().update(round_at=until)

    def _progress(self) -> Any:
        return AnalysisProgress.objects.filter(project_id=self.project_id)
