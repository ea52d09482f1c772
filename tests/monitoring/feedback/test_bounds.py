"""What the silence of most people leaves open."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.feedback import bounds
from monitoring.feedback.bounds import Kind

# A busy machine is no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SLACK = 1e-9
kinds = st.lists(
    st.builds(lambda up, down, silent: Kind(up + down + silent, up, down), *[st.integers(0, 10_000)] * 3), max_size=6
)
odds = st.floats(1, 1_000)


def test_worst_case_leaves_open_what_was_not_said():
    found = bounds.worst_case([Kind(calls=100, up=6, down=4)])

    assert (found.low, found.high) == (0.06, 0.96)


def test_a_factor_of_three_in_words_of_the_guide():
    # 60 of 100 who answer are pleased: silent ones are between 33 and 82 of 100.
    assert [round(100 * bounds.tilted(0.6, factor)) for factor in (1 / 3, 1, 3)] == [33, 60, 82]


def test_kinds_of_calls_that_answer_rarely_weigh_as_much_as_they_happen():
    often, rarely = Kind(calls=100, up=10, down=40), Kind(calls=900, up=8, down=2)

    assert bounds.among_answered([often, rarely]) == pytest.approx(0.3)
    assert bounds.evened_out([often, rarely]) == pytest.approx(0.67, abs=0.02)


def test_when_everybody_answers_nothing_is_open():
    everybody = [Kind(calls=10, up=7, down=3)]

    for found in (bounds.worst_case(everybody), bounds.plausible(everybody, odds=50)):
        assert (found.low, found.high) == (0.7, 0.7)


def test_without_answers_only_the_worst_case_can_be_told():
    silent = [Kind(calls=10, up=0, down=0)]

    assert (bounds.worst_case(silent).low, bounds.worst_case(silent).high) == (0.0, 1.0)
    assert bounds.plausible(silent) is None
    assert bounds.evened_out(silent) is None


def test_of_nothing_nothing_can_be_told():
    assert bounds.worst_case([]) is None
    assert bounds.plausible([]) is None


@patient
@given(kinds, odds)
def test_what_is_plausible_lies_within_the_worst_case_and_holds_the_even_share(found, factor):
    plausible, worst, even = bounds.plausible(found, odds=factor), bounds.worst_case(found), bounds.evened_out(found)

    if plausible is None:
        return
    assert 0 <= worst.low <= plausible.low + SLACK
    assert plausible.low <= even + SLACK
    assert even <= plausible.high + SLACK
    assert plausible.high <= worst.high + SLACK


@patient
@given(kinds, odds, odds)
def test_the_more_silence_may_mean_the_wider_the_bounds(found, one, other):
    narrow, wide = (bounds.plausible(found, odds=factor) for factor in sorted((one, other)))

    if narrow is not None:
        assert wide.low <= narrow.low + SLACK
        assert narrow.high <= wide.high + SLACK


@patient
@given(kinds, odds)
def test_good_and_bad_are_treated_alike(found, factor):
    turned = [Kind(kind.calls, kind.down, kind.up) for kind in found]
    one, other = bounds.plausible(found, odds=factor), bounds.plausible(turned, odds=factor)

    if one is not None:
        assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-9)


@patient
@given(kinds)
def test_with_any_odds_at_all_the_bounds_come_near_the_worst_case(found):
    plausible, worst = bounds.plausible(found, odds=1e12), bounds.worst_case(found)

    if plausible is not None and 0 < bounds.among_answered(found) < 1:
        assert plausible.low == pytest.approx(worst.low, abs=1e-3)
        assert plausible.high == pytest.approx(worst.high, abs=1e-3)
