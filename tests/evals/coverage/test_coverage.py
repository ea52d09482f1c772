"""The coverage number against a planted truth, on made-up traffic whose topics are known."""

from __future__ import annotations

import numpy as np
import pytest

from evals.coverage import coverage, groups, suggestions
from tests.evals.coverage.topics import Traffic

SEEDS = range(5)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7])
def test_the_number_is_the_share_of_the_topics_that_have_items(share):
    found = []
    for seed in SEEDS:
        traffic = Traffic.drawn(seed)
        items = traffic.more(3_000, topics=range(round(share * Traffic.TOPICS)))
        planted = 100 * np.isin(traffic.topics, range(round(share * Traffic.TOPICS))).mean()
        found.append(coverage.measure(calls=traffic.calls, items=items).percent - planted)

    assert max(abs(difference) for difference in found) <= 2


@pytest.mark.parametrize("count", [30, 100, 300])
def test_calls_drawn_at_random_score_what_the_curve_says(count):
    scores = []
    for seed in range(12):
        traffic = Traffic.drawn(seed)
        scores.append(coverage.measure(calls=traffic.calls, items=traffic.more(count)).percent)

    assert np.mean(scores) == pytest.approx(coverage.expected_of_random(count), abs=2.5)


def test_nine_of_ten_suggestions_are_of_topics_without_items():
    for seed in SEEDS:
        traffic = Traffic.drawn(seed)
        has_items = range(14)
        result = coverage.measure(calls=traffic.calls, items=traffic.more(400, topics=has_items))

        chosen = suggestions.suggest(
            calls=traffic.calls, reach=result.reach, covered=result.covered, weights=np.ones(len(traffic.calls)), count=10
        )  # fmt: skip

        assert sum(traffic.topics[one.place] not in has_items for one in chosen) >= 9


def test_what_is_suggested_first_represents_most():
    traffic = Traffic.drawn(1)
    result = coverage.measure(calls=traffic.calls, items=traffic.more(50, topics=range(10)))

    chosen = suggestions.suggest(
        calls=traffic.calls, reach=result.reach, covered=result.covered, weights=np.ones(len(traffic.calls)), count=20
    )  # fmt: skip

    gains = [one.gain for one in chosen]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] > 1


def test_adding_what_is_suggested_raises_the_number_by_what_was_said():
    traffic = Traffic.drawn(2)
    items = traffic.more(50, topics=range(10))
    before = coverage.measure(calls=traffic.calls, items=items)
    chosen = suggestions.suggest(
        calls=traffic.calls, reach=before.reach, covered=before.covered, weights=np.ones(len(traffic.calls)), count=10
    )  # fmt: skip

    added = traffic.calls[[one.place for one in chosen]]
    after = coverage.measure(calls=traffic.calls, items=np.vstack([items, added]))

    assert after.covered.sum() - before.covered.sum() == sum(one.gain for one in chosen)


def test_a_disliked_call_comes_before_a_liked_one():
    # Two pairs far from each other, alike but for the opinion of the users.
    calls = np.eye(4, dtype=np.float32)
    weights = suggestions.weights_of(
        disliked=np.array([False, False, True, False]), flagged=np.zeros(4, dtype=bool), growth=np.zeros(4)
    )

    chosen = suggestions.suggest(
        calls=calls, reach=np.full(4, 0.9, dtype=np.float32), covered=np.zeros(4, dtype=bool), weights=weights, count=1
    )

    assert [one.place for one in chosen] == [2]


def test_a_kind_of_call_that_becomes_more_frequent_grows():
    labels = np.array([0] * 40 + [1] * 40)
    recent = np.array([True] * 5 + [False] * 35 + [True] * 30 + [False] * 10)

    growth = suggestions.growth_of(labels=labels, recent=recent)

    assert growth[0] == 0
    assert growth[-1] > 1


def test_without_items_nothing_is_covered():
    traffic = Traffic.drawn(3)

    result = coverage.measure(calls=traffic.calls, items=np.empty((0, traffic.calls.shape[1]), dtype=np.float32))

    assert result.percent == 0


def test_texts_that_say_the_same_stand_for_one():
    traffic = Traffic.drawn(4)
    doubled = np.vstack([traffic.calls[:1_500], traffic.calls[:1_500]])

    stands_for = coverage.distinct(doubled)

    assert len(np.unique(stands_for)) == len(np.unique(coverage.distinct(traffic.calls[:1_500])))
    assert (stands_for[1_500:] < 1_500).all()


def test_the_gaps_of_the_groups_add_up_to_what_is_missing():
    traffic = Traffic.drawn(5)
    result = coverage.measure(calls=traffic.calls, items=traffic.more(60, topics=range(8)))
    labels = groups.grouped(traffic.calls)

    gaps = sum((labels == label).mean() * (1 - result.covered[labels == label].mean()) for label in np.unique(labels))

    assert 100 * gaps == pytest.approx(100 - result.percent)


def test_groups_follow_the_topics():
    traffic = Traffic.drawn(6)

    labels = groups.grouped(traffic.calls)

    purest = sum(np.bincount(traffic.topics[labels == label]).max() for label in np.unique(labels))
    assert purest / len(labels) > 0.9


def test_a_group_is_named_by_the_words_that_tell_it_from_others():
    texts = ["Where is the refund of my order?"] * 5 + ["How do I reset the password of my account?"] * 5
    labels = np.array([0] * 5 + [1] * 5)

    names = groups.names_of(texts, labels)

    assert "refund" in names[0]
    assert "password" in names[1]
    assert "the" not in names[0].split(", ")


def test_a_word_of_one_call_names_no_group():
    texts = ["refund please", "refund now", "refund today Krzysztof"]

    names = groups.names_of([*texts, "other", "other", "other"], np.array([0, 0, 0, 1, 1, 1]))

    assert names[0] == "refund"
