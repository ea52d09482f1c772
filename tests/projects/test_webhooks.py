"""Endpoints, their secrets, and events written down for those who want them."""

from __future__ import annotations

import orjson
import pytest
from django.db import connection, transaction

from projects import secrets, webhook_sending, webhook_texts, webhooks
from projects.errors import SecretUnreadable
from projects.models import AuditEvent, DeliveryState, Job, WebhookDelivery, WebhookEndpoint
from projects.webhooks import (
    EndpointAddressRefused,
    EndpointIsOff,
    EndpointNameMissing,
    NoEvents,
    StillWaiting,
    TooManyEndpoints,
)
from tests.projects.factories import make_project, make_user

pytestmark = pytest.mark.django_db
PUBLISHED, CREATED = "prompt:published", "prompt:created"


@pytest.fixture
def by():
    return make_user()


@pytest.fixture
def project(by):
    return make_project(by=by)


def make(project, by, **values) -> tuple[WebhookEndpoint, str]:
    return webhooks.create(
        **{"project": project, "name": "bot", "url": "https://8.8.8.8/hooks", "events": [PUBLISHED], "by": by} | values
    )


def test_the_secret_is_stored_sealed_for_this_project_and_endpoint(project, by):
    endpoint, secret = make(project, by)
    sealed = bytes(WebhookEndpoint.objects.get().secret_sealed)

    assert secret.startswith("whsec_")
    assert secret.encode() not in sealed
    assert webhooks.secrets_of(endpoint) == [secret]
    for project_id, field in ((project.pk + 1, f"webhook_endpoint:{endpoint.pk}"), (project.pk, "webhook_endpoint:0")):
        with pytest.raises(SecretUnreadable):
            secrets.unseal(sealed=sealed, project_id=project_id, field=field)


def test_after_a_rotation_both_secrets_sign_for_a_day(project, by, time_machine):
    time_machine.move_to("2026-11-01T12:00:00Z", tick=False)
    endpoint, old = make(project, by)

    new = webhooks.rotate(endpoint=endpoint, by=by)

    endpoint.refresh_from_db()
    assert webhooks.secrets_of(endpoint) == [new, old]
    time_machine.move_to("2026-11-02T12:00:01Z", tick=False)
    assert webhooks.secrets_of(endpoint) == [new]


def test_an_address_this_server_may_not_call_is_refused_and_nothing_is_stored(project, by):
    endpoint, _ = make(project, by)

    for url in (
        "http://8.8.8.8/",
        "https://127.0.0.1/",
        "https://169.254.169.254/",
        "https://u:p@8.8.8.8/",
        "gopher://x",
    ):
        with pytest.raises(EndpointAddressRefused):
            make(project, by, url=url)
        with pytest.raises(EndpointAddressRefused):
            webhooks.change(endpoint=endpoint, name="bot", url=url, events=[PUBLISHED], by=by)

    assert list(WebhookEndpoint.objects.values_list("url", flat=True)) == ["https://8.8.8.8/hooks"]


def test_a_webhook_needs_a_name_and_an_event(project, by):
    with pytest.raises(EndpointNameMissing):
        make(project, by, name=" \x00 ")
    with pytest.raises(NoEvents):
        make(project, by, events=[])


def test_a_project_has_a_limited_number_of_webhooks(project, by):
    for _ in range(webhooks.MOST_ENDPOINTS):
        make(project, by)

    with pytest.raises(TooManyEndpoints):
        make(project, by)


def test_no_secret_and_no_key_in_an_address_reaches_the_audit_log(project, by):
    endpoint, secret = make(project, by, url="https://8.8.8.8/hooks?token=abcdef")
    webhooks.rotate(endpoint=endpoint, by=by)
    make(project, by, url="https://8.8.8.8/services/T0/B0/XXXXXXXXXXXXXXXX", format="slack")
    webhooks.switch(endpoint=endpoint, on=False, by=by)
    webhooks.delete(endpoint=endpoint, by=by)

    events = AuditEvent.objects.filter(project=project, action__startswith="webhook.").order_by("pk")
    assert [event.action.partition(".")[2] for event in events] == [
        "created", "secret_rotated", "created", "switched_off", "deleted",
    ]  # fmt: skip
    said = str([event.details for event in events])
    assert secret not in said
    assert "abcdef" not in said
    assert "XXXXXXXXXXXXXXXX" not in said


def test_an_event_is_written_down_for_every_endpoint_that_wants_it(project, by):
    wants, _ = make(project, by, events=[PUBLISHED, CREATED])
    also, _ = make(project, by)
    make(project, by, events=[CREATED])
    off, _ = make(project, by)
    webhooks.switch(endpoint=off, on=False, by=by)
    make(make_project(by=by), by)

    webhooks.emit(project=project, event=PUBLISHED, data={"prompt": "a"})

    deliveries = WebhookDelivery.objects.order_by("endpoint")
    assert [one.endpoint for one in deliveries] == [wants, also]
    assert len({one.event_id for one in deliveries}) == 1
    assert Job.objects.filter(kind=webhooks.KIND).count() == 2
    payload = deliveries[0].payload
    assert set(payload) == {"id", "type", "created_at", "project", "data"}
    assert payload["id"] == f"evt_{deliveries[0].event_id.hex}"
    assert payload["created_at"].endswith("Z")
    assert payload["project"]["slug"] == project.slug


