"""The page about what calls cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

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
    assert "$50.00" not in text


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
