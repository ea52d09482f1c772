"""Settings: webhooks."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from projects import webhooks
from projects.models import DeliveryState, Project, User, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from tests.projects.factories import make_project, make_user, signed_in

pytestmark = pytest.mark.django_db
FORM = {"name": "Deploy bot", "url": "https://8.8.8.8/hooks", "events": ["prompt:published"], "format": "json"}


@pytest.fixture
def admin() -> User:
    return make_user()


@pytest.fixture
def project(admin: User) -> Project:
    return make_project(by=admin)


@pytest.fixture
def browser(admin: User) -> Client:
    return signed_in(admin)


@pytest.fixture
def url(project: Project) -> str:
    return f"/p/{project.slug}/settings/webhooks/"


@pytest.fixture
def endpoint(project: Project, admin: User) -> WebhookEndpoint:
    return webhooks.create(
        project=project, name="Deploy bot", url="https://8.8.8.8/hooks?token=abcdef", events=["prompt:published"], by=admin
    )[0]  # fmt: skip


def of(endpoint: WebhookEndpoint, route: str) -> str:
    return reverse(route, args=[endpoint.project.slug, endpoint.pk])


def test_the_secret_is_shown_once_and_kept_by_no_cache(browser, url):
    answer = browser.post(f"{url}new/", FORM)

    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)[0]
    endpoint = WebhookEndpoint.objects.get()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert webhooks.secrets_of(endpoint) == [secret]
    for page in (url, of(endpoint, "webhook"), of(endpoint, "change-webhook")):
        assert secret not in browser.get(page).text


def test_slack_needs_no_secret(browser, url):
    answer = browser.post(f"{url}new/", FORM | {"format": "slack"})

    assert answer.headers["Location"] == f"{url}{WebhookEndpoint.objects.get().pk}/"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://8.8.8.8/"}, "https://"),
        ({"url": "https://10.0.0.1/"}, "CALLBOARD_WEBHOOK_ALLOWLIST"),
        ({"url": "https://user:pass@8.8.8.8/"}, "must not contain a user name"),
        ({"url": "nonsense"}, "not a complete address"),
        ({"events": []}, "at least one event"),
        ({"events": ["prompt:exploded"]}, "prompt:exploded"),
        ({"name": " "}, "required"),
        ({"format": "pigeon"}, "pigeon"),
    ],
)
def test_a_refused_form_says_why_and_keeps_what_was_typed(browser, url, changes, words):
    answer = browser.post(f"{url}new/", FORM | changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert str((FORM | changes)["url"]) in answer.text
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "route", ["change-webhook", "rotate-webhook", "switch-webhook", "delete-webhook", "test-webhook"]
)
def test_changing_anything_needs_a_fresh_proof(admin, endpoint, route):
    before = WebhookEndpoint.objects.values().get()

    answer = signed_in(admin, fresh=False).post(of(endpoint, route), FORM)

    assert answer.status_code == 403
    assert WebhookEndpoint.objects.values().get() == before
    assert not WebhookDelivery.objects.exists()


def test_a_webhook_is_changed(browser, endpoint):
    browser.post(
        of(endpoint, "change-webhook"), FORM | {"name": "Other", "events": ["prompt:created", "prompt:undone"]}
    )

    changed = WebhookEndpoint.objects.get()
    assert (changed.name, changed.events) == ("Other", ["prompt:created", "prompt:undone"])


def test_what_works_as_a_key_in_the_address_is_not_on_the_pages_that_only_show(browser, url, endpoint):
    for page in (url, of(endpoint, "webhook")):
        text = browser.get(page).text
        assert "https://8.8.8.8/hooks?…" in text
        assert "abcdef" not in text


def test_a_new_secret_is_shown_once_and_the_page_says_how_long_the_old_one_lasts(browser, endpoint):
    answer = browser.post(of(endpoint, "rotate-webhook"))

    assert "24 hours" in answer.text
    assert "whsec_" in answer.text
    assert "signs until" in browser.get(of(endpoint, "webhook")).text


def test_a_test_event_is_written_down_and_watched(browser, endpoint):
    answer = browser.post(of(endpoint, "test-webhook"), follow=True)

    assert "webhook:test" in answer.text
    assert 'data-every="2"' in answer.text
    WebhookDelivery.objects.update(state=DeliveryState.DELIVERED)
    part = browser.get(of(endpoint, "webhook"), headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<section class="card card-flush" id="deliveries"')
    assert "Delivered" in part


def test_the_log_shows_every_try_and_the_answer_as_words(browser, endpoint):
    delivery = webhooks.send_test(endpoint=endpoint)
    WebhookDelivery.objects.update(state=DeliveryState.FAILED)
    WebhookAttempt.objects.create(delivery=delivery, number=1, error="It took longer than 5 seconds to answer.")
    WebhookAttempt.objects.create(
        delivery=delivery, number=2, status=500, took_ms=31, answer="<script>alert(1)</script>"
    )

    page = browser.get(reverse("webhook-delivery", args=[endpoint.project.slug, delivery.pk])).text

    assert "It took longer than 5 seconds" in page
    assert "answered <span" in page
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_failed_event_is_sent_again(browser, endpoint):
    delivery = webhooks.send_test(endpoint=endpoint)
    WebhookDelivery.objects.update(state=DeliveryState.FAILED)

    browser.post(reverse("resend-webhook", args=[endpoint.project.slug, delivery.pk]))

    assert WebhookDelivery.objects.get().state == DeliveryState.WAITING


def test_one_that_was_switched_off_says_why_and_is_switched_on_again(browser, endpoint):
    WebhookEndpoint.objects.update(is_enabled=False, disabled_because="All 8 tries failed <b>")

    page = browser.get(of(endpoint, "webhook")).text
    refused = browser.post(of(endpoint, "test-webhook"), follow=True).text
    browser.post(of(endpoint, "switch-webhook"), {"on": "yes"})

    assert "All 8 tries failed &lt;b&gt;" in page
    assert of(endpoint, "test-webhook") not in page
    assert "switched off. Switch it on first" in refused
    assert WebhookEndpoint.objects.get().is_enabled


def test_a_webhook_is_removed_with_its_log(browser, url, endpoint):
    webhooks.send_test(endpoint=endpoint)

    page = browser.post(of(endpoint, "delete-webhook"), follow=True).text

    assert "is removed" in page
    assert not WebhookDelivery.objects.exists()


def test_a_long_log_comes_in_pages(browser, endpoint):
    for _ in range(52):
        webhooks.send_test(endpoint=endpoint)
    newest = WebhookDelivery.objects.order_by("-pk")

    page = browser.get(of(endpoint, "webhook")).text
    older = browser.get(of(endpoint, "webhook"), {"before": newest[49].pk}).text

    assert f"?before={newest[49].pk}" in page
    assert older.count("row-link") == 2
