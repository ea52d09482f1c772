"""Delivers events: every try is written down before it is sent, so that a worker may die at any moment."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from projects import notification_kinds, notifications, webhook_retries, webhook_sending, webhook_signatures, webhooks
from projects import webhook_texts as texts
from projects.errors import SecretUnreadable
from projects.models import DeliveryState, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from projects.outbound.look_ups import LookUp
from projects.outbound.transport import look_up
from projects.roles import Action
from projects.webhook_sending import Reply

KEPT_FOR = timedelta(days=30)
# No delivery waits longer than its eight tries take; what does lost its job.
_LONGEST_WAIT = timedelta(days=2)
# Clocks of workers and database differ a little.
_HURRY = timedelta(seconds=5)
_INTERRUPTED = "The worker stopped before an answer came, so it was sent again."


def deliver(*, delivery_id: int, roll: float, look_up: LookUp = look_up) -> None:
    """Try once to deliver; at least one try reaches the receiver, and one that was interrupted is repeated."""
    attempt = _begin(delivery_id)
    if attempt is not None:
        _settle(attempt, _send(attempt.delivery, look_up), roll)


def delete_old() -> None:
    """Remove the log of a month ago, and give up what was left waiting."""
    now = timezone.now()
    WebhookDelivery.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    stuck = WebhookDelivery.objects.filter(state=DeliveryState.WAITING, created_at__lt=now - _LONGEST_WAIT)
    stuck.filter(next_try_at__lt=now - timedelta(hours=1)).update(state=DeliveryState.FAILED, next_try_at=None)
    stuck.filter(next_try_at=None).update(state=DeliveryState.FAILED)


@transaction.atomic
def _begin(delivery_id: int) -> WebhookAttempt | None:
    deliveries = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint", "project")
    delivery = deliveries.filter(pk=delivery_id, state=DeliveryState.WAITING).first()
    if delivery is None or (delivery.next_try_at and delivery.next_try_at > timezone.now() + _HURRY):
        return None  # delivered already, or failed and planned anew by a worker that died before it said so
    if not delivery.endpoint.is_enabled:
        delivery.state, delivery.next_try_at = DeliveryState.SKIPPED, None
        delivery.save(update_fields=["state", "next_try_at"])
        return None
    delivery.attempts.filter(finished_at=None).update(finished_at=Now(), error=_INTERRUPTED)
    delivery.tries += 1
    delivery.next_try_at = None
    delivery.save(update_fields=["tries", "next_try_at"])
    number = delivery.attempts.count() + 1
    return WebhookAttempt.objects.create(delivery=delivery, number=number)


def _send(delivery: WebhookDelivery, look_up: LookUp) -> Reply:
    endpoint = delivery.endpoint
    body = texts.body(payload=delivery.payload, is_slack=endpoint.is_slack)
    try:
        headers = {} if endpoint.is_slack else _signed(delivery, body)
    except SecretUnreadable as error:
        return Reply(took_ms=0, error=str(error))
    return webhook_sending.post(url=endpoint.url, body=body, headers=headers, look_up=look_up)


def _signed(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    return webhook_signatures.headers(
        secrets=webhooks.secrets_of(delivery.endpoint), message_id=texts.message_id(delivery.event_id),
        timestamp=int(timezone.now().timestamp()), body=body,
    )  # fmt: skip


@transaction.atomic
def _settle(attempt: WebhookAttempt, reply: Reply, roll: float) -> None:
    # A worker that was taken for dead finds its attempt finished by its successor, and changes nothing.
    held = WebhookAttempt.objects.filter(pk=attempt.pk, finished_at=None).update(
        finished_at=Now(), took_ms=reply.took_ms, status=reply.status, answer=reply.answer, error=reply.error
    )
    if not held:
        return
    delivery = attempt.delivery
    if reply.is_good:
        delivery.state = DeliveryState.DELIVERED
        WebhookEndpoint.objects.filter(pk=delivery.endpoint_id).update(last_success_at=Now())
    else:
        _after_failure(attempt, reply, roll)
    delivery.save(update_fields=["state", "next_try_at"])


def _after_failure(attempt: WebhookAttempt, reply: Reply, roll: float) -> None:
    delivery = attempt.delivery
    wait = webhook_retries.wait(tries=delivery.tries, status=reply.status, roll=roll)
    if wait is not None:
        delivery.next_try_at = timezone.now() + wait
        webhooks.ask(delivery, after=attempt.number)
        return
    delivery.state = DeliveryState.FAILED
    _switch_off(delivery, reply)


def _switch_off(delivery: WebhookDelivery, reply: Reply) -> None:
    """Stop sending to an endpoint that is gone, or that took nothing since the event, and tell the admins."""
    enabled = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, is_enabled=True)
    if reply.status == webhook_retries.GONE:
        reason = "It answered 410: it does not want events any more."
    else:
        enabled = enabled.exclude(last_success_at__gt=delivery.created_at)
        said = f"it answered {reply.status}" if reply.status else reply.error.removesuffix(".")
        reason = f"All {webhook_retries.MAX_TRIES} tries within a day failed; at the last one: {said}."
    if not enabled.update(is_enabled=False, disabled_because=reason[:300]):
        return
    project = delivery.project
    notifications.tell(
        project=project, to=notifications.who_may(project=project, action=Action.MANAGE_PROJECT),
        kind=notification_kinds.WEBHOOK,
        sentence=f"The webhook «{delivery.endpoint.name}» is switched off. {reason}",
        path=f"/p/{project.slug}/settings/webhooks/{delivery.endpoint_id}/",
    )  # fmt: skip
