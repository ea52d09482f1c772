"""Names and values that were seen lately, to choose from while a filter is written; every look is bounded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from monitoring import environments, usage
from monitoring.exploring.fields import Field, FieldKind
from projects.models import Project

_NAMES_FROM = timedelta(days=30)
_MOST = 200
_COLUMNS = {
    "release": "release", "service": "service", "name": "name", "user": "user_id", "session": "session_id",
    "version": "prompt_version",
}  # fmt: skip
_NEWEST = """
    SELECT value FROM (
        SELECT {column}::text AS value, started_at FROM trace WHERE project_id = %s ORDER BY started_at DESC LIMIT 2000
    ) newest WHERE value NOT IN ('', '0') GROUP BY value ORDER BY max(started_at) DESC, value LIMIT 200
"""
_LANGUAGES = """
    SELECT language FROM (
        SELECT language FROM call_analysis WHERE project_id = %s ORDER BY call_at DESC LIMIT 2000
    ) newest WHERE language <> '' GROUP BY language ORDER BY count(*) DESC, language
"""
_SCORES = """
    SELECT name, string_value FROM (
        SELECT name, string_value, received_at FROM score WHERE project_id = %s ORDER BY received_at DESC LIMIT 2000
    ) newest GROUP BY name, string_value ORDER BY max(received_at) DESC
"""
# Steps are found by their traces: the newest ones, with the days that they touch.
_METADATA = """
    SELECT DISTINCT m.key, left(m.value, 100) FROM (
        SELECT trace_id, min_day, max_day FROM trace WHERE project_id = %(project)s ORDER BY started_at DESC LIMIT 200
    ) t CROSS JOIN LATERAL (
        SELECT metadata FROM span s WHERE s.project_id = %(project)s AND s.start_day BETWEEN t.min_day AND t.max_day
           AND s.start_day >= %(since)s AND s.trace_id = t.trace_id AND s.metadata IS JSON OBJECT LIMIT 5
    ) s CROSS JOIN LATERAL jsonb_each_text(s.metadata::jsonb) m LIMIT 2000
"""


def values(*, project: Project, field: Field, key: str, now: datetime) -> list[str]:
    """Return values of a field that were seen lately."""
    if field.choices:
        return list(field.choices)
    if field.name in ("prompt", "model"):
        prompts, models = usage.seen_names(project=project, since=_NAMES_FROM, now=now)
        return prompts if field.name == "prompt" else models
    if field.name == "environment":
        return environments.names(project=project)
    if field.name == "language":
        return [row[0] for row in _rows(_LANGUAGES, [project.pk])]
    if field.kind == FieldKind.ANY:
        return [value for name, value in _members(project, field, now) if name == key and value]
    if field.name in _COLUMNS:
        return [row[0] for row in _rows(_NEWEST.format(column=_COLUMNS[field.name]), [project.pk])]
    return []


def keys(*, project: Project, field: Field, now: datetime) -> list[str]:
    """Return the scores, or the keys of metadata, that were seen lately."""
    return list(dict.fromkeys(name for name, _ in _members(project, field, now)))[:_MOST]


def _members(project: Project, field: Field, now: datetime) -> list[tuple[str, str]]:
    if field.name == "score":
        return [(name, value or "") for name, value in _rows(_SCORES, [project.pk])]
    asked = {"project": project.pk, "since": (now - _NAMES_FROM).date()}
    return sorted((name, value or "") for name, value in _rows(_METADATA, asked))


def _rows(statement: str, asked: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())
