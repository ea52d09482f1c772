"""Settings: what may be spent on models in a day."""

from __future__ import annotations

import pytest
from django.urls import reverse

from projects import spending
from projects.roles import Role
from projects.spending import NANO
from tests.projects.factories import make_member, make_project, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return make_user(name="Dana")


@pytest.fixture
def project(admin):
    return make_project(by=admin)


@pytest.fixture
def url(project):
    return reverse("settings-spending", args=[project.slug])


def test_the_limits_are_shown_and_changed(admin, project, url):
    browser = signed_in(admin)
    before = browser.get(url).text
    answer = browser.post(url, {"project": "12.50", "person": "1.25"}, follow=True)

    assert 'value="20.00"' in before
    assert "The limits are saved." in answer.text
    limits = spending.limits_of(project)
    assert (limits.project_nano_usd, limits.person_nano_usd) == (NANO * 25 // 2, NANO * 5 // 4)


@pytest.mark.parametrize("typed", ["-1", "", "a lot", "9999999999", "1.005", "NaN", "Infinity"])
def test_an_amount_that_makes_no_sense_is_refused_and_stays_in_the_form(admin, project, url, typed):
    answer = signed_in(admin).post(url, {"project": typed, "person": "1"})

    assert answer.status_code == 422
    assert spending.limits_of(project) == spending.Limits()


def test_who_spent_what_today_is_listed(admin, project, url):
    sam = make_member(project=project, role=Role.EDITOR, name="Sam")
    expense = spending.reserve(project=project, amount_nano_usd=NANO, purpose="trial", by=sam)
    spending.settle(expense=expense, cost_nano_usd=NANO // 4)

    page = signed_in(admin).get(url).text

    assert "Sam" in page
    assert "$0.25" in page
    assert "$0.25 of $20.00" in page


def test_the_price_that_unknown_models_count_with_is_said(admin, url):
    assert "$15 for a million tokens read and $75 for a million written" in signed_in(admin).get(url).text
