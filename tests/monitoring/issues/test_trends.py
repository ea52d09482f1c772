"""How the calls of an issue went: the same whether hours were counted before or the calls are asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.issues import details, trends
from monitoring.issues.models import IssueCycle
from monitoring.streams import hours
from monitoring.streams.scopes import Scope
from tests.monitoring.issues.factories import make_calls, make_issue
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db


def test_counted_hours_and_versions_are_those_of_the_calls():
    project, now = make_project(), timezone.now()
    for version, bad, days in ((10, 3, 5), (11, 12, 3)):
        make_calls(project, 40, bad=bad, version=version, since=now - timedelta(days=days), hours=24)
    of, _ = details.own_of(make_issue(project, Scope("refused", prompt_name="support/answer")))
    since = (now - timedelta(days=6)).replace(minute=0, second=0, microsecond=0)
    asked = {"project_id": project.pk, "of": of, "since": since, "until": now}
    by_calls, marks = trends.of_issue(**asked)

    hours.recount(project_id=project.pk, since=since)
    IssueCycle.objects.create(project=project, looked_at=now, recounted_at=now)
    counted, seen = trends.of_issue(**asked)

    assert counted == by_calls
    assert sum(hour.bad for hour in counted) == 15
    assert (
        [(mark.version, mark.calls) for mark in seen]
        == [(mark.version, mark.calls) for mark in marks]
        == [(10, 40), (11, 40)]
    )
