"""Budgets say what is spent, how fast, and when the money will be gone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitoring.alerts.rules import Kind, Period
from monitoring.alerts.watches import watch_of
from monitoring.costs import budgets, outlook
from monitoring.costs.budgets import Outcome
from monitoring.costs.reading import Narrowed
from monitoring.kinds import Kind as CallKind
from tests.monitoring.alerts.factories import make_alert
from tests.monitoring.costs.factories import count_day
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
# The 16th of a month of 30 days, at noon.
NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture
def project():
    return make_project()


def make_budget(project, *, limit, period=Period.MONTH, **fields):
    return make_alert(project, kind=Kind.BUDGET, limit=limit, period=period, shares=(80, 100), **fields)


def spend_daily(project, usd, *, days=30, model="gpt-5-mini"):
    """Spend as much on every day up to yesterday, and half of it today."""
    for back in range(1, days + 1):
        count_day(project, NOW - DAY * back, usd, model=model)
    count_day(project, NOW, usd / 2, model=model)


def the_budget(project):
    (found,) = budgets.of_project(project=project, now=NOW)
    return found


def test_a_month_counts_from_its_first_day(project):
    spend_daily(project, 10)
    make_budget(project, limit=1000)

    found = the_budget(project)

    assert found.spent_usd == pytest.approx(155)
    assert found.time_share == pytest.approx(15.5 / 30)
    assert found.outcome == Outcome.WITHIN
    assert found.gone_at is None


def test_what_embeddings_cost_is_spent_too(project):
    spend_daily(project, 10)
    count_day(project, NOW - DAY, 45, model="text-embedding-3-small", kind=CallKind.EMBEDDING)
    alert = make_budget(project, limit=1000)

    (reading,) = watch_of(alert).readings([NOW])

    assert the_budget(project).spent_usd == pytest.approx(200)
    assert the_budget(project).spent_usd == outlook.of_month(project=project, now=NOW, narrowed=Narrowed()).spent_usd
    # What the alert looks at; the part of today is counted by quarters of an hour, and none is there.
    assert reading.value == pytest.approx(195)


def test_the_day_the_money_will_be_gone_is_foretold(project):
    spend_daily(project, 10)
    make_budget(project, limit=182)

    found = the_budget(project)

    assert found.outcome == Outcome.RUNS_OUT
    assert found.gone_at == datetime(2026, 11, 19, tzinfo=UTC)


def test_money_that_is_gone_is_said_to_be(project):
    spend_daily(project, 10)
    make_budget(project, limit=100)

    found = the_budget(project)

    assert (found.outcome, found.gone_at) == (Outcome.OVER, None)


def test_a_budget_of_a_day_runs_out_at_a_time_of_day(project):
    spend_daily(project, 10)
    make_budget(project, limit=7.5, period=Period.DAY)

    found = the_budget(project)

    assert found.spent_usd == pytest.approx(5)
    assert found.gone_at == datetime(2026, 11, 16, 18, tzinfo=UTC)


def test_a_budget_of_one_model_counts_only_its_calls(project):
    spend_daily(project, 10, model="big")
    spend_daily(project, 1, model="small")
    make_budget(project, limit=1000, model="small")

    assert the_budget(project).spent_usd == pytest.approx(15.5)


def test_without_enough_days_nothing_is_foretold(project):
    spend_daily(project, 10, days=3)
    make_budget(project, limit=1000)

    found = the_budget(project)

    assert (found.outcome, found.forecast) == (Outcome.UNKNOWN, None)


def test_only_budgets_of_the_project_that_were_not_deleted_count(project):
    make_budget(make_project(), limit=10)
    make_alert(project)

    assert budgets.of_project(project=project, now=NOW) == []


def test_a_month_is_forecast_from_its_days(project):
    spend_daily(project, 10)

    month = outlook.of_month(project=project, now=NOW, narrowed=Narrowed())

    assert (month.first, month.last) == (date(2026, 11, 1), date(2026, 11, 30))
    assert month.spent_usd == pytest.approx(155)
    assert month.forecast.expected == pytest.approx(300)
    assert month.before_usd == pytest.approx(150)


def test_days_without_a_call_between_others_count_as_nothing_spent():
    today = date(2026, 11, 16)

    found = outlook.finished_days({today - 4 * DAY: 5.0, today - DAY: 7.0, today: 1.0}, today)

    assert [cost for _, cost in found] == [5.0, 0.0, 0.0, 7.0]
