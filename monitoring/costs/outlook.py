"""What this month will have cost: reads the days that a forecast is made from."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from monitoring import usage_periods
from monitoring.costs import forecasts, reading
from monitoring.costs.forecasts import DAYS_READ, FEWEST_DAYS, Forecast
from monitoring.costs.reading import Narrowed
from projects.models import Project

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """The month that is under way; days begin at midnight UTC."""

    first: date
    last: date
    spent_usd: float
    # None while too few days have passed.
    forecast: Forecast | None
    # How many more whole days a forecast needs.
    days_missing: int
    # Of the month before; None when it had no call.
    before_usd: float | None
    unpriced_count: int


def of_month(*, project: Project, now: datetime, narrowed: Narrowed) -> Month:
    """Return what the month cost until now and will have cost at its end."""
    today = now.astimezone(UTC).date()
    first, last = today.replace(day=1), today.replace(day=monthrange(today.year, today.month)[1])
    first_before = (first - _DAY).replace(day=1)
    start = min(first_before, today - _DAY * DAYS_READ)
    per_day = reading.per_day(project=project, start=midnight(start), end=now, narrowed=narrowed)
    costs = {day: amounts.cost_nano_usd / 1e9 for day, amounts in per_day.items()}
    this_month = [amounts for day, amounts in per_day.items() if day >= first]
    before = [cost for day, cost in costs.items() if first_before <= day < first]
    found = until(costs=costs, first=first, last=last, now=now)
    return Month(
        first, last, sum(cost for day, cost in costs.items() if day >= first), found,
        0 if found else max(1, FEWEST_DAYS - len(finished_days(costs, today))), sum(before) if before else None,
        sum(amounts.unpriced_count for amounts in this_month),
    )  # fmt: skip


def until(*, costs: Mapping[date, float], first: date, last: date, now: datetime) -> Forecast | None:
    """Return what will have been spent from the first day to the end of the last, from the costs of single days."""
    today = now.astimezone(UTC).date()
    return forecasts.forecast(
        finished=finished_days(costs, today), spent=sum(cost for day, cost in costs.items() if first <= day <= today),
        today=today, today_spent=costs.get(today, 0.0), today_share=(now - midnight(today)) / _DAY, last=last,
    )  # fmt: skip


def finished_days(costs: Mapping[date, float], today: date) -> list[tuple[date, float]]:
    """Return the days up to yesterday without a gap, from the first one that has a call."""
    known = [day for day in costs if today - _DAY * DAYS_READ <= day < today]
    if not known:
        return []
    length = (today - min(known)).days
    days = [today - _DAY * back for back in range(length, 0, -1)]
    return [(day, costs.get(day, 0.0)) for day in days]


def midnight(day: date) -> datetime:
    """Return when a day begins."""
    return usage_periods.snap(datetime.combine(day, datetime.min.time(), UTC), step=_DAY)
