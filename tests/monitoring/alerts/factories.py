"""Alerts, and calls for them to look at, with defaults that tests override."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from monitoring.alerts import changes
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind
from monitoring.alerts.wanted import Wanted
from projects.models import Project, User
from projects.roles import Role
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member

ERRORS = Wanted(
    kind=Kind.THRESHOLD, measure="errors", limit=0.05, window_minutes=15, least_calls=10, recovery_minutes=0,
    remind_minutes=0,
)  # fmt: skip


def make_alert(project: Project, *, by: User | None = None, since: datetime | None = None, **values: Any) -> Alert:
    """Return an alert on failed calls that tells an editor; `since` is when it was made."""
    by = by or make_member(project=project, role=Role.EDITOR)
    wanted = replace(ERRORS, **{"people_ids": (by.pk,)} | values)
    alert = changes.create(project=project, wanted=wanted, by=by)
    if since is not None:
        Alert.objects.filter(pk=alert.pk).update(looked_until=since, changed_at=since)
    return Alert.objects.select_related("project").get(pk=alert.pk)


def make_calls(
    project: Project, calls: int, *, failed: int = 0, since: datetime, minutes: float = 15, **fields: Any
) -> None:
    """Store calls evenly over some minutes, the failed ones first."""
    spans = [
        make_span(
            at=since + timedelta(minutes=minutes) * number / max(calls, 1), error="timeout" if number < failed else "", **fields
        )
        for number in range(calls)
    ]  # fmt: skip
    for start in range(0, len(spans), 500):
        send(project, *spans[start : start + 500])


def whole_hour(*, hours_ago: float = 0) -> datetime:
    """Return the beginning of an hour."""
    now = timezone.now() - timedelta(hours=hours_ago)
    return now.replace(minute=0, second=0, microsecond=0)


def again(alert: Alert) -> Alert:
    """Return the alert as it stands now."""
    return Alert.objects.select_related("project").get(pk=alert.pk)
