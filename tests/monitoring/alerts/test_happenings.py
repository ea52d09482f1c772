"""Alerts on issues and rollouts: each thing is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.alerts import changes, looking
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind
from monitoring.issues.models import IssueEvent
from projects.models import Notification, Project
from projects.roles import Role
from prompt_registry.rollouts.models import RolloutDecision
from tests.monitoring.alerts.factories import again, make_alert
from tests.monitoring.issues.factories import make_issue
from tests.projects.factories import make_member, make_project
from tests.webapp.worlds import start_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return make_project()


def listening(project: Project, *names: str, **values: Any) -> Alert:
    since = timezone.now() - timedelta(hours=1)
    return make_alert(project, since=since, kind=Kind.HAPPENING, happenings=names, **values)


def look(alert: Alert) -> None:
    looking.look(alert=again(alert), now=timezone.now() + timedelta(seconds=5))


def happen(project: Project, kind: str) -> IssueEvent:
    return IssueEvent.objects.create(project=project, issue=make_issue(project), kind=kind)


def test_what_happens_to_an_issue_is_told_once_however_often_it_is_looked_at(project):
    alert = listening(project, "issue:regressed")
    event = happen(project, "regressed")
    happen(project, "noted")

    look(alert)
    look(alert)

    told = Notification.objects.get()
    assert told.sentence.startswith("A problem comes back")
    assert told.path == f"/p/{project.slug}/issues/{event.issue.number}/"
    assert again(alert).last_fired_at is not None


def test_what_a_slow_transaction_wrote_is_told_although_a_look_came_between(project):
    alert = listening(project, "issue:opened")
    look(alert)
    late = happen(project, "opened")
    IssueEvent.objects.filter(pk=late.pk).update(at=timezone.now() - timedelta(minutes=20))

    look(alert)

    assert alert.events.count() == 1


def test_what_happened_before_the_alert_was_made_is_not_told(project):
    happen(project, "opened")
    alert = make_alert(project, kind=Kind.HAPPENING, happenings=("issue:opened",))
    IssueEvent.objects.update(at=timezone.now() - timedelta(minutes=30))

    look(alert)

    assert not alert.events.exists()


def test_only_issues_of_the_prompt_are_told(project):
    alert = listening(project, "issue:opened", prompt_name="another prompt")
    happen(project, "opened")
    issue = IssueEvent.objects.get().issue
    issue.scopes.update(prompt_name="this prompt")

    look(alert)
    assert not alert.events.exists()
    issue.scopes.update(prompt_name="another prompt")
    look(alert)

    assert alert.events.count() == 1


def test_a_rollout_that_goes_on_asking_is_told_once_for_each_share(project):
    alert = listening(project, "rollout:ask")
    rollout = start_rollout(project, by=make_member(project=project, role=Role.ADMIN))
    for step in (1, 1, 2):
        RolloutDecision.objects.create(
            project=project, rollout=rollout, action="ask", reason="It needs you.", step=step, share_ppm=50_000
        )

    look(alert)

    assert [one.sentence[:26] for one in alert.events.all()] == ["A rollout needs a decision"] * 2


def test_in_quiet_hours_it_waits_until_they_are_over(project):
    hour = timezone.now().hour
    alert = listening(project, "issue:opened", quiet_from=hour, quiet_until=(hour + 2) % 24)
    happen(project, "opened")

    look(alert)
    assert not alert.events.exists()
    Alert.objects.filter(pk=alert.pk).update(quiet_from=None, quiet_until=None)
    look(alert)

    assert [event.is_sent for event in alert.events.all()] == [True]


def test_a_muted_one_keeps_what_happened_and_tells_nobody(project):
    alert = listening(project, "issue:opened")
    changes.mute(alert=alert, until=timezone.now() + timedelta(hours=1), by=alert.created_by)
    happen(project, "opened")

    look(alert)

    assert [event.is_sent for event in alert.events.all()] == [False]
    assert not Notification.objects.exists()
