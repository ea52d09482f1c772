"""Webhooks of a project: the addresses that hear of its events, and writing an event down for each of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from projects import audit, jobs, secrets, webhook_sending, webhook_signatures, webhook_texts
from projects.errors import ProjectsError
from projects.models import (
    DeliveryState,
    Project,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
    WebhookFormat,
)
from projects.outbound.errors import OutboundError

KIND = "webhook.deliver"
MOST_ENDPOINTS = 20
OVERLAP = timedelta(hours=24)


class EndpointNameMissing(ProjectsError):
    """A webhook needs a name. Type one and try again."""


class EndpointAddressRefused(ProjectsError):
    """This server may not call that address."""


class NoEvents(ProjectsError):
    """A webhook needs at least one event. Tick what it should hear of."""


class TooManyEndpoints(ProjectsError):
    """A project may have up to 20 webhooks. Remove one that is no longer needed."""


class EndpointIsOff(ProjectsError):
    """This webhook is switched off. Switch it on first."""


class StillWaiting(ProjectsError):
    """This event is still on its way; it is tried again by itself."""


def create(
    *, project: Project, name: str, url: str, events: Iterable[str], by: User, format: str = WebhookFormat.JSON
) -> tuple[WebhookEndpoint, str]:
    """Return a new endpoint and its secret, which is shown once; one for Slack has none."""
    values = _checked(name, url, events)
    with transaction.atomic():
        return _create(project, values, WebhookFormat(format), by)


def _create(project: Project, values: dict[str, Any], format: WebhookFormat, by: User) -> tuple[WebhookEndpoint, str]:
    if project.webhook_endpoints.count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    endpoint = WebhookEndpoint.objects.create(project=project, format=format, created_by=by, **values)
    secret = "" if endpoint.is_slack else webhook_signatures.new_secret()
    if secret:
        endpoint.secret_sealed = _seal(endpoint, secret)
        endpoint.save(update_fields=["secret_sealed"])
    audit.record(action="webhook.created", subject=endpoint.name, by=by, project=project, **_public_values(endpoint))
    return endpoint, secret


def change(*, endpoint: WebhookEndpoint, name: str, url: str, events: Iterable[str], by: User) -> WebhookEndpoint:
    """Give the endpoint another name, address or choice of events."""
    values = _checked(name, url, events)
    with transaction.atomic():
        locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        before = _public_values(locked)
        locked.name, locked.url, locked.events = values["name"], values["url"], values["events"]
        locked.save(update_fields=list(values))
        audit.record(
            action="webhook.changed", subject=locked.name, by=by, project=locked.project, before=before,
            after=_public_values(locked),
        )  # fmt: skip
    return locked


@transaction.atomic
def rotate(*, endpoint: WebhookEndpoint, by: User) -> str:
    """Return a new secret, which is shown once; for a day the old one signs as well."""
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = webhook_signatures.new_secret()
    locked.old_secret_sealed, locked.old_secret_until = locked.secret_sealed, timezone.now() + OVERLAP
    locked.secret_sealed = _seal(locked, secret)
    locked.save(update_fields=["secret_sealed", "old_secret_sealed", "old_secret_until"])
    audit.record(action="webhook.secret_rotated", subject=locked.name, by=by, project=locked.project)
    return secret


@transaction.atomic
def switch(*, endpoint: WebhookEndpoint, on: bool, by: User) -> None:
    """Send events to the endpoint again, or no more."""
    changed = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(is_enabled=on)
    if changed.update(is_enabled=on, disabled_because=""):
        action = "webhook.switched_on" if on else "webhook.switched_off"
        audit.record(action=action, subject=endpoint.name, by=by, project=endpoint.project)


@transaction.atomic
def delete(*, endpoint: WebhookEndpoint, by: User) -> None:
    """Remove the endpoint, its secret and the log of what was sent to it."""
    audit.record(
        action="webhook.deleted", subject=endpoint.name, by=by, project=endpoint.project, **_public_values(endpoint)
    )
    endpoint.delete()


@transaction.atomic
def emit(
    *, project: Project, event: str, data: Mapping[str, Any], event_id: uuid.UUID | None = None, also: Collection[int] = ()
) -> None:  # fmt: skip
    """Write an event down for every endpoint that wants it; it is sent once the current change is committed.

    `also` are endpoints of the project that hear of this one whatever else they want.
    """
    wants = Q(events__contains=[WebhookEvent(event).value]) | Q(pk__in=also)
    wanted = WebhookEndpoint.objects.filter(wants, project=project, is_enabled=True)
    event_id, now = event_id or uuid.uuid4(), timezone.now()
    for endpoint in wanted:
        payload = webhook_texts.payload(event_id=event_id, event=event, project=project, data=data, at=now)
        _queue(endpoint, event_id, payload)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send an event that means nothing, so that somebody can see whether it arrives."""
    if not endpoint.is_enabled:
        raise EndpointIsOff
    event_id = uuid.uuid4()
    data = {"message": f"This is a test of the webhook «{endpoint.name}». It arrived."}
    payload = webhook_texts.payload(
        event_id=event_id, event=webhook_texts.TEST_EVENT, project=endpoint.project, data=data, at=timezone.now()
    )
    return _queue(endpoint, event_id, payload)


