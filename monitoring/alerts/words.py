"""Alerts in plain words: what one says, and what happened to it."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitoring.alerts.decisions import Event, limit_at
from monitoring.alerts.measures import MEASURES, SCORE, Measure, Unit
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Direction, Kind, News, Period, Reading

MOST_CHARS = 500
HAPPENINGS = {
    "issue:opened": "a problem is found", "issue:escalated": "a problem gets worse", "issue:regressed": "a problem comes back",
    "issue:resolved": "a problem is gone", "rollout:started": "a rollout starts", "rollout:ask": "a rollout needs a decision",
    "rollout:freeze": "a rollout cannot trust its numbers", "rollout:rolled_back": "a rollout is rolled back",
    "rollout:completed": "a rollout is completed",
}  # fmt: skip


def title(alert: Alert) -> str:
    """Return how an alert is called."""
    return alert.name or _capital(condition(alert))


def condition(alert: Alert) -> str:
    """Return when an alert fires, as the part of a sentence after «when»."""
    where, window = _where(alert), length(timedelta(minutes=alert.window_minutes))
    match alert.kind:
        case Kind.HAPPENING:
            return f"{_or([HAPPENINGS.get(name, name) for name in alert.happenings])}{where}"
        case Kind.BUDGET:
            period = "today" if alert.period == Period.DAY else "this month"
            shares = _or([f"{share}%" for share in alert.shares])
            return f"{shares} of {money(alert.limit)} is spent {period}{where}"
        case Kind.SILENCE:
            return f"no calls arrive{where} for {window}"
        case Kind.CHANGE:
            way = "more" if alert.direction == Direction.ABOVE else "less"
            return f"{named(alert)}{where} over {window} is {percent(alert.limit)} {way} than at the same time of past weeks"
    return f"{named(alert)}{where} is {alert.direction} {amount(_measure(alert), alert.limit)} over {window}"


def named(alert: Alert) -> str:
    """Return what an alert measures."""
    if alert.measure == SCORE:
        return f"the mean of «{alert.score_name}»"
    words = _measure(alert).words
    return f"the number of {words}" if alert.measure in ("calls", "tokens") else f"the {words}"


def told(alert: Alert, event: Event) -> str:
    """Return what happened, as one sentence for a message."""
    reading, name = event.reading, title(alert)
    if event.news == News.RECOVERED and not reading.is_enough:
        words = f"Over: {name}. There are too few calls by now to tell whether it still holds."
    elif event.news in (News.RECOVERED, News.CAUGHT_UP):
        words = f"Over: {name}. {_now(alert, reading)}"
    else:
        still = "Still: " if event.news == News.REMINDED else ""
        words = f"{still}{name}. {_now(alert, reading)}"
    return words if len(words) <= MOST_CHARS else f"{words[: MOST_CHARS - 1]}…"


def amount(measure: Measure, value: float | None) -> str:
    """Return a value in the words of its measure."""
    if value is None:
        return "unknown"
    match measure.unit:
        case Unit.SHARE:
            return percent(value)
        case Unit.USD:
            return money(value)
        case Unit.MILLISECONDS:
            return f"{value:.0f} ms" if value < 1000 else f"{value / 1000:.3g} s"
        case Unit.COUNT:
            return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(share: float) -> str:
    """Return a share as a percentage without needless digits."""
    return f"{share * 100:.3g}%"


def money(dollars: float) -> str:
    """Return an amount of dollars; below a cent with two digits that mean something."""
    if dollars and abs(dollars) < 0.01:
        return f"${dollars:.2g}"
    return f"${dollars:,.2f}".removesuffix(".00")


def length(duration: timedelta) -> str:
    """Return a length of time such as «15 minutes»."""
    minutes = round(duration.total_seconds() / 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{minutes} minutes"


def clock(moment: datetime) -> str:
    """Return a moment to the minute, in UTC as everything that leaves the site."""
    return f"{moment:%-d %b %H:%M} UTC"


def _now(alert: Alert, reading: Reading) -> str:
    measure = _measure(alert)
    if alert.kind == Kind.BUDGET:
        share = (reading.value or 0) / alert.limit if alert.limit else 0
        return f"{money(reading.value or 0)} of {money(alert.limit)} ({share:.0%}) until {clock(reading.at)}."
    if alert.kind == Kind.SILENCE:
        calls = f"{reading.value or 0:,.0f} calls"
        return f"{calls} in the {length(timedelta(minutes=alert.window_minutes))} until {clock(reading.at)}."
    limit = limit_at(alert.rule, reading)
    beside = f", the limit is {amount(measure, limit)}" if limit is not None else ""
    if alert.kind == Kind.CHANGE and reading.usual is not None:
        beside = f", usual is {amount(measure, reading.usual)}"
    among = "" if measure.unit in (Unit.COUNT, Unit.USD) else f", among {reading.calls:,}"
    return f"It is {amount(measure, reading.value)}{beside}{among}, until {clock(reading.at)}."


def _measure(alert: Alert) -> Measure:
    return MEASURES["cost" if alert.kind == Kind.BUDGET else alert.measure]


def _where(alert: Alert) -> str:
    prompt = f" of {alert.prompt_name}" if alert.prompt_name else ""
    version = f" v{alert.prompt_version}" if alert.prompt_version else ""
    model = f" with {alert.model}" if alert.model else ""
    return f"{prompt}{version}{model}{f' in {alert.environment}' if alert.environment else ''}"


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
