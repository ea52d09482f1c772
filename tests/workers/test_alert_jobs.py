"""Alerts are looked at every minute, for each project by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.alerts import looking
from projects.models import Job, JobState
from tests.monitoring.alerts.factories import again, make_alert
from tests.projects.factories import make_project
from workers import tasks
from workers.timetable import beat_schedule

pytestmark = pytest.mark.django_db


def test_the_tick_looks_at_each_project_with_alerts_once_however_many_beats_ring():
    since = timezone.now() - timedelta(hours=1)
    alerts = [make_alert(make_project(), since=since) for _ in range(2)]
    make_project()

    tasks.tick("alerts.plan", 60)
    tasks.tick("alerts.plan", 60)

    done = Job.objects.filter(kind=looking.RUN_KIND, state=JobState.DONE)
    # Two rings at the end of a minute are two turns, and do no harm.
    assert done.count() in (2, 4)
    assert all(again(alert).looked_until > since for alert in alerts)


def test_the_timetable_rings_every_minute():
    entries = [entry for entry in beat_schedule().values() if entry["args"][:1] == ("alerts.plan",)]

    assert [entry["schedule"] for entry in entries] == [60.0]