def test_an_event_dies_with_the_change_it_tells_of(project, by):
    make(project, by)

    with transaction.atomic():
        webhooks.emit(project=project, event=PUBLISHED, data={})
        transaction.set_rollback(True)

    assert not WebhookDelivery.objects.exists()
    assert not Job.objects.filter(kind=webhooks.KIND).exists()


def test_an_event_nobody_has_described_is_refused(project):
    with pytest.raises(ValueError, match="prompt:exploded"):
        webhooks.emit(project=project, event="prompt:exploded", data={})


def test_sending_again_asks_for_new_tries_under_the_old_id(project, by):
    endpoint, _ = make(project, by)
    delivery = webhooks.send_test(endpoint=endpoint)
    WebhookDelivery.objects.update(state=DeliveryState.FAILED, tries=8)
    delivery.attempts.create(number=1, status=500)

    webhooks.resend(delivery=delivery, by=by)

    again = WebhookDelivery.objects.get()
    assert (again.state, again.tries, again.event_id) == (DeliveryState.WAITING, 0, delivery.event_id)
    assert Job.objects.filter(kind=webhooks.KIND).count() == 2


def test_what_is_on_its_way_is_not_sent_again(project, by):
    endpoint, _ = make(project, by)
    delivery = webhooks.send_test(endpoint=endpoint)

    with pytest.raises(StillWaiting):
        webhooks.resend(delivery=delivery, by=by)


def test_a_webhook_that_is_off_gets_nothing(project, by):
    endpoint, _ = make(project, by)
    delivery = webhooks.send_test(endpoint=endpoint)
    webhooks.switch(endpoint=endpoint, on=False, by=by)
    endpoint.refresh_from_db()

    with pytest.raises(EndpointIsOff):
        webhooks.send_test(endpoint=endpoint)
    with pytest.raises(EndpointIsOff):
        webhooks.resend(delivery=delivery, by=by)


def test_a_line_for_slack_says_who_did_what_and_obeys_nobody(project):
    payload = {
        "type": PUBLISHED, "project": {"name": "Shop <!channel>"},
        "data": {
            "by": "Dana & Sam", "prompt": "a/b", "version": 14, "previous_version": 13, "label": "production",
            "reason": "<https://evil.example|click>", "url": "https://callboard.example/p/x/",
        },
    }  # fmt: skip

    text = orjson.loads(webhook_texts.body(payload=payload, is_slack=True))["text"]

    assert text == (
        "[Shop &lt;!channel&gt;] Dana &amp; Sam published a/b v14 in production in place of v13\n"
        "&lt;https://evil.example|click&gt;\nhttps://callboard.example/p/x/"
    )


def test_an_alert_in_slack_has_buttons_and_obeys_nobody():
    payload = {
        "type": "alert:fired", "project": {"name": "Shop"},
        "data": {
            "sentence": "The share of refusals of <!channel> & co is 9%", "url": "https://callboard.example/a/",
            "calls_url": "https://callboard.example/c/?a=1&b=2",
        },
    }  # fmt: skip

    sent = orjson.loads(webhook_texts.body(payload=payload, is_slack=True))

    said = "[Shop] The share of refusals of &lt;!channel&gt; &amp; co is 9%"
    assert sent["text"] == f"{said}\nhttps://callboard.example/a/"
    assert sent["blocks"][0]["text"] == {"type": "mrkdwn", "text": said}
    assert [button["url"] for button in sent["blocks"][1]["elements"]] == [
        "https://callboard.example/a/", "https://callboard.example/c/?a=1&b=2",
    ]  # fmt: skip


def test_the_same_event_always_makes_the_same_bytes(project):
    one = webhook_texts.body(payload={"b": 1, "a": {"d": 2, "c": 3}}, is_slack=False)

    assert one == b'{"a":{"c":3,"d":2},"b":1}'


def test_what_was_skipped_before_it_was_tried_can_be_sent_again(project, by):
    endpoint, _ = make(project, by)
    delivery = webhooks.send_test(endpoint=endpoint)
    WebhookDelivery.objects.update(state=DeliveryState.SKIPPED)
    Job.objects.filter(kind=webhooks.KIND).update(state="done")

    webhooks.resend(delivery=delivery, by=by)

    assert Job.objects.filter(kind=webhooks.KIND, state="ready").count() == 1


def test_a_host_is_looked_up_before_anything_is_locked(project, by, monkeypatch):
    endpoint, _ = make(project, by)
    depths = []
    depth = len(connection.savepoint_ids)
    monkeypatch.setattr(webhook_sending, "check", lambda url: depths.append(len(connection.savepoint_ids) - depth))

    make(project, by, url="https://hooks.example/")
    webhooks.change(endpoint=endpoint, name="bot", url="https://other.example/", events=[PUBLISHED], by=by)

    assert depths == [0, 0]
