"""The places of monitoring itself that keep texts of calls."""

from __future__ import annotations

from typing import Any

from django.db import connection

from monitoring.erasure import conclusions, derived, kept_filters, rollout_titles
from monitoring.erasure.targets import Place, Target
from monitoring.exports.models import Export, ExportQuerySet

_OF_TRACE = "project_id = %(project)s AND trace_id = ANY(%(traces)s)"
# What could not be stored is kept as text: whoever is named in it, and the ids of traces in both spellings.
_NAMED = """project_id = %(project)s AND EXISTS (
    SELECT FROM unnest(%(needles)s::text[]) AS needle WHERE strpos(content, needle) > 0)"""
# A unit is a user, a session or a trace. A session goes when none of its traces is left.
_OF_UNITS = f"""project_id = %(project)s AND (unit_id = ANY(%(needles)s::text[]) OR unit_id IN (
    SELECT session_id FROM trace gone WHERE {_OF_TRACE} AND session_id <> '' AND NOT EXISTS (
        SELECT FROM trace left_over WHERE left_over.project_id = gone.project_id AND left_over.session_id = gone.session_id
           AND left_over.session_id <> '' AND left_over.trace_id <> ALL(%(traces)s))))"""
# The days of a trace are read from its row; without them every partition would be looked into.
_SPANS = f"""{_OF_TRACE} AND start_day BETWEEN
    (SELECT min(min_day) FROM trace WHERE {_OF_TRACE}) AND (SELECT max(max_day) FROM trace WHERE {_OF_TRACE})"""


def of_monitoring() -> list[Place]:
    """Return the places in the order in which they are cleared: what is found through a call goes before the call."""
    return [
        _table("rejected", "What could not be stored", "quarantined_span", _NAMED),
        *conclusions.of_conclusions(),
        _table("scores", "Feedback, scores and comments", "score", f"{_OF_TRACE} OR {_of_users()}"),
        _table("outcomes", "Outcomes that were sent for people", "outcome", _OF_UNITS),
        _table("marks", "What the team marked", "flag_mark", _OF_TRACE),
        _table("talk", "What the team wrote about the traces", "trace_comment", _OF_TRACE),
        _table("links", "Public links to the traces", "trace_link", _OF_TRACE),
        Place("groups", "Names of groups of questions", derived.count_clusters, derived.clear_clusters),
        Place("rollouts", "Titles of issues that rollouts watch", rollout_titles.count, rollout_titles.clear),
        Place("issues", "Titles and history of issues", derived.count_issues, derived.clear_issues),
        Place("news", "Notifications and mails", derived.count_news, derived.clear_news),
        Place("webhooks", "Messages to other systems", derived.count_deliveries, derived.clear_deliveries),
        Place("filters", "Kept views and charts that name them", kept_filters.count, kept_filters.clear),
        Place("files", "Exported files", _count_exports, _delete_exports),
        _table("findings", "What was found in the calls, and their vectors", "call_analysis", _OF_TRACE),
        _table("steps", "Calls and other steps", "span", _SPANS),
        _table("traces", "Traces", "trace", _OF_TRACE),
    ]


def _of_users() -> str:
    return "project_id = %(project)s AND user_id = ANY(%(users)s)"


def _table(name: str, title: str, table: str, where: str) -> Place:
    """Return a place whose rows are deleted whole."""

    def count(target: Target) -> int:
        return _asked(f"SELECT count(*) FROM {table} WHERE {where}", target)

    def erase(target: Target) -> int:
        return _done(f"DELETE FROM {table} WHERE {where}", target)

    return Place(name, title, count, erase)


def _asked(statement: str, target: Target) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(target))
        return int(cursor.fetchone()[0])


def _done(statement: str, target: Target) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(target))
        return int(cursor.rowcount)


def _values(target: Target) -> dict[str, Any]:
    spelled = [text for trace_id in target.trace_ids for text in (trace_id.hex, str(trace_id))]
    return {
        "project": target.project_id, "traces": list(target.trace_ids), "users": list(target.user_ids),
        "needles": [*target.ids, *spelled],
    }  # fmt: skip


def _count_exports(target: Target) -> int:
    return 0 if target.is_empty else _exports(target).count()


def _delete_exports(target: Target) -> int:
    """Delete every file made before: opening each of them to see whose texts it holds would take longer than making it anew."""
    if target.is_empty:
        return 0
    return _exports(target).delete()[1].get("monitoring.Export", 0)


def _exports(target: Target) -> ExportQuerySet:
    return Export.objects.filter(project_id=target.project_id, requested_at__lt=target.made_before)
