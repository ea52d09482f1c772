"""What pages and the API show of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import News, Phase
from projects.models import Notification, NotificationMail, Project, WebhookDelivery

_ENDS = (News.RECOVERED,)


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one receiver, and what became of it."""

    to: str
    channel: str
    state: str
    # good, warn or bad.
    tone: str
    note: str = ""
    delivery: WebhookDelivery | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to an alert, and the messages about it."""

    event: AlertEvent
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Incident:
    """One time that an alert fired."""

    number: int
    fired: AlertEvent
    ended_at: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it lasted; None while it goes on."""
        return (self.ended_at - self.fired.at).total_seconds() if self.ended_at else None


def listed(project: Project) -> list[Alert]:
    """Return the alerts of a project, those that fire first."""
    alerts = Alert.objects.for_project(project).kept().select_related("project", "created_by")
    order = {Phase.FIRING: 0, Phase.PENDING: 1, Phase.OK: 2}
    return sorted(alerts, key=lambda alert: (order[Phase(alert.phase)], -alert.pk))


def history(*, alert: Alert, limit: int, before: int | None = None) -> list[Happened]:
    """Return what happened, newest first, each with the messages about it."""
    rows = alert.events.order_by("-pk")
    events = list((rows.filter(pk__lt=before) if before else rows)[:limit])
    messages = _messages(alert, events)
    return [Happened(event, messages.get(event.pk, [])) for event in events]


def incidents(*, alert: Alert, limit: int) -> list[Incident]:
    """Return the times it fired, newest first, each with its end. A budget that warns again is one incident."""
    fired = list(alert.events.filter(news=News.FIRED).order_by("-at", "-pk")[:limit])
    numbers = {event.incident for event in fired}
    ends = dict(alert.events.filter(news__in=_ENDS, incident__in=numbers).values_list("incident", "at"))
    first = {event.incident: event for event in fired}
    return [Incident(number, event, ends.get(number)) for number, event in first.items()]


def fired_between(*, project: Project, start: datetime, end: datetime, limit: int = 20) -> list[AlertEvent]:
    """Return when alerts of a project fired in a time, the latest of it, oldest first."""
    rows = AlertEvent.objects.filter(project=project, news=News.FIRED, at__gte=start, at__lt=end)
    return list(reversed(rows.select_related("alert").order_by("-at")[:limit]))


def _messages(alert: Alert, events: Sequence[AlertEvent]) -> dict[int, list[Message]]:
    by_event_id = {event.event_id: event.pk for event in events}
    found: dict[int, list[Message]] = {}
    deliveries = WebhookDelivery.objects.filter(project=alert.project_id, event_id__in=by_event_id)
    for delivery in deliveries.select_related("endpoint").order_by("pk"):
        found.setdefault(by_event_id[delivery.event_id], []).append(_of_delivery(delivery))
    by_notification = {pk: event.pk for event in events for pk in event.notification_ids}
    for notification, message in _of_people(by_notification):
        found.setdefault(by_notification[notification], []).append(message)
    return found


def _of_delivery(delivery: WebhookDelivery) -> Message:
    tone = {"delivered": "good", "failed": "bad", "skipped": "warn"}.get(delivery.state, "")
    tries = f"{delivery.tries} tries" if delivery.tries > 1 else ""
    return Message(delivery.endpoint.name, "webhook", delivery.get_state_display(), tone, tries, delivery)


def _of_people(ids: Iterable[int]) -> list[tuple[int, Message]]:
    rows = Notification.objects.filter(pk__in=list(ids)).select_related("user", "mail").order_by("pk")
    return [(row.pk, _of_person(row)) for row in rows]


def _of_person(row: Notification) -> Message:
    mail: NotificationMail | None = getattr(row, "mail", None)
    seen = "read" if row.read_at else "not read yet"
    if mail is None:
        return Message(row.user.display_name, "bell", "In the app", "good" if row.read_at else "", seen)
    if mail.error:
        return Message(row.user.display_name, "bell and e-mail", "E-mail not sent", "bad", mail.error)
    state = "Sent" if mail.sent_at else "In the daily mail" if mail.is_daily else "Waiting"
    return Message(row.user.display_name, "bell and e-mail", state, "good" if mail.sent_at else "", seen)
