"""What some traces have more or less often than others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.exploring import differences
from monitoring.exploring.differences import Dimension

NOBODY_TWICE = np.arange(100_000)


def strongest(chosen, rest, *, people=None, name="model", **more):
    """Compare the texts of chosen traces with those of the rest."""
    texts = [*chosen, *rest]
    return differences.strongest(
        [differences.dimension(name, texts, **more)], is_chosen=np.arange(len(texts)) < len(chosen),
        people=NOBODY_TWICE[: len(texts)] if people is None else np.array(people),
    )  # fmt: skip


def many(**counts):
    return [name for name, count in counts.items() for _ in range(count)]


def test_what_is_far_more_frequent_is_named_with_both_shares():
    found = strongest(many(large=80, small=20), many(large=100, small=900))

    first = found[0]
    assert (first.dimension, first.value, first.share, first.rest_share) == ("model", "large", 0.8, 0.1)
    assert first.is_sure
    assert first.is_more
    assert first.low < 0.7 < first.high


def test_what_is_missing_is_named_as_well():
    [first, *_] = strongest(many(large=100, other=1), many(large=500, small=500))

    assert (first.value, first.is_more, first.is_sure) == ("small", False, True)


def test_the_same_shares_are_no_difference():
    assert not any(one.is_sure for one in strongest(many(a=50, b=50), many(a=500, b=500)))


def test_what_all_have_or_hardly_any_tells_nothing():
    assert strongest(many(a=50), many(a=500)) == []
    assert [one.value for one in strongest(many(a=48, b=2), many(a=498, b=2))] == ["a"]


def test_too_few_traces_tell_nothing():
    assert strongest(many(a=10), many(b=500)) == []


def test_what_nobody_knows_is_left_out_of_both_counts():
    [first, *_] = strongest([*many(a=40, b=10), *[None] * 50], many(a=100, b=400))

    assert (first.count, first.total, first.rest_total) == (40, 50, 500)


def test_many_traces_of_one_person_count_for_little():
    chosen, rest = many(large=60, small=40), many(large=100, small=400)
    one_person = [0] * 60 + list(range(1, 541))

    apart = strongest(chosen, rest)[0]
    of_one = strongest(chosen, rest, people=one_person)[0]

    assert apart.is_sure
    assert not of_one.is_sure


def test_chance_hardly_ever_makes_a_difference_however_many_ways_are_looked_at():
    random = np.random.default_rng(5)
    alarms = 0
    for _ in range(40):
        dimensions = [
            Dimension(f"d{number}", random.integers(0, 6, 600), [str(value) for value in range(6)])
            for number in range(20)
        ]
        found = differences.strongest(dimensions, is_chosen=np.arange(600) < 150, people=NOBODY_TWICE[:600])
        alarms += any(one.is_sure for one in found)
    assert alarms <= 6


def test_a_planted_difference_is_first_among_many():
    random = np.random.default_rng(6)
    is_chosen = np.arange(2_000) < 300
    planted = np.where(is_chosen, random.random(2_000) < 0.6, random.random(2_000) < 0.3).astype(np.int64)
    noise = [
        Dimension(f"d{number}", random.integers(0, 5, 2_000), [str(value) for value in range(5)])
        for number in range(20)
    ]

    found = differences.strongest(
        [*noise, Dimension("planted", planted, ["no", "yes"])], is_chosen=is_chosen, people=NOBODY_TWICE[:2_000]
    )

    assert found[0].dimension == "planted"
    assert [one.value for one in found if one.is_sure] == ["yes"]


@pytest.mark.parametrize(("number", "edge"), [(0.0, ""), (0.5, "500ms"), (0.9, "500ms"), (1.0, "1s"), (99.0, "1s")])
def test_numbers_fall_into_bands_by_their_lower_edge(number, edge):
    found = differences.banded("latency", [number, None], {"": 0.0, "500ms": 0.5, "1s": 1.0})

    assert [found.values[code] if code >= 0 else None for code in found.codes] == [edge, None]


@settings(max_examples=80)
@given(st.integers(0, 60), st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_bounds_hold_the_difference_that_was_seen(count, total, rest_count, rest_total):
    count, rest_count = min(count, total), min(rest_count, rest_total)
    low, high = differences.interval(count, total, rest_count, rest_total, 2.5)

    assert -1 - 1e-9 <= low <= count / total - rest_count / rest_total + 1e-9
    assert count / total - rest_count / rest_total - 1e-9 <= high <= 1 + 1e-9