@transaction.atomic
def resend(*, delivery: WebhookDelivery, by: User) -> None:
    """Send an event once more, under its old id, with new tries."""
    locked = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("endpoint").get(pk=delivery.pk)
    if not locked.endpoint.is_enabled:
        raise EndpointIsOff
    if locked.is_waiting:
        raise StillWaiting
    locked.state, locked.tries, locked.next_try_at = DeliveryState.WAITING, 0, timezone.now()
    locked.save(update_fields=["state", "tries", "next_try_at"])
    ask(locked, after=locked.attempts.count(), again=True)
    audit.record(
        action="webhook.sent_again", subject=locked.endpoint.name, by=by, project=locked.project,
        event=webhook_texts.message_id(locked.event_id),
    )  # fmt: skip


def ask(delivery: WebhookDelivery, *, after: int, again: bool = False) -> None:
    """Ask for the next try of a delivery, which has had `after` attempts, at the moment that is due.

    `again` asks even when the same try was asked for before, and came to nothing.
    """
    once_more = f" again {uuid.uuid4().hex}" if again else ""
    is_now = delivery.next_try_at is None or delivery.next_try_at <= timezone.now()
    jobs.add(
        kind=KIND, dedupe_key=f"{delivery.pk} after {after}{once_more}", payload={"delivery": delivery.pk},
        project_id=delivery.project_id, run_at=None if is_now else delivery.next_try_at,
    )  # fmt: skip


def secrets_of(endpoint: WebhookEndpoint) -> list[str]:
    """Return the secrets that sign at this moment, the newest first."""
    sealed = [endpoint.secret_sealed]
    if endpoint.old_secret_until is not None and endpoint.old_secret_until > timezone.now():
        sealed.append(endpoint.old_secret_sealed)
    return [
        secrets.unseal(sealed=bytes(one), project_id=endpoint.project_id, field=_field(endpoint))
        for one in sealed
        if one is not None
    ]


def shown_address(endpoint: WebhookEndpoint) -> str:
    """Return the address without what works as a key in it: the query, and the end of Slack's paths."""
    address, _, query = endpoint.url.partition("?")
    if endpoint.is_slack:
        start, _, last = address.rpartition("/")
        return f"{start}/…{last[-4:]}" if len(last) > 8 else address
    return f"{address}?…" if query else address


def _queue(endpoint: WebhookEndpoint, event_id: uuid.UUID, payload: dict[str, Any]) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.create(
        project_id=endpoint.project_id, endpoint=endpoint, event_id=event_id, event=payload["type"], payload=payload
    )
    ask(delivery, after=0)
    return delivery


def _public_values(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name, "address": shown_address(endpoint), "format": str(endpoint.format),
        "events": list(endpoint.events),
    }  # fmt: skip


def _checked(name: str, url: str, events: Iterable[str]) -> dict[str, Any]:
    """Return what may be stored. Asked outside of any transaction: looking up a host may take seconds."""
    return {"name": _checked_name(name), "events": _checked_events(events), "url": _checked_url(url)}


def _checked_name(name: str) -> str:
    name = name.replace("\x00", "").strip()[:80]
    if not name:
        raise EndpointNameMissing
    return name


def _checked_url(url: str) -> str:
    url = url.strip()
    try:
        webhook_sending.check(url)
    except OutboundError as error:
        raise EndpointAddressRefused(str(error)) from error
    return url


def _checked_events(events: Iterable[str]) -> list[str]:
    wanted = sorted(WebhookEvent(event).value for event in set(events))
    if not wanted:
        raise NoEvents
    return wanted


def _seal(endpoint: WebhookEndpoint, secret: str) -> bytes:
    return secrets.seal(plain=secret, project_id=endpoint.project_id, field=_field(endpoint))


def _field(endpoint: WebhookEndpoint) -> str:
    return f"webhook_endpoint:{endpoint.pk}"
