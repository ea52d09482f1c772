"""What the pages of alerts show: rows in words, and the chart of what was measured with its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.safestring import SafeString

from monitoring.alerts import links, words
from monitoring.alerts.decisions import Event
from monitoring.alerts.measures import MEASURES, Measure
from monitoring.alerts.measures import Unit as MeasureUnit
from monitoring.alerts.models import Alert
from monitoring.alerts.previews import Preview
from monitoring.alerts.rules import Direction, Kind, Phase
from monitoring.alerts.watches import watch_of
from projects.models import Project
from webapp import charts
from webapp.charts import TimeSeriesChart, Unit, Value

_POINTS = 168
_MOST_MARKS = 12
_UNITS = {
    MeasureUnit.SHARE: Unit.SHARE, MeasureUnit.MILLISECONDS: Unit.MILLISECONDS, MeasureUnit.USD: Unit.USD,
    MeasureUnit.COUNT: Unit.COUNT, MeasureUnit.NUMBER: Unit.NUMBER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert of the list."""

    alert: Alert
    title: str
    says: str
    tells: str
    state: str
    tone: str
    value: str


@dataclass(frozen=True, slots=True)
class Firing:
    """One time that an alert fired, or would have fired."""

    at: datetime
    value: str
    usual: str
    calls: int | None
    url: str


def rows(project: Project, alerts: Sequence[Alert]) -> list[AlertRow]:
    """Return the alerts of a list; the names of whom they tell are read once for all of them."""
    members = {one.user_id: one.user.display_name for one in project.memberships.select_related("user")}
    endpoints = dict(project.webhook_endpoints.values_list("pk", "name"))
    return [_row(alert, members, endpoints) for alert in alerts]


def state_of(alert: Alert) -> tuple[str, str]:
    """Return where an alert stands, in words, and the tone of it."""
    if alert.is_muted:
        return "Muted", "none"
    if alert.trouble:
        return "Cannot look", "warn"
    if alert.kind == Kind.HAPPENING:
        return "Listening", "good"
    if alert.kind == Kind.BUDGET and alert.is_firing:
        level = int(alert.progress.get("level") or 0)
        share = sorted(alert.shares)[level - 1] if 0 < level <= len(alert.shares) else 0
        return f"{share}% spent", "bad" if share >= 100 else "warn"
    if alert.is_new:
        return "Not looked at yet", "none"
    return {Phase.FIRING: ("Firing", "bad"), Phase.PENDING: ("Waiting", "warn")}.get(
        Phase(alert.phase), ("All right", "good")
    )


def measure_of(alert: Alert) -> Measure:
    """Return what an alert measures."""
    return MEASURES["cost"] if alert.kind == Kind.BUDGET else MEASURES[alert.measure]


def firings(alert: Alert, events: Sequence[Event]) -> list[Firing]:
    """Return the times that an alert would have fired, newest first, with the calls of each."""
    measure = measure_of(alert)
    span = timedelta(minutes=alert.pending_minutes + alert.window_minutes)
    return [
        Firing(
            at=event.at,
            value=words.amount(measure, event.reading.value),
            usual=words.amount(measure, event.reading.usual) if event.reading.usual is not None else "",
            # Silence and the number of calls say themselves how many there were.
            calls=None if alert.kind == Kind.SILENCE or measure.name == "calls" else event.reading.calls,
            url=""
            if alert.kind == Kind.SILENCE
            else links.calls(alert, start=event.reading.period or event.at - span, end=event.at),
        )
        for event in reversed(events)
    ]


def chart(alert: Alert, preview: Preview, marks: Sequence[tuple[datetime, str]]) -> SafeString | None:
    """Return the drawing of what was measured, with the limit and when it fired; None when nothing was."""
    drawn = _points(alert, preview)
    if len(drawn) < 2:
        return None
    measure = measure_of(alert)
    title = words.named(alert)
    return charts.svg(
        TimeSeriesChart(
            title=title[:1].upper() + title[1:], unit=_UNITS[measure.unit], series=["Measured", "Limit"], points=drawn,
            markers=list(marks)[-_MOST_MARKS:], colours=["s1", "s-bad"],
        )
    )  # fmt: skip


def marks_of(events: Sequence[Event]) -> list[tuple[datetime, str]]:
    """Return where a chart marks that an alert would have fired."""
    return [(event.at, f"{timezone.localtime(event.at):%-d %b %H:%M}") for event in events]


def _points(alert: Alert, preview: Preview) -> list[tuple[datetime, tuple[Value, ...]]]:
    """Return so many points as can be told apart, each the worst of its time, so that nothing that fired is hidden."""
    readings, limits = preview.readings, preview.limits()
    together = max(1, -(-len(readings) // _POINTS))
    worst = min if alert.direction == Direction.BELOW or alert.kind == Kind.SILENCE else max
    found: list[tuple[datetime, tuple[Value, ...]]] = []
    for start in range(0, len(readings), together):
        part = readings[start : start + together]
        known = [reading.value for reading in part if reading.value is not None and reading.is_enough]
        bounds = [limit for limit in limits[start : start + together] if limit is not None]
        found.append((part[-1].at, (worst(known) if known else None, bounds[-1] if bounds else None)))
    return found


def _row(alert: Alert, members: dict[int, str], endpoints: dict[int, str]) -> AlertRow:
    state, tone = state_of(alert)
    people = ["everybody"] if alert.tells_everybody else [members[pk] for pk in alert.people_ids if pk in members]
    told = [*people, *(endpoints[pk] for pk in alert.endpoint_ids if pk in endpoints)]
    has_value = alert.kind != Kind.HAPPENING and alert.last_value is not None
    return AlertRow(
        alert=alert, title=words.title(alert), says=words.condition(alert) if alert.name else "",
        tells=", ".join(told) or "nobody who is still here", state=state, tone=tone,
        value=words.amount(watch_of(alert).measure, alert.last_value) if has_value else "",
    )  # fmt: skip
