"""The page of outcomes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring.kinds import Arm
from monitoring.outcomes import sides
from monitoring.outcomes.sides import Named, Side
from projects.roles import Role
from tests.monitoring.factories import make_trace
from tests.monitoring.outcomes.factories import tell
from tests.projects.factories import make_member, make_project, signed_in
from webapp.pages import outcomes

pytestmark = pytest.mark.django_db

PROMPT = "shop/answer"


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def look(project):
    viewer = signed_in(make_member(project=project, role=Role.VIEWER))
    return lambda query="": viewer.get(f"/p/{project.slug}/outcomes/{query}")


def see(project, unit, *, version=1, buys=False, value=True):
    make_trace(project, prompt=PROMPT, version=version, user=unit, at=timezone.now() - timedelta(days=10))
    if buys:
        tell(project, unit, value=value, at=timezone.now() - timedelta(days=9))


def about(data_type="boolean"):
    return Named("order", data_type, 1, 1, timezone.now(), timedelta(0))


def test_each_version_says_for_how_many_people_it_happened(project, look):
    for number in range(4):
        see(project, f"user {number}", version=2, buys=number == 0)
    see(project, "somebody", version=1)

    page = look()

    assert "Version 2" in page.text
    assert "25%" in page.text
    assert "4.6% to 70%" in page.text
    assert page.text.index("Version 2") < page.text.index("Version 1")


def test_numbers_are_averages_of_people(project, look):
    for number in range(12):
        see(project, f"user {number}", buys=True, value=number)

    assert "5.5" in look().text
    assert "Average" in look().text


def test_without_any_outcome_it_says_how_to_send_one(look):
    assert "No outcome yet" in look().text
    assert "callboard.outcome(" in look().text


def test_outcomes_before_the_time_are_said_to_be_earlier(project, look):
    tell(project, "ann", at=timezone.now() - timedelta(days=100))

    assert "No outcome in these days" in look("?days=90").text


def test_without_prompts_it_says_what_is_missing(project, look):
    tell(project, "ann")

    assert "No call names its prompt yet" in look().text


@pytest.mark.parametrize(
    "query", ["?days=x&follow=-1", "?name=invented&prompt=invented", "?days=9999999", "?environment=%00"]
)
def test_values_that_make_no_sense_mean_the_usual(project, look, query):
    see(project, "ann", buys=True)

    assert look(query).status_code == 200


def test_ids_that_no_call_carries_are_pointed_out(project, look):
    see(project, "ann", buys=True)
    tell(project, "ANN")

    assert "1 has an id that no call carries" in look().text


def test_too_many_calls_are_not_waited_for(project, look, monkeypatch):
    see(project, "ann", buys=True)
    monkeypatch.setattr(sides, "_OF_VERSIONS", "SELECT '' AS unit, 1 AS side, now() AS at FROM pg_sleep(5)")
    monkeypatch.setattr(sides, "MOST_MILLISECONDS", 50)

    assert "Too many calls to count at once" in look().text


def test_hostile_names_are_shown_as_text(project, look):
    see(project, "ann")
    tell(project, "ann", name="<script>alert(1)</script>")

    assert "<script>alert(1)" not in look().text


def test_a_difference_says_no_more_than_its_interval():
    def arm(side, yes):
        return Side(side, 1000, 0, 0, yes, yes, 0.0, 0.0)

    clear = outcomes.difference_says([arm(Arm.CONTROL, 100), arm(Arm.CANDIDATE, 200)], about())
    open_ = outcomes.difference_says([arm(Arm.CONTROL, 100), arm(Arm.CANDIDATE, 105)], about())
    alone = outcomes.difference_says([arm(Arm.CONTROL, 100)], about())

    assert clear.startswith("It is higher with the new version (95 % sure: between +6.8")
    assert open_.startswith("No difference can be told yet")
    assert alone.startswith("There are not enough people")
