"""The tick: what is kept, who is told, and that nothing is told twice or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from monitoring.alerts import changes, looking, previews
from monitoring.alerts import wanted as wanting
from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import Direction, Kind, Period, Phase
from monitoring.analysis.models import AnalysisProgress
from projects import webhooks
from projects.models import Notification, Project, WebhookDelivery
from projects.roles import Role
from tests.monitoring.alerts.factories import again, make_alert, make_calls, whole_hour
from tests.monitoring.issues.factories import make_calls as make_looked_at
from tests.projects.factories import make_member, make_project

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def hour() -> datetime:
    return whole_hour(hours_ago=2)


def look(alert: Alert, at: datetime) -> Alert:
    """Look at the alert when all up to this moment is complete."""
    looking.look(alert=again(alert), now=at + timedelta(minutes=2))
    return again(alert)


def news(alert: Alert) -> list[str]:
    return list(alert.events.order_by("pk").values_list("news", flat=True))


def test_failed_calls_beyond_the_limit_fire_and_tell_the_chosen_person(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 20, failed=4, since=hour)

    looked = look(alert, hour + 15 * MINUTE)

    event = alert.events.get()
    assert (looked.phase, event.news, event.value, event.calls) == (Phase.FIRING, "fired", 4 / 14, 14)
    told = Notification.objects.get()
    assert told.user_id == alert.people_ids[0]
    assert told.sentence.startswith("The share of failed calls is above 5% over 15 minutes. It is 28.6%")
    assert told.path == f"/p/{project.slug}/settings/alerts/{alert.pk}/"


def test_three_calls_never_alarm(project, hour):
    alert = make_alert(project, since=hour, least_calls=30)
    make_calls(project, 3, failed=3, since=hour)

    assert look(alert, hour + 60 * MINUTE).phase == Phase.OK
    assert not AlertEvent.objects.exists()


def test_what_is_not_complete_yet_is_not_looked_at(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 20, failed=20, since=hour, minutes=5)

    looking.look(alert=again(alert), now=hour + 6 * MINUTE)
    assert again(alert).looked_until == hour
    looking.look(alert=again(alert), now=hour + 7 * MINUTE)

    assert news(alert) == ["fired"]


def test_it_is_over_when_the_window_is_good_again(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 30, failed=10, since=hour, minutes=10)
    make_calls(project, 60, since=hour + 15 * MINUTE, minutes=30)

    looked = look(alert, hour + 45 * MINUTE)

    assert news(alert) == ["fired", "recovered"]
    assert looked.phase == Phase.OK
    assert Notification.objects.count() == 2


def test_looking_twice_at_the_same_time_changes_nothing(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 20, failed=4, since=hour)
    seen = again(alert), again(alert)

    kept = [looking.look(alert=one, now=hour + 20 * MINUTE) for one in seen]

    assert kept == [True, False]
    assert (AlertEvent.objects.count(), Notification.objects.count()) == (1, 1)


def test_a_change_between_reading_and_keeping_makes_the_look_worthless(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 20, failed=4, since=hour)
    seen = again(alert)
    changes.mute(alert=alert, until=timezone.now() + timedelta(hours=1), by=alert.created_by)

    assert looking.look(alert=seen, now=hour + 20 * MINUTE) is False
    assert not AlertEvent.objects.exists()


def test_a_muted_alert_keeps_what_happened_and_tells_nobody(project, hour):
    alert = make_alert(project, since=hour)
    changes.mute(alert=alert, until=timezone.now() + timedelta(hours=1), by=alert.created_by)
    Alert.objects.filter(pk=alert.pk).update(looked_until=hour)
    make_calls(project, 20, failed=4, since=hour)

    look(alert, hour + 15 * MINUTE)

    assert [event.is_sent for event in alert.events.all()] == [False]
    assert not Notification.objects.exists()


@pytest.mark.parametrize("every", [1, 7, 45])
def test_the_preview_shows_what_ticks_fire_however_often_they_come(project, hour, every):
    start = hour - timedelta(hours=1)
    alert = make_alert(project, since=start, pending_minutes=5, recovery_minutes=10, remind_minutes=30)
    for part, failed in enumerate((0, 6, 0, 1, 12, 12, 0, 0)):
        make_calls(project, 20, failed=failed, since=start + 15 * MINUTE * part)

    for minutes in range(0, 122, every):
        look(alert, start + minutes * MINUTE)
    look(alert, start + 120 * MINUTE)
    shown = previews.preview(alert=again(alert), now=start + 122 * MINUTE)

    ticked = [(event.news, event.at, event.value, event.incident) for event in alert.events.order_by("at", "pk")]
    assert [(event.news, event.at, event.reading.value, event.incident) for event in shown.events] == ticked
    assert len(ticked) >= 3


def test_the_preview_says_in_how_much_of_the_time_it_could_judge(project, hour):
    alert = make_alert(project, since=hour - timedelta(hours=1), least_calls=10)
    make_calls(project, 20, since=hour - timedelta(hours=1))

    shown = previews.preview(alert=alert, now=hour + timedelta(hours=1), days=1)

    assert 0 < shown.judged_share < 0.1
    assert not shown.is_blind


def test_only_calls_of_the_scope_count(project, hour):
    make_calls(project, 20, failed=20, since=hour, prompt="a", version=1)
    make_calls(project, 20, since=hour, prompt="a", version=2)

    firsts = make_alert(project, since=hour, prompt_name="a", prompt_version=1)
    seconds = make_alert(project, since=hour, prompt_name="a", prompt_version=2)

    assert look(firsts, hour + 15 * MINUTE).phase == Phase.FIRING
    assert look(seconds, hour + 15 * MINUTE).phase == Phase.OK


@pytest.mark.parametrize(
    ("measure", "limit", "value"),
    [("calls", 19, 20), ("tokens", 3_000, 3_200), ("cost", 0.09, 0.1), ("p50", 500, 900), ("p99", 500, 900)],
)
def test_each_number_is_the_one_of_the_calls(project, hour, measure, limit, value):
    alert = make_alert(project, since=hour, measure=measure, limit=limit)
    make_calls(project, 20, since=hour, took_ms=900, cost_usd=0.005)

    look(alert, hour + 15 * MINUTE)

    assert alert.events.get().value == pytest.approx(value, rel=0.02)


def test_flags_count_as_far_as_calls_were_looked_at(project):
    hour = whole_hour(hours_ago=3)
    make_looked_at(project, 40, bad=10, since=hour, hours=0.25)
    alert = make_alert(project, since=hour, measure="refused", limit=0.1)
    AnalysisProgress.objects.create(project=project, until_at=hour - MINUTE)

    look(alert, hour + 20 * MINUTE)
    assert not alert.events.exists()
    AnalysisProgress.objects.update(until_at=hour + 20 * MINUTE)
    look(alert, hour + 20 * MINUTE)

    assert alert.events.get().value == pytest.approx(0.25, abs=0.2)


def test_silence_fires_when_calls_stop(project):
    hour = whole_hour(hours_ago=4)
    make_calls(project, 60, since=hour, minutes=55)
    alert = make_alert(project, since=hour + 60 * MINUTE, kind=Kind.SILENCE, window_minutes=60, least_calls=50)

    look(alert, hour + 110 * MINUTE)
    assert news(alert) == []
    look(alert, hour + 125 * MINUTE)

    assert news(alert) == ["fired"]


def test_a_project_that_never_had_calls_is_not_silent(project):
    alert = make_alert(project, since=whole_hour(hours_ago=3), kind=Kind.SILENCE, window_minutes=60)

    assert look(alert, whole_hour()).phase == Phase.OK


def test_a_budget_warns_at_each_part_of_the_month(project):
    hour = timezone.now().replace(day=20, hour=10, minute=0, second=0, microsecond=0)
    hour = hour if hour < timezone.now() - timedelta(hours=2) else hour - timedelta(days=28)
    alert = make_alert(
        project, since=hour, kind=Kind.BUDGET, period=Period.MONTH, limit=10.0, shares=(50, 100), window_minutes=60
    )
    make_calls(project, 10, since=hour - timedelta(days=3), cost_usd=0.45)
    make_calls(project, 10, since=hour, minutes=10, cost_usd=0.1)
    look(alert, hour + 15 * MINUTE)
    make_calls(project, 10, since=hour + 30 * MINUTE, minutes=10, cost_usd=0.5)
    look(alert, hour + 45 * MINUTE)

    levels = alert.events.order_by("pk").values_list("level", "value")
    assert [(level, pytest.approx(value)) for level, value in levels] == [(1, 5.5), (2, 10.5)]


def test_more_than_at_the_same_time_of_past_weeks_fires(project):
    hour = whole_hour(hours_ago=2)
    for week in range(1, 4):
        make_calls(project, 20, since=hour - timedelta(weeks=week), minutes=50)
    make_calls(project, 45, since=hour, minutes=50)
    alert = make_alert(project, since=hour, kind=Kind.CHANGE, measure="calls", limit=1.0, window_minutes=60)

    look(alert, hour + 60 * MINUTE)

    event = alert.events.get()
    assert (event.value, event.usual) == (45, 20)


def test_fewer_calls_than_usual_fires_too(project):
    hour = whole_hour(hours_ago=2)
    for week in range(1, 4):
        make_calls(project, 20, since=hour - timedelta(weeks=week), minutes=50)
    make_calls(project, 4, since=hour, minutes=50)
    alert = make_alert(
        project, since=hour, kind=Kind.CHANGE, measure="calls", limit=0.5, window_minutes=60, direction=Direction.BELOW
    )

    look(alert, hour + 60 * MINUTE)

    assert news(alert) == ["fired"]


def test_after_a_long_stop_only_the_last_hours_are_played(project):
    hour = whole_hour(hours_ago=1)
    alert = make_alert(project, since=hour - timedelta(days=3))
    make_calls(project, 20, failed=20, since=hour - timedelta(days=2))

    look(alert, hour)

    assert news(alert) == []
    assert again(alert).looked_until == hour


def test_webhooks_that_are_chosen_and_those_that_hear_of_all_alerts_get_it_once(project, hour):
    admin = make_member(project=project, role=Role.ADMIN)
    chosen, both, other = (
        webhooks.create(project=project, name=name, url="https://8.8.8.8/", events=events, by=admin)[0]
        for name, events in (("a", ["prompt:published"]), ("b", ["alert:fired"]), ("c", ["prompt:published"]))
    )
    alert = make_alert(project, since=hour, endpoint_ids=(chosen.pk, both.pk))
    make_calls(project, 20, failed=4, since=hour)

    look(alert, hour + 15 * MINUTE)

    deliveries = WebhookDelivery.objects.order_by("endpoint__name")
    assert [delivery.endpoint_id for delivery in deliveries] == [chosen.pk, both.pk]
    assert {delivery.event_id for delivery in deliveries} == {alert.events.get().event_id}
    data = deliveries[0].payload["data"]
    assert data["calls_url"].endswith(f"status=error&range={data['calls_url'].partition('range=')[2]}")
    assert other.deliveries.count() == 0


def test_what_is_changed_begins_anew_and_who_is_told_does_not(project, hour):
    alert = make_alert(project, since=hour)
    make_calls(project, 20, failed=4, since=hour)
    look(alert, hour + 15 * MINUTE)
    by = alert.created_by

    same = changes.change(alert=alert, wanted=wanting.of(alert), by=by)
    assert same.phase == Phase.FIRING
    renamed = changes.change(alert=alert, wanted=replace(wanting.of(alert), name="Failures"), by=by)
    assert renamed.phase == Phase.FIRING
    other = changes.change(alert=alert, wanted=replace(wanting.of(renamed), limit=0.5), by=by)

    assert (other.phase, other.progress["incident"]) == (Phase.OK, 1)


def test_one_alert_that_cannot_be_looked_at_does_not_keep_the_others_waiting(project, hour):
    broken, whole = make_alert(project, since=hour), make_alert(project, since=hour)
    Alert.objects.filter(pk=broken.pk).update(progress={"phase": "exploded"})
    make_calls(project, 20, failed=4, since=hour)

    looking.look_at_all(project_id=project.pk, now=hour + 20 * MINUTE)

    assert "could not be looked at" in again(broken).trouble
    assert news(whole) == ["fired"]
