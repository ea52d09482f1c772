"""Remembers refused API requests, so that somebody who sets up an application sees why nothing arrives."""

from __future__ import annotations

from django.db import connection

from projects.models import Project, RefusedRequest


def note(*, key_id: str, reason: str, project_id: int | None = None) -> None:
    """Count one refusal; equal refusals share a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO refused_request (project_id, key_id, reason, count, last_at) VALUES (%s, %s, %s, 1, now())
            ON CONFLICT (project_id, key_id, reason)
            DO UPDATE SET count = refused_request.count + 1, last_at = now()
            """,
            [project_id, key_id[:12], reason[:200]],
        )


def recent(*, project: Project, limit: int = 5) -> list[RefusedRequest]:
    """Return the latest refusals of this project's keys and of keys nobody knows, newest first."""
    rows = RefusedRequest.objects.filter(project=project) | RefusedRequest.objects.filter(project=None)
    return list(rows.order_by("-last_at")[:limit])
