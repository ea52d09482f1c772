"""How the budgets of a project stand: what is spent, how fast, and when the money will be gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from monitoring import usage_reading
from monitoring.alerts import grid
from monitoring.alerts.models import Alert
from monitoring.alerts.rules import Kind, Period
from monitoring.alerts.watches import watch_of
from monitoring.costs import forecasts, outlook
from monitoring.costs.forecasts import DAYS_READ, Forecast
from monitoring.usage_periods import Slice
from projects.models import Project

MOST = 20
_DAY = timedelta(days=1)


class Outcome(StrEnum):
    """How the time of a budget will end."""

    OVER = "over"
    RUNS_OUT = "runs_out"
    MAY_RUN_OUT = "may_run_out"
    WITHIN = "within"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget of a day or a month; the numbers are those its alert looks at."""

    alert: Alert
    spent_usd: float
    # How much of its day or month is over.
    time_share: float
    forecast: Forecast | None
    # When the money is expected to be gone: the moment for a budget of a day, midnight of the day for one of a month.
    gone_at: datetime | None
    outcome: Outcome

    @property
    def limit_usd(self) -> float:
        return float(self.alert.limit)

    @property
    def spent_share(self) -> float:
        return self.spent_usd / self.limit_usd if self.limit_usd else 1.0

    @property
    def is_of_month(self) -> bool:
        return bool(self.alert.period == Period.MONTH)


def of_project(*, project: Project, now: datetime) -> list[Budget]:
    """Return the budgets of a project, those most used up first."""
    alerts = Alert.objects.for_project(project).kept().filter(kind=Kind.BUDGET).select_related("project")
    found = [of_alert(alert=alert, now=now) for alert in alerts.order_by("-pk")[:MOST]]
    return sorted(found, key=lambda budget: -budget.spent_share)


def of_alert(*, alert: Alert, now: datetime) -> Budget:
    """Return how one budget stands."""
    began = grid.period_start(alert.period, now + timedelta(microseconds=1))
    first, last = began.date(), _last_day(alert.period, began.date())
    costs = _per_day(alert, now)
    spent = sum(cost for day, cost in costs.items() if day >= first)
    found = outlook.until(costs=costs, first=first, last=last, now=now)
    ends = outlook.midnight(last) + _DAY
    gone_at = _gone_at(float(alert.limit), found, now) if found and spent < alert.limit else None
    return Budget(alert, spent, (now - began) / (ends - began), found, gone_at, outcome(alert.limit, spent, found))


def outcome(limit: float, spent: float, found: Forecast | None) -> Outcome:
    """Return how the time of a budget will end, as far as can be said."""
    if spent >= limit:
        return Outcome.OVER
    if found is None:
        return Outcome.UNKNOWN
    if found.expected >= limit:
        return Outcome.RUNS_OUT
    return Outcome.MAY_RUN_OUT if found.high >= limit else Outcome.WITHIN


def _gone_at(limit: float, found: Forecast, now: datetime) -> datetime | None:
    day = forecasts.day_reached(limit=limit, forecast=found)
    if day is None:
        return None
    today, rest = found.ahead[0]
    if day != today:
        return outlook.midnight(day)
    ends = outlook.midnight(today) + _DAY
    return now + (ends - now) * min(1.0, (limit - found.spent) / rest) if rest else None


def _per_day(alert: Alert, now: datetime) -> dict[date, float]:
    """Return what the calls of an alert cost on each day with a call."""
    start = outlook.midnight(now.astimezone(UTC).date() - _DAY * DAYS_READ)
    groups: Sequence[usage_reading.Sums] = usage_reading.read(
        project_id=alert.project_id, slices=[Slice("usage_day", start, now)], keys=("bucket",), step=_DAY, has_latency=False,
        filters=watch_of(alert).scope.money,
    )  # fmt: skip
    return {group.keys["bucket"].astimezone(UTC).date(): group.counters["cost_nano_usd"] / 1e9 for group in groups}


def _last_day(period: str, first: date) -> date:
    if period == Period.DAY:
        return first
    return (first.replace(day=28) + _DAY * 4).replace(day=1) - _DAY
