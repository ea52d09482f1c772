"""Outcomes as applications send them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from monitoring.outcomes import recording
from projects.models import Project


def tell(
    project: Project, unit: str, *, name: str = "order", value: Any = True, at: datetime | None = None, **fields: Any
) -> None:
    """Store what became of a unit."""
    item = {"unit_id": unit, "name": name, "value": value, "happened_at": at and at.isoformat()} | fields
    found = recording.checked(item, project_id=project.pk, now=timezone.now())
    recording.record(project_id=project.pk, outcomes=[found])
