"""Remembers refused API requests, so that somebody who sets up an application sees why nothing arrives."""

from __future__ import annotations

from django.db import connection

from projects.models import Project, RefusedRequest

# Whoever tries keys at random must not fill the table; the old ones are forgotten after a month.
MOST_UNKNOWN_KEYS = 1_000


def note(*, key_id: str, reason: str, project_id: int | None = None, count: int = 1) -> None:
    """Count a refusal, or several; equal refusals share a row. Those of a project that is gone are forgotten."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO refused_request (project_id, key_id, reason, count, last_at)
            SELECT %(project_id)s, %(key_id)s, %(reason)s, %(count)s, now()
            WHERE CASE WHEN %(project_id)s::bigint IS NOT NULL THEN EXISTS (SELECT FROM project WHERE id = %(project_id)s)
                ELSE (SELECT count(*) FROM refused_request WHERE project_id IS NULL) < %(most)s
                    OR EXISTS (SELECT FROM refused_request
                        WHERE project_id IS NULL AND key_id = %(key_id)s AND reason = %(reason)s) END
            ON CONFLICT (project_id, key_id, reason)
            DO UPDATE SET count = refused_request.count + excluded.count, last_at = now()
            """,
            {
                "project_id": project_id, "key_id": key_id[:12], "reason": reason[:200], "count": count,
                "most": MOST_UNKNOWN_KEYS,
            },
        )  # fmt: skip


def recent(*, project: Project, limit: int = 5) -> list[RefusedRequest]:
    """Return the latest refusals of this project's keys and of keys nobody knows, newest first."""
    rows = RefusedRequest.objects.filter(project=project) | RefusedRequest.objects.filter(project=None)
    return list(rows.order_by("-last_at")[:limit])
