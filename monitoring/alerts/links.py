"""Where an alert and the calls behind it are, for messages and pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from monitoring.alerts import grid
from monitoring.alerts.measures import MEASURES, Source
from monitoring.alerts.models import Alert, AlertEvent
from monitoring.alerts.rules import Direction, Kind

_SLOW = ("p50", "p95", "p99")


def page(alert: Alert) -> str:
    """Return the page of the alert."""
    return f"/p/{alert.project.slug}/settings/alerts/{alert.pk}/"


def calls(alert: Alert, *, start: datetime, end: datetime) -> str:
    """Return the list of the calls that an alert is about, of some time, narrowed to the bad ones as far as that can be asked."""
    narrowed: dict[str, object] = {
        "environment": alert.environment, "prompt": alert.prompt_name, "version": alert.prompt_version or "",
        "model": alert.model, **bad(alert),
    }  # fmt: skip
    asked = {name: str(value) for name, value in narrowed.items() if value != ""}
    query = urlencode(asked | {"range": f"{_moment(start)}..{_moment(end)}"}, safe=":")
    return f"/p/{alert.project.slug}/explore/?{query}"


def bad(alert: Alert) -> dict[str, object]:
    """Return the filters of the list of calls that leave the bad ones."""
    measure = MEASURES[alert.measure]
    if alert.kind not in (Kind.THRESHOLD, Kind.CHANGE):
        return {}
    if measure.source == Source.FINDINGS:
        return {"flag": measure.name}
    if measure.name == "errors":
        return {"status": "error"}
    if measure.name == "disliked":
        return {"thumbs": "down"}
    if measure.name in _SLOW and alert.kind == Kind.THRESHOLD and alert.direction == Direction.ABOVE:
        return {"min_seconds": alert.limit / 1000}
    return {}


def window(alert: Alert, event: AlertEvent) -> tuple[datetime, datetime]:
    """Return the time that an event is about."""
    if alert.kind == Kind.BUDGET:
        return grid.period_start(alert.period, event.at), event.at
    return event.at - timedelta(minutes=alert.pending_minutes + alert.window_minutes), event.at


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
