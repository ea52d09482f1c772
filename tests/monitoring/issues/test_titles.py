"""Titles in plain words."""

from __future__ import annotations

import pytest

from monitoring.issues import titles
from monitoring.issues.models import Signal
from monitoring.issues.titles import Cause
from monitoring.streams import attribution


def test_a_title_says_what_how_much_and_since_when():
    cause = Cause("prompt version", "11")

    assert titles.make(subject="Refunds after 30 days", signal="refused", rate=0.062, cause=cause) == (
        "Refunds after 30 days: 6 % refused since v11"
    )


def test_a_title_does_not_give_the_share_of_all_calls_to_a_part_of_them():
    cause = Cause("language", "es")

    assert titles.make(subject="Refunds", signal="refused", rate=0.1, cause=cause) == (
        "Refunds: 10 % refused, above all in Spanish"
    )


def test_a_language_that_has_no_name_here_goes_by_its_code():
    assert titles.since(Cause("language", "tlh")) == "in the language «tlh»"


def test_without_a_cause_nothing_is_made_up():
    assert titles.make(subject="", signal="slow", rate=0.3, cause=Cause()) == "All calls: 30 % are slower than usual"


@pytest.mark.parametrize("signal", Signal.values)
def test_every_signal_has_words(signal):
    assert titles.make(subject="Orders", signal=signal, rate=0.5, cause=Cause()).startswith("Orders: 50 % ")


def test_where_several_prompts_have_versions_the_prompt_is_named():
    assert titles.since(Cause("prompt version", "support/answer 11")) == "since support/answer v11"


def test_every_dimension_that_is_compared_has_words():
    assert all(titles.since(Cause(dimension, "x")) for dimension in attribution.DIMENSIONS)


def test_a_long_or_odd_name_is_cut_and_cleaned():
    title = titles.make(subject="a\x00b\n{0}%s" + "x" * 500, signal="empty", rate=0.5, cause=Cause("model", "m" * 500))

    assert title.startswith("a b {0}%sxxx")
    assert len(title) <= titles.MOST_CHARS


@pytest.mark.parametrize(
    ("rate", "shown"), [(0, "0 %"), (0.0004, "under 0.1 %"), (0.004, "0.4 %"), (0.058, "6 %"), (1, "100 %")]
)
def test_a_share_is_said_as_people_say_it(rate, shown):
    assert titles.percent(rate) == shown
