"""Alerts of the demo shop: one that fired and told a person and a chat, one that is muted, and a budget."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from monitoring.alerts import changes, looking
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind, Period
from monitoring.alerts.wanted import Wanted
from projects.models import Project, User

_CALLS = Wanted(kind=Kind.THRESHOLD, measure="p95", limit=1_000, window_minutes=360, least_calls=5, recovery_minutes=0)
LONG_NAME = "Slow answers in the shop desk, which customers notice first and tell us about last: look at the model before the prompt"


def make(project: Project, admin: User, *, endpoint_id: int) -> int:
    """Make the alerts and return the number of the one that fired."""
    told = {"people_ids": (admin.pk,), "endpoint_ids": (endpoint_id,)}
    fired = changes.create(project=project, wanted=replace(_CALLS, **told), by=admin)
    now = timezone.now()
    Alert.objects.filter(pk=fired.pk).update(looked_until=now - timedelta(hours=6))
    looking.look(alert=Alert.objects.select_related("project").get(pk=fired.pk), now=now)
    changes.send_test(alert=fired, by=admin)
    muted = changes.create(project=project, wanted=replace(_CALLS, limit=9_000, name=LONG_NAME, **told), by=admin)
    changes.mute(alert=muted, until=now + timedelta(days=2), by=admin)
    budget = Wanted(kind=Kind.BUDGET, period=Period.MONTH, limit=100, shares=(50, 100), tells_everybody=True)
    changes.create(project=project, wanted=budget, by=admin)
    return fired.pk
