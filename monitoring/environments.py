"""The environments that ever sent a call."""

from __future__ import annotations

from django.db import connection

from projects.models import Project


def names(*, project: Project) -> list[str]:
    """Return the names of the project's environments in alphabetical order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM environment WHERE project_id = %s ORDER BY name LIMIT 50", [project.pk])
        return [row[0] for row in cursor.fetchall()]
