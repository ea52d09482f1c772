"""Dates are the same however they are written."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge
from evals.evaluators.cases import Case
from evals.evaluators.dates import SameDate, dates_in

DAY = date(2026, 11, 4)
WAYS = [
    "2026-11-04", "4 November 2026", "November 4, 2026", "Nov 4th 2026", "4th of November 2026", "the 4 Nov. 2026", "4. November 2026",
    "04.11.2026", "4.11.2026", "4/11/2026", "4 de noviembre de 2026", "4 novembre 2026", "due 2026-11-04.",
]  # fmt: skip


@pytest.mark.parametrize("text", WAYS)
def test_every_usual_way_is_read(text):
    assert list(dates_in(text)) == [DAY]


def test_month_first_is_a_choice():
    assert list(dates_in("11/4/2026", month_first=True)) == [DAY]
    assert list(dates_in("11/4/2026")) == [date(2026, 4, 11)]


@pytest.mark.parametrize(
    "text", ["31 February 2026", "2026-13-01", "order 12345-12-12345", "version 1.2.3", "", "in 2026"]
)
def test_what_is_no_date_is_left_out(text):
    assert list(dates_in(text)) == []


def test_one_of_several_dates_is_enough():
    case = Case("Ordered on 1 November 2026, arrives by November 4, 2026.", expected="2026-11-04")

    assert SameDate().judge(case).passed


def test_another_date_does_not_pass_and_is_named():
    found = SameDate().judge(Case("It arrives on 5.11.2026.", expected="2026-11-04"))

    assert not found.passed
    assert found.why == "The answer says 2026-11-05, expected is 2026-11-04."


def test_without_an_expected_date_nothing_is_judged():
    with pytest.raises(CannotJudge, match="no date"):
        SameDate().judge(Case("2026-11-04", expected="soon"))


@settings(deadline=None)
@given(st.dates(min_value=date(1000, 1, 1)))
def test_iso_dates_survive(day):
    assert list(dates_in(day.isoformat())) == [day]


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    assert all(isinstance(one, date) for one in dates_in(text))
