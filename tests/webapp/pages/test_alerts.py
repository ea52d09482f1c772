"""Alerts in the settings: writing one as a sentence, what it would have done, and looking after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitoring.alerts import changes, looking
from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import Kind
from projects import webhooks
from projects.models import AuditEvent, DeliveryState, Project, User, WebhookDelivery
from projects.roles import Role
from tests.monitoring.alerts.factories import again, make_alert, make_calls, whole_hour
from tests.monitoring.issues.factories import make_issue
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> User:
    return make_user(name="Dana")


@pytest.fixture
def project(editor: User) -> Project:
    return make_project(by=editor)


@pytest.fixture
def browser(editor: User) -> Client:
    return signed_in(editor)


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/alerts/"


@pytest.fixture
def sent(editor: User) -> dict[str, object]:
    """The sentence: when the share of failed calls is above 5 % over 15 minutes, tell Dana."""
    return {
        "kind": "threshold", "measure": "errors", "direction": "above", "limit": "5 %", "window_minutes": "15",
        "people_ids": [editor.pk], "least_calls": "10", "pending_minutes": "0", "recovery_minutes": "15", "remind_minutes": "240",
    }  # fmt: skip


def test_a_project_without_alerts_offers_three_that_are_one_click_away(browser, url, project):
    page = browser.get(url).text

    assert page.count("Turn on</button>") == 3
    answer = browser.post(f"{url}ready/errors/")

    alert = Alert.objects.get()
    assert answer.headers["Location"] == f"{url}{alert.pk}/"
    assert (alert.measure, alert.people_ids) == ("errors", [alert.created_by_id])


def test_the_sentence_becomes_an_alert(browser, url, sent):
    answer = browser.post(f"{url}new/", sent)

    alert = Alert.objects.get()
    assert answer.headers["Location"] == f"{url}{alert.pk}/"
    assert (alert.limit, alert.window_minutes, alert.least_calls) == (0.05, 15, 10)
    assert "share of failed calls is above 5% over 15 minutes" in browser.get(url).text
    assert AuditEvent.objects.filter(action="alert.created").exists()


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_can_be_saved_as_it_is_offered(browser, url, editor, kind):
    page = browser.get(f"{url}new/?kind={kind}")
    form = page.context["form"]
    offered = {name: value for name, value in form.initial.items() if value not in (None, False)}

    answer = browser.post(f"{url}new/", offered)

    assert answer.status_code == 302, answer.context["form"].errors
    assert Alert.objects.get().kind == kind


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"limit": "many"}, "Type a number, such as 5 %"),
        ({"limit": ""}, "Type a number, such as 5 %"),
        ({"limit": "nan"}, "a number that is not negative"),
        ({"limit": "150 %"}, "from 0% to 100%"),
        ({"people_ids": []}, "at least one person or webhook"),
        ({"measure": "score", "limit": "1"}, "Name the check"),
        ({"direction": "below", "limit": "0"}, "Nothing is below zero"),
        ({"quiet_from": "22"}, "a beginning and an end"),
        ({"quiet_from": "22", "quiet_until": "22"}, "would never tell anybody"),
        ({"kind": "change", "limit": "100 %", "window_minutes": "60", "direction": "below"}, "Nothing falls by 100%"),
        ({"kind": "budget", "limit": "$0", "shares": "80"}, "above $0"),
        ({"kind": "budget", "limit": "$10", "shares": "eighty"}, "whole percents"),
        ({"kind": "budget", "limit": "$10", "shares": ""}, "which parts of the money"),
        ({"kind": "happening"}, "Tick at least one"),
        ({"kind": "exploding"}, "exploding"),
        ({"people_ids": ["999999999"]}, "999999999"),
    ],
)
def test_what_makes_no_sense_is_said_in_words_and_kept_in_the_form(browser, url, sent, changed, words):
    answer = browser.post(f"{url}new/", sent | changed)

    assert answer.status_code == 422
    assert words in answer.text
    assert not Alert.objects.exists()


def test_a_change_downwards_is_saved(browser, url, sent):
    changed = {"kind": "change", "limit": "50", "window_minutes": "60", "direction": "below"}

    answer = browser.post(f"{url}new/", sent | changed)

    assert answer.status_code == 302, answer.context["form"].errors
    assert (Alert.objects.get().limit, Alert.objects.get().direction) == (0.5, "below")


@pytest.mark.parametrize(
    ("measure", "typed", "limit"),
    [
        ("errors", "5", 0.05), ("errors", "0.5 %", 0.005), ("p95", "2.5", 2500), ("p95", "800 ms", 800), ("p95", "3 s", 3000),
        ("cost", "$12.50", 12.5), ("calls", "1,000", 1000),
    ],
)  # fmt: skip
def test_limits_are_read_as_people_write_them(browser, url, sent, measure, typed, limit):
    browser.post(f"{url}new/", sent | {"measure": measure, "limit": typed})

    alert = Alert.objects.get()
    assert alert.limit == pytest.approx(limit)
    shown = browser.get(f"{url}{alert.pk}/change/").context["form"].initial["limit"]
    browser.post(f"{url}{alert.pk}/change/", sent | {"measure": measure, "limit": shown})
    assert again(alert).limit == pytest.approx(limit)


def test_the_preview_says_how_often_it_would_have_fired_and_shows_when(browser, url, sent, project):
    hour = whole_hour(hours_ago=5)
    make_calls(project, 20, failed=10, since=hour)
    make_calls(project, 60, since=hour + timedelta(minutes=30), minutes=50)
    make_calls(project, 20, failed=10, since=hour + timedelta(minutes=90))

    page = browser.post(f"{url}preview/", sent, headers={"HX-Request": "true"}).text

    assert "<strong>2 times</strong> in the last 7 days" in page
    assert "the share of failed calls is above 5% over 15 minutes" in page
    assert page.count("Open these calls") == 2
    assert "<svg" in page
    assert "<html" not in page


def test_the_preview_of_a_sentence_that_makes_no_sense_yet_says_why(browser, url, sent):
    page = browser.post(f"{url}preview/", sent | {"limit": "many"}, headers={"HX-Request": "true"})

    assert page.status_code == 200
    assert "Type a number, such as 5 %" in page.text


def test_the_preview_of_happenings_lists_what_happened(browser, url, sent, project):
    from monitoring.issues.models import IssueEvent

    issue = make_issue(project)
    IssueEvent.objects.create(project=project, issue=issue, kind="regressed", at=timezone.now() - timedelta(days=1))

    form = sent | {"kind": "happening", "happenings": ["issue:regressed"]}
    page = browser.post(f"{url}preview/", form, headers={"HX-Request": "true"}).text

    assert "told you" in page
    assert f"/issues/{issue.number}/" in page


def test_a_fired_alert_leads_to_its_calls_and_to_the_version_behind_them(browser, url, project, editor):
    hour = whole_hour(hours_ago=2)
    alert = make_alert(project, by=editor, since=hour)
    make_calls(project, 20, failed=10, since=hour, minutes=10, prompt="answer", version=7)
    looking.look(alert=alert, now=hour + timedelta(minutes=17))

    page = browser.get(f"{url}{alert.pk}/").text

    assert "Firing" in page
    assert "answer v7" in page
    row = page.partition("Open the calls of")[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "status=error" in row
    calls = browser.get(row)
    assert calls.status_code == 200
    assert "answer" in calls.text


def test_a_deleted_alert_comes_back_with_one_click(browser, url, project, editor):
    alert = make_alert(project, by=editor)

    there = browser.post(f"{url}{alert.pk}/delete/").headers["Location"]
    page = browser.get(there).text
    assert browser.get(f"{url}{alert.pk}/").status_code == 404
    assert reverse("restore-alert", args=[project.slug, alert.pk]) in page
    browser.post(f"{url}{alert.pk}/restore/")

    assert browser.get(f"{url}{alert.pk}/").status_code == 200


def test_muting_says_until_when_and_can_be_ended(browser, url, project, editor):
    alert = make_alert(project, by=editor)

    browser.post(f"{url}{alert.pk}/mute/", {"hours": "8"})
    assert "Nobody is told until" in browser.get(f"{url}{alert.pk}/").text
    browser.post(f"{url}{alert.pk}/mute/")

    assert again(alert).muted_until is None


def test_a_test_message_shows_what_became_of_it_and_can_be_sent_again(browser, url, project, editor):
    endpoint, _ = webhooks.create(
        project=project, name="Ops room", url="https://8.8.8.8/", events=["prompt:published"], by=editor
    )
    alert = make_alert(project, by=editor, endpoint_ids=(endpoint.pk,))

    browser.post(f"{url}{alert.pk}/test/")
    delivery = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(state=DeliveryState.FAILED)
    page = browser.get(f"{url}{alert.pk}/").text
    assert "Ops room" in page
    assert "Given up" in page
    browser.post(f"{url}{alert.pk}/again/{delivery.pk}/")

    assert WebhookDelivery.objects.get().state == DeliveryState.WAITING
    assert "This is a test of the alert" in delivery.payload["data"]["sentence"]


def test_a_message_of_another_alert_cannot_be_sent_again_from_here(browser, url, project, editor):
    endpoint, _ = webhooks.create(
        project=project, name="bot", url="https://8.8.8.8/", events=["prompt:published"], by=editor
    )
    first, second = (make_alert(project, by=editor, endpoint_ids=(endpoint.pk,)) for _ in range(2))
    event = changes.send_test(alert=first, by=editor)
    delivery = WebhookDelivery.objects.get(event_id=event.event_id)

    assert browser.post(f"{url}{second.pk}/again/{delivery.pk}/").status_code == 404


def test_somebody_who_changed_it_meanwhile_is_not_overwritten(browser, url, project, editor, sent):
    alert = make_alert(project, by=editor)
    revision = browser.get(f"{url}{alert.pk}/change/").context["form"].initial["revision"]
    changes.mute(alert=alert, until=timezone.now() + timedelta(hours=1), by=editor)

    answer = browser.post(f"{url}{alert.pk}/change/", sent | {"revision": revision, "limit": "9 %"})

    assert answer.status_code == 422
    assert "changed this alert meanwhile" in answer.text


def test_a_viewer_sees_alerts_and_cannot_change_them(project, url, editor):
    make_alert(project, by=editor)
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))

    assert viewer.get(url).status_code == 200
    assert viewer.get(f"{url}new/").status_code == 403


def test_names_of_models_and_prompts_are_shown_as_text(browser, url, project, editor):
    hostile = "<script>alert(1)</script>{{ 7*7 }}"
    alert = make_alert(project, by=editor, prompt_name=hostile, model=hostile, name=f"{hostile} alert")

    for page in (
        browser.get(url).text,
        browser.get(f"{url}{alert.pk}/").text,
        browser.get(f"{url}{alert.pk}/change/").text,
    ):
        assert hostile not in page
        assert "&lt;script&gt;" in page


def test_the_overview_marks_when_alerts_fired(browser, url, project, editor):
    hour = whole_hour(hours_ago=2)
    alert = make_alert(project, by=editor, since=hour)
    make_calls(project, 20, failed=10, since=hour)
    looking.look(alert=alert, now=hour + timedelta(minutes=17))

    assert AlertEvent.objects.filter(news="fired").exists()
    assert "<title>alert</title>" in browser.get(f"/p/{project.slug}/").text
