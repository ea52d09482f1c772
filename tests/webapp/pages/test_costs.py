"""The page about what calls cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.alerts.rules import Kind, Period
from projects.roles import Role
from tests.monitoring.alerts.factories import make_alert
from tests.monitoring.factories import make_span, send
from tests.projects.factories import make_member, make_project, signed_in
from tests.webapp.hostile_texts import MARKUP

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def page(project):
    browser = signed_in(make_member(project=project))
    return lambda **query: browser.get(f"/p/{project.slug}/costs/", query)


def call(days_ago=0.0, **fields):
    return make_span(at=timezone.now() - timedelta(minutes=1) - DAY * days_ago, **fields)


def test_a_project_without_calls_is_told_what_will_be_here(page):
    assert "No calls in these days" in page().text


def test_the_money_of_the_chosen_days_stands_beside_the_days_before(page, project):
    send(project, call(cost_usd=3), call(8, cost_usd=2), call(40, cost_usd=50))

    text = page(range="7d").text

    assert "$3.00" in text
    assert "+50%" in text
    assert "before: $2.00" in text


def test_calls_without_a_price_lead_to_the_prices(page, project):
    send(project, call(model="invented-model"), call(cost_usd=1))

    text = page().text

    assert "1 call has no known price" in text
    assert "invented-model" in text
    assert f"/p/{project.slug}/settings/prices/" in text


def test_a_row_narrows_the_page_to_its_prompt(page, project):
    send(project, call(cost_usd=1, prompt="first"), call(cost_usd=2, prompt="second"))

    assert "prompt=second" in page().text
    assert "$3.00" not in page(prompt="second").text


def test_names_that_applications_send_are_never_markup(page, project):
    send(project, call(model=MARKUP[0], prompt=MARKUP[1], environment=MARKUP[0]))

    text = page(model=MARKUP[0]).text

    assert "&lt;script&gt;" in text
    assert MARKUP[0] not in text
    assert MARKUP[1] not in text


@pytest.mark.parametrize("query", [{"range": "24h"}, {"range": "\x00"}, {"prompt": "\x00"}, {"environment": "x" * 999}])
def test_an_address_that_makes_no_sense_still_shows_a_page(page, query):
    assert page(**query).status_code == 200


def test_the_month_is_forecast_with_an_interval_and_how_it_was_made(page, project):
    send(project, *(call(back, cost_usd=1 + back % 3) for back in range(1, 40)))

    text = page().text

    assert "by the end of" in text
    assert "Most likely between" in text
    assert "How this was made" in text


def test_a_project_with_few_days_is_told_how_many_a_forecast_needs(page, project):
    send(project, call(cost_usd=1), call(1, cost_usd=1), call(2, cost_usd=1))

    assert "it needs 5 more whole days with calls" in page().text


def test_budgets_are_shown_with_what_is_spent_and_lead_to_their_alert(page, project):
    send(project, call(cost_usd=3))
    budget = make_alert(project, kind=Kind.BUDGET, limit=12.0, period=Period.MONTH, shares=(80,), name=MARKUP[0])

    text = page().text

    assert "$3.00 of $12.00" in text
    assert f"/p/{project.slug}/settings/alerts/{budget.pk}/" in text
    assert MARKUP[0] not in text


def test_a_new_budget_is_offered_for_what_is_looked_at_to_those_who_may(project):
    send(project, call(cost_usd=1, prompt="answer"))
    address, query = f"/p/{project.slug}/costs/", {"prompt": "answer"}
    editor, viewer = (signed_in(make_member(project=project, role=role)) for role in (Role.EDITOR, Role.VIEWER))

    assert "alerts/new/?kind=budget&amp;prompt=answer" in editor.get(address, query).text
    assert "alerts/new/" not in viewer.get(address, query).text


def test_the_dearest_users_and_features_lead_to_their_calls(project):
    send(project, call(cost_usd=1, user="ann", attributes={"callboard.metadata.feature": MARKUP[0]}))
    browser = signed_in(make_member(project=project))

    text = browser.get(f"/p/{project.slug}/costs/users/", {"note": "feature"}).text

    assert "user=ann" in text
    assert "metadata.feature" in text
    assert MARKUP[0] not in text


@pytest.mark.parametrize("note", ["", "\x00", "'; --", MARKUP[0], "x" * 999])
def test_any_note_can_be_asked_for(project, note):
    send(project, call(cost_usd=1))
    browser = signed_in(make_member(project=project))

    assert browser.get(f"/p/{project.slug}/costs/users/", {"note": note}).status_code == 200
