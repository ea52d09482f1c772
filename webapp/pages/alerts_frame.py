"""What all pages of alerts share."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from monitoring.alerts.models import Alert
from projects.roles import Action
from webapp.access import ProjectRequest, one
from webapp.pages.settings_frame import render_settings

PAGE = "settings-alerts"


def alert_of(request: ProjectRequest, alert_id: int) -> Alert:
    """Return an alert of the project that nobody deleted, or answer 404."""
    rows = Alert.objects.for_project(request.project).kept()
    return one(rows.select_related("project", "created_by"), pk=alert_id)


def render_alerts(
    request: ProjectRequest, template: str, context: dict[str, Any], *, status: int = 200, fragment: str = ""
) -> HttpResponse:
    """Answer with a page of alerts, or with a fragment of it."""
    whole = {"can_change": request.membership.can(Action.EDIT_ALERTS), **context}
    return render_settings(request, template, whole, page=PAGE, status=status, fragment=fragment)
