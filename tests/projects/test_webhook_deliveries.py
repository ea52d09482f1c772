"""Every try is written down before it is sent; failures are repeated for a day; then the endpoint is switched off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import callboard
import pytest
from django.db.models.functions import Now
from django.utils import timezone

from projects import jobs, webhook_deliveries, webhooks
from projects.models import DeliveryState, Job, Notification, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from projects.roles import Role
from projects.webhook_sending import Reply
from tests.projects.factories import make_member, make_project, make_user
from tests.projects.fake_receiver import FakeReceiver, receiving
from workers.job_kinds import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings) -> Iterator[FakeReceiver]:
    with receiving(FakeReceiver()) as receiver:
        settings.WEBHOOK_ALLOWLIST = [f"127.0.0.1:{receiver.port}"]
        yield receiver


@pytest.fixture
def admin():
    return make_user()


@pytest.fixture
def made(admin, receiver) -> tuple[WebhookEndpoint, str]:
    project = make_project(by=admin)
    return webhooks.create(project=project, name="bot", url=receiver.url, events=["prompt:published"], by=admin)


@pytest.fixture
def delivery(made) -> WebhookDelivery:
    webhooks.emit(project=made[0].project, event="prompt:published", data={"prompt": "a", "version": 2})
    return WebhookDelivery.objects.get()


def work() -> None:
    """Do the next try as a worker would, however far away it is."""
    Job.objects.filter(kind=webhooks.KIND, state="ready").update(run_at=Now())
    WebhookDelivery.objects.exclude(next_try_at=None).update(next_try_at=Now())
    for job in jobs.claim(kinds=[webhooks.KIND], limit=10):
        KINDS[job.kind](job)
        jobs.finish(job=job)


def test_what_arrives_is_verified_by_the_client(made, delivery, receiver):
    work()

    line, headers, body = receiver.requests[0]
    event = callboard.verify_webhook(body, headers, made[1])
    assert line.startswith("POST /hooks?token=abc ")
    assert event["type"] == "prompt:published"
    assert event["id"] == headers["webhook-id"]
    assert event["data"] == {"prompt": "a", "version": 2}
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    assert WebhookEndpoint.objects.get().last_success_at is not None


def test_after_a_rotation_both_secrets_verify_what_arrives(made, delivery, receiver, admin):
    new = webhooks.rotate(endpoint=made[0], by=admin)

    work()

    _, headers, body = receiver.requests[0]
    assert callboard.verify_webhook(body, headers, made[1]) == callboard.verify_webhook(body, headers, new)


def test_slack_gets_a_line_of_text_without_a_signature(made, receiver, admin):
    webhooks.create(
        project=made[0].project, name="chat", url=receiver.url, events=["prompt:undone"], by=admin, format="slack"
    )
    webhooks.emit(project=made[0].project, event="prompt:undone", data={"by": "Dana", "prompt": "a", "version": 1})

    work()

    _, headers, body = receiver.requests[0]
    assert list(json.loads(body)) == ["text"]
    assert "webhook-signature" not in headers


def test_a_failure_is_written_down_and_tried_again_later(delivery, receiver):
    receiver.script, receiver.answer = [500, 200], b"<script>alert(1)</script>"

    work()

    delivery.refresh_from_db()
    first = delivery.attempts.get()
    assert (first.status, first.answer) == (500, "<script>alert(1)</script>")
    assert delivery.state == DeliveryState.WAITING
    waits = delivery.next_try_at - timezone.now()
    assert timedelta(seconds=5) < waits < timedelta(seconds=15)
    work()
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    assert [one.status for one in delivery.attempts.order_by("number")] == [500, 200]


def test_the_same_event_keeps_its_id_and_body_and_gets_a_new_signature_time(made, delivery, receiver, time_machine):
    receiver.script = [500, 200]
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    work()
    time_machine.move_to(now + timedelta(minutes=20), tick=False)
    work()

    (_, first, body), (_, second, same_body) = receiver.requests
    assert body == same_body
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) >= 1_200


def test_after_eight_tries_the_endpoint_is_switched_off_and_the_admins_are_told(made, delivery, receiver, admin):
    make_member(project=made[0].project, role=Role.EDITOR)
    receiver.script = [503]

    for _ in range(8):
        work()

    delivery.refresh_from_db()
    endpoint = WebhookEndpoint.objects.get()
    assert (delivery.state, delivery.attempts.count(), delivery.next_try_at) == (DeliveryState.FAILED, 8, None)
    assert not endpoint.is_enabled
    assert "503" in endpoint.disabled_because
    told = Notification.objects.get()
    assert told.user == admin
    assert "switched off" in told.sentence
    assert told.path == f"/p/{endpoint.project.slug}/settings/webhooks/{endpoint.pk}/"
    work()
    assert len(receiver.requests) == 8


def test_an_endpoint_that_took_something_else_meanwhile_stays_on(made, delivery, receiver):
    receiver.script = [400]
    for _ in range(7):
        work()
    WebhookEndpoint.objects.update(last_success_at=timezone.now())

    work()

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.FAILED
    assert WebhookEndpoint.objects.get().is_enabled


def test_an_endpoint_that_says_it_is_gone_is_switched_off_at_once(delivery, receiver):
    receiver.script = [410]

    work()

    assert not WebhookEndpoint.objects.get().is_enabled
    assert Notification.objects.count() == 1


def test_what_waits_for_an_endpoint_that_was_switched_off_is_not_sent(made, delivery, receiver, admin):
    webhooks.switch(endpoint=made[0], on=False, by=admin)

    work()

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.SKIPPED
    assert receiver.requests == []


def test_a_try_whose_worker_died_is_sent_again_and_is_the_second_in_the_log(delivery, receiver):
    interrupted = webhook_deliveries._begin(delivery.pk)

    work()

    first, second = delivery.attempts.order_by("number")
    assert first.pk == interrupted.pk
    assert (first.status, first.finished_at is not None) == (None, True)
    assert "stopped before an answer came" in first.error
    assert (second.number, second.status) == (2, 200)


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(delivery, receiver):
    zombie = webhook_deliveries._begin(delivery.pk)
    work()

    webhook_deliveries._settle(zombie, Reply(took_ms=60_000, status=500), 0.0)

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    assert delivery.attempts.count() == 2
    assert WebhookAttempt.objects.get(pk=zombie.pk).status is None


def test_a_job_that_is_done_twice_sends_once(delivery, receiver):
    webhook_deliveries.deliver(delivery_id=delivery.pk, roll=0.0)
    webhook_deliveries.deliver(delivery_id=delivery.pk, roll=0.0)

    assert len(receiver.requests) == 1


def test_a_job_that_is_done_twice_does_not_hurry_the_next_try(delivery, receiver):
    receiver.script = [500]
    webhook_deliveries.deliver(delivery_id=delivery.pk, roll=0.0)
    webhook_deliveries.deliver(delivery_id=delivery.pk, roll=0.0)

    assert len(receiver.requests) == 1


def test_a_refused_address_is_a_failed_try(made, delivery, receiver, settings):
    settings.WEBHOOK_ALLOWLIST = []

    work()

    assert "must start with https://" in delivery.attempts.get().error
    assert receiver.requests == []


def test_a_secret_that_cannot_be_read_is_a_failed_try(delivery, receiver):
    WebhookEndpoint.objects.update(secret_sealed=b"\x00" * 60)

    work()

    assert "cannot be read" in delivery.attempts.get().error


def test_the_log_is_kept_for_a_month_and_what_lost_its_job_is_given_up(made):
    old, stuck, fresh = (webhooks.send_test(endpoint=made[0]) for _ in range(3))
    now = timezone.now()
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=now - timedelta(days=31))
    WebhookDelivery.objects.filter(pk=stuck.pk).update(created_at=now - timedelta(days=3))

    webhook_deliveries.delete_old()

    states = dict(WebhookDelivery.objects.values_list("pk", "state"))
    assert states == {stuck.pk: DeliveryState.FAILED, fresh.pk: DeliveryState.WAITING}
