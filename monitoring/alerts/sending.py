"""Writes down what happened to an alert together with the messages about it: all of it, or nothing, and each only once."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from monitoring.alerts import links, words
from monitoring.alerts.decisions import Event
from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import News, Reading
from projects import notifications, webhooks
from projects.models import User, WebhookEvent

_MOST_TOLD = 200
_ENDS = (News.RECOVERED, News.CAUGHT_UP)
TEST_WORDS = "This is a test of the alert «{}». It arrived; nothing is the matter."


@dataclass(frozen=True, slots=True)
class Line:
    """What is to be written down: the numbers, the sentence, and where it leads when that is not the alert."""

    key: str
    news: str
    at: datetime
    sentence: str
    reading: Reading
    incident: int = 0
    level: int = 0
    path: str = ""
    is_sent: bool = True


def line_of(alert: Alert, event: Event) -> Line:
    """Return an event of the rule as it is written down."""
    return Line(
        key=event.key, news=event.news, at=event.at, sentence=words.told(alert, event), reading=event.reading,
        incident=event.incident, level=event.level, is_sent=event.is_sent,
    )  # fmt: skip


def write_down(*, alert: Alert, line: Line) -> tuple[AlertEvent, bool]:
    """Keep the line and its messages, inside the caller's transaction; return also whether it is new."""
    numbers = {"value": line.reading.value, "usual": line.reading.usual, "calls": line.reading.calls}
    kept = {name: value for name, value in asdict(line).items() if name not in ("key", "reading")}
    row, is_new = AlertEvent.objects.get_or_create(
        alert=alert, key=line.key, defaults={"project_id": alert.project_id, **kept, **numbers}
    )
    if is_new and line.is_sent:
        _send(alert, row)
    return row, is_new


def send_test(*, alert: Alert) -> AlertEvent:
    """Tell everybody whom the alert would tell that it works."""
    now = timezone.now()
    sentence = TEST_WORDS.format(words.title(alert))[: words.MOST_CHARS]
    line = Line(f"test {uuid.uuid4().hex}", News.TEST, now, sentence, Reading(now, None))
    return write_down(alert=alert, line=line)[0]


def people(alert: Alert) -> list[User]:
    """Return whom the alert tells by the bell and by mail, as each of them chose."""
    members = User.objects.filter(memberships__project=alert.project_id, is_active=True)
    if not alert.tells_everybody:
        members = members.filter(pk__in=alert.people_ids)
    return list(members.order_by("name", "email")[:_MOST_TOLD])


def _send(alert: Alert, row: AlertEvent) -> None:
    event = WebhookEvent.ALERT_RESOLVED if row.news in _ENDS else WebhookEvent.ALERT_FIRED
    webhooks.emit(
        project=alert.project, event=event, data=about(alert, row), event_id=row.event_id, also=alert.endpoint_ids
    )
    told = notifications.tell(
        project=alert.project, to=people(alert), kind=f"alert.{row.news}", sentence=row.sentence,
        path=row.path or links.page(alert),
    )  # fmt: skip
    AlertEvent.objects.filter(pk=row.pk).update(notification_ids=[one.pk for one in told])


def about(alert: Alert, row: AlertEvent) -> dict[str, Any]:
    """Return what messages say about an event; no text of calls is part of it."""
    start, end = links.window(alert, row)
    return {
        "alert": alert.pk, "name": words.title(alert), "news": row.news, "incident": row.incident, "sentence": row.sentence,
        "measure": alert.measure, "value": row.value, "usual": row.usual, "limit": alert.limit, "calls": row.calls,
        "environment": alert.environment, "prompt": alert.prompt_name, "prompt_version": alert.prompt_version or None,
        "model": alert.model, "at": row.at.isoformat(), "url": f"{settings.PUBLIC_URL}{row.path or links.page(alert)}",
        "calls_url": f"{settings.PUBLIC_URL}{links.calls(alert, start=start, end=end)}",
    }  # fmt: skip
