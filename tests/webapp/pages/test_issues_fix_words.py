"""What a fix is expected to do, in words."""

from __future__ import annotations

import pytest

from webapp.pages import issues_fix_words as words


def prediction(times, low, high):
    return {"times": times, "times_low": low, "times_high": high, "rate": 0.4}


@pytest.mark.parametrize(
    ("found", "begin", "end"),
    [
        (prediction(0.25, 0.1, 0.5), "From 40% to about 10%", "20%)."),
        (prediction(0.5, 0.1, 1.5), "From 40% to about 20%", "It may also get no rarer."),
        (prediction(1.5, 0.5, 3.0), "More of them would meet it, not fewer. From 40%", "100%)."),
    ],
)
def test_an_expectation_says_in_which_direction_it_goes(found, begin, end):
    said = words.expected_of(found)

    assert said.startswith(begin)
    assert said.endswith(end)


def test_a_test_that_shows_more_of_the_problem_is_a_warning():
    assert words.is_expected_worse(prediction(1.5, 0.5, 3.0))
    assert not words.is_expected_worse(prediction(0.9, 0.5, 3.0))
    assert not words.is_expected_worse(None)
