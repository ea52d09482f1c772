import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.usage_rates import Rate, wilson_interval


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_agree_with_published_ones(count, total, low, high):
    assert wilson_interval(count=count, total=total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_the_interval_holds_the_share_and_stays_between_zero_and_one(count, total):
    count = min(count, total)

    low, high = wilson_interval(count=count, total=total)

    assert 0 <= low <= count / total <= high <= 1


@given(st.integers(1, 999))
def test_more_ratings_narrow_the_interval(count):
    few, many = Rate(count, 1_000), Rate(count * 10, 10_000)

    assert many.high - many.low < few.high - few.low


def test_out_of_nothing_everything_is_possible():
    rate = Rate(0, 0)

    assert rate.share is None
    assert rate.interval == (0.0, 1.0)


def test_nineteen_ratings_are_not_enough_and_twenty_are():
    assert (Rate(5, 19).is_enough, Rate(5, 19).missing) == (False, 1)
    assert (Rate(5, 20).is_enough, Rate(5, 20).missing) == (True, 0)


def test_a_rate_is_above_another_only_when_the_intervals_part():
    assert Rate(60, 100).is_above(Rate(20, 100))
    assert not Rate(25, 100).is_above(Rate(20, 100))
