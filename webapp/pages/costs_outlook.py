"""What will have been spent, in words: the month that is under way, and the budgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from monitoring.alerts import words
from monitoring.costs import budgets, outlook
from monitoring.costs.budgets import Budget, Outcome
from monitoring.costs.outlook import Month
from monitoring.costs.reading import Narrowed
from projects.models import Project
from projects.roles import Action
from webapp import formats
from webapp.access import ProjectRequest


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One budget as the page shows it."""

    title: str
    url: str
    spent: str
    limit: str
    percent: int
    share: str
    pace: str
    ends: str
    # good, warn, bad or nothing.
    tone: str
    state: str


def shown(request: ProjectRequest, now: datetime, narrowed: Narrowed) -> dict[str, Any]:
    """Return what the page says about the rest of the month."""
    month = outlook.of_month(project=request.project, now=now, narrowed=narrowed)
    asked = {"kind": "budget", "prompt": narrowed.prompt, "model": narrowed.model, "environment": narrowed.environment}
    query = urlencode({name: value for name, value in asked.items() if value})
    return {
        "month": month, "month_words": _month_words(month), "month_note": _month_note(month),
        "budgets": [_row(request.project, budget, now) for budget in budgets.of_project(project=request.project, now=now)],
        "budget_url": f"{reverse('new-alert', args=[request.project.slug])}?{query}",
        "can_budget": request.membership.can(Action.EDIT_ALERTS),
    }  # fmt: skip


def _month_words(month: Month) -> str:
    found = month.forecast
    if found is None:
        days = f"{month.days_missing} more whole {'day' if month.days_missing == 1 else 'days'}"
        return f"Not enough data for a forecast yet: it needs {days} with calls."
    low, high = formats.usd(found.low), formats.usd(found.high)
    between = "" if low == high else f" Most likely between {low} and {high}."
    return f"About {formats.usd(found.expected)} by the end of {month.last:%-d %B}.{between}"


def _month_note(month: Month) -> str:
    if month.before_usd is None:
        return ""
    return f"{month.first - timedelta(days=1):%B} cost {formats.usd(month.before_usd)}."


_STATES = {
    Outcome.OVER: ("Used up", "bad"), Outcome.RUNS_OUT: ("Will run out", "warn"), Outcome.MAY_RUN_OUT: ("May run out", "warn"),
    Outcome.WITHIN: ("Enough", "good"), Outcome.UNKNOWN: ("Too early to say", ""),
}  # fmt: skip


def _row(project: Project, budget: Budget, now: datetime) -> BudgetRow:
    state, tone = _STATES[budget.outcome]
    return BudgetRow(
        title=words.title(budget.alert), url=reverse("alert", args=[project.slug, budget.alert.pk]),
        spent=formats.usd(budget.spent_usd), limit=formats.usd(budget.limit_usd), percent=min(100, int(budget.spent_share * 100)),
        share=formats.percent(budget.spent_share), pace=_pace(budget), ends=_ends(budget, now), tone=tone, state=state,
    )  # fmt: skip


def _pace(budget: Budget) -> str:
    whole = "month" if budget.is_of_month else "day"
    return f"{formats.percent(budget.spent_share)} spent, {formats.percent(budget.time_share)} of the {whole} over"


def _ends(budget: Budget, now: datetime) -> str:
    found = budget.forecast
    if budget.outcome == Outcome.OVER:
        return f"{formats.usd(budget.spent_usd - budget.limit_usd)} more than planned so far"
    if found is None:
        return "A forecast needs a week of calls"
    if budget.gone_at is None:
        when = "the month" if budget.is_of_month else "the day"
        return f"About {formats.usd(found.expected)} by the end of {when}, at most {formats.usd(found.high)}"
    if budget.gone_at.date() <= now.date():
        return f"Gone today at about {timezone.localtime(max(budget.gone_at, now)):%H:%M} UTC"
    return f"Gone on about {budget.gone_at:%a %-d %b}"
