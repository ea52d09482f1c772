"""Removes what is kept for a limited time only: what is small for everybody alike, calls and numbers as each project says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction

from monitoring import retention_rules
from monitoring.retention_models import USUAL_CALL_DAYS, RetentionRule
from monitoring.retention_rules import Kept
from projects.models import Project

KIND = "retention.apply"
# Deleted in one statement: small enough that nobody waits for it.
BATCH = 2_000
# Twice as long as anything that goes on reads what was found in calls. What is deleted earlier, with its trace, goes by itself.
FOUND_DAYS = 28

_EXPIRED = (
    "DELETE FROM quarantined_span WHERE received_at < now() - interval '7 days'",
    "DELETE FROM usage_minute WHERE at < now() - interval '14 days'",
    "DELETE FROM masked_hour WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_minute WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_signal_minute WHERE at < now() - interval '90 days'",
    "DELETE FROM ingest_sender WHERE last_at < now() - interval '90 days'",
    f"SELECT drop_call_analysis_partitions(current_date - {FOUND_DAYS})",
    "DELETE FROM refused_request WHERE last_at < now() - interval '30 days'",
)


def found_since(now: datetime) -> datetime:
    """Return from when on everything is there that was found in calls."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=FOUND_DAYS)


def delete_expired() -> int:
    """Delete expired rows; return how many. Hours and days of the counters stay."""
    deleted = 0
    with connection.cursor() as cursor:
        for statement in _EXPIRED:
            cursor.execute(statement)
            deleted += cursor.rowcount
    return deleted


def apply(*, keep: Callable[[], bool]) -> bool:
    """Remove the calls and numbers that are older than their project keeps them; return whether there is more to do.

    Days that nobody keeps go as whole partitions, the rest in small batches; `keep` answers False when the turn is over.
    """
    _drop_partitions()
    for project_id in Project.objects.order_by("pk").values_list("pk", flat=True):
        for kept, others in _rules(project_id):
            if not _apply(project_id, kept, others, keep):
                return True
    return False


def _rules(project_id: int) -> list[tuple[Kept, list[str]]]:
    """Return each rule of a project with the environments that it does not hold for."""
    found = retention_rules.of_project(project_id)
    own = [kept.environment for kept in found if kept.environment]
    return [(kept, [] if kept.environment else own) for kept in found]


_WHICH = "(CASE WHEN %(environment)s = '' THEN environment <> ALL(%(others)s) ELSE environment = %(environment)s END)"
_TRACES = f"""
    SELECT trace_id, min_day, max_day FROM trace
     WHERE project_id = %(project)s AND started_at < %(calls)s AND {_WHICH} ORDER BY started_at LIMIT %(batch)s
"""
# Feedback about a call that never came has no environment.
_SCORES = """
    DELETE FROM score WHERE project_id = %(project)s AND id IN (
        SELECT id FROM score WHERE project_id = %(project)s AND received_at < %(calls)s AND (
            CASE WHEN %(environment)s = '' THEN coalesce(environment, '') <> ALL(%(others)s) ELSE environment = %(environment)s END
        ) LIMIT %(batch)s)
"""
# An outcome names a person and no environment; the rule for all the others holds for it.
_OUTCOMES = """
    DELETE FROM outcome WHERE project_id = %(project)s AND %(environment)s = '' AND id IN (
        SELECT id FROM outcome WHERE project_id = %(project)s AND received_at < %(calls)s LIMIT %(batch)s)
"""
_NUMBERS = """
    DELETE FROM {table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM {table} WHERE project_id = %(project)s AND at < %(numbers)s AND {which} LIMIT %(batch)s))
"""


def _apply(project_id: int, kept: Kept, others: list[str], keep: Callable[[], bool]) -> bool:
    """Apply one rule; return False when the turn was over before it was through."""
    values: dict[str, Any] = {
        "project": project_id, "environment": kept.environment, "others": others, "batch": BATCH,
        "calls": retention_rules.before_day(kept.call_days), "numbers": retention_rules.before_day(kept.number_days),
    }  # fmt: skip
    statements = [
        _SCORES,
        _OUTCOMES,
        *(_NUMBERS.format(table=table, which=_WHICH) for table in ("usage_hour", "usage_day")),
    ]
    acts = [partial(_delete_traces, values), *(partial(_run, statement, values) for statement in statements)]
    for act in acts:
        while True:
            if not keep():
                return False
            if act() < BATCH:
                break
    return True


@transaction.atomic
def _delete_traces(values: dict[str, Any]) -> int:
    """Delete some old traces with their steps; what was worked out about them goes with the trace."""
    with connection.cursor() as cursor:
        cursor.execute(_TRACES, values)
        rows = cursor.fetchall()
        if not rows:
            return 0
        found = {
            "project": values["project"], "traces": [row[0] for row in rows], "first": min(row[1] for row in rows),
            "last": max(row[2] for row in rows),
        }  # fmt: skip
        cursor.execute(
            """
            DELETE FROM span WHERE project_id = %(project)s AND start_day BETWEEN %(first)s AND %(last)s
               AND trace_id = ANY(%(traces)s)
            """,
            found,
        )
        cursor.execute("DELETE FROM trace WHERE project_id = %(project)s AND trace_id = ANY(%(traces)s)", found)
        return len(rows)


def _run(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _drop_partitions() -> int:
    """Drop the days that no project keeps, all steps of them at once; their traces go after them, in batches."""
    longest = max([USUAL_CALL_DAYS, *RetentionRule.objects.values_list("call_days", flat=True)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT drop_span_partitions(%s)", [retention_rules.before_day(longest)])
        return int(cursor.fetchone()[0])
