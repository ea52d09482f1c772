"""What a replay says about the traffic, against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from evals.replays import results
from evals.replays.results import Pair
from evals.statistics import weighted
from evals.statistics.verdicts import Verdict


def pairs(
    count: int, *, stands_for: float = 1.0, topic: int = 1, was_bad: bool = False, is_bad: bool = False
) -> list[Pair]:
    return [Pair(stands_for, topic, was_bad, is_bad)] * count


def test_shares_count_each_item_as_the_calls_that_it_stands_for():
    # 30 items for 10 calls each, 10 of them fixed; 100 items for 50 calls each, all of them good.
    some = (
        pairs(10, stands_for=10, was_bad=True)
        + pairs(20, stands_for=10, was_bad=True, is_bad=True)
        + pairs(100, stands_for=50)
    )

    (effect,) = results.overall([some])

    assert effect is not None
    assert effect.calls == 5_300
    assert effect.then == pytest.approx(300 / 5_300)
    assert effect.now == pytest.approx(200 / 5_300)
    assert effect.fewer.estimate == pytest.approx(100 / 5_300)


def test_the_variance_is_that_of_a_weighted_mean():
    found = weighted.mean([1.0, 0.0, 0.0, 1.0], [1, 1, 1, 3])

    # Shares 1/6, 1/6, 1/6, 1/2; mean 2/3; as good as 1 / (3/36 + 1/4) = 3 items.
    assert found.mean == pytest.approx(2 / 3)
    assert found.count == pytest.approx(3.0)
    spread = (1 / 36) * (1 / 9 + 4 / 9 + 4 / 9) + (1 / 4) * (1 / 9)
    assert found.variance == pytest.approx(max(spread * 3 / 2, (2 / 7) * (5 / 7) / 7))


def test_where_all_items_show_the_same_the_next_one_may_still_differ():
    difference = weighted.difference([0.0] * 400, [1.0] * 400)

    reach = 1.966 * math.sqrt((2 / 404) * (402 / 404) / 404)
    assert difference.interval.high == pytest.approx(reach, rel=0.01)
    assert difference.p_value == pytest.approx(1.0)


def test_a_clear_improvement_is_better_and_its_mirror_image_worse():
    fixed = pairs(60, was_bad=True) + pairs(340)
    broken = pairs(60, is_bad=True) + pairs(340)

    better, worse = results.overall([fixed, broken])

    assert better is not None
    assert worse is not None
    assert (better.verdict, worse.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert better.fewer.interval.low > 0 > worse.fewer.interval.high
    assert better.fewer.estimate == pytest.approx(0.15)


def test_a_check_that_judged_nothing_says_nothing():
    assert results.overall([[], pairs(20)])[0] is None


def test_one_heavy_item_among_many_light_ones_carries_no_verdict():
    some = pairs(1, stands_for=10_000, was_bad=True) + pairs(200)

    (effect,) = results.overall([some])

    assert effect is not None
    assert effect.verdict == Verdict.UNKNOWN


def test_topics_come_largest_first_and_small_ones_say_that_they_are():
    some = pairs(30, topic=1, was_bad=True) + pairs(5, topic=2, stands_for=100)

    first, second = results.by_topic([some], {1: (30.0, 30), 2: (500.0, 5)})

    assert [first.topic, second.topic] == [2, 1]
    assert (first.is_small, second.is_small) == (True, False)
    assert second.effects[0] is not None
    assert second.effects[0].verdict == Verdict.BETTER


def test_a_topic_without_a_judged_item_has_no_effect():
    (only,) = results.by_topic([pairs(10, topic=1)], {2: (7.0, 3)})

    assert only.effects == (None,)
