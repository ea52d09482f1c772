"""Groups are found with their number unknown, the same every time, and chance is told from structure."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.embeddings import ari
from monitoring.clusters import discovery, learning
from monitoring.clusters.trees import grown
from tests.monitoring.clusters.topics import Topics


def mixed(topics: Topics, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    vectors = np.concatenate([topics.about(topic, size) for topic, size in enumerate(sizes)])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(3).permutation(len(labels))
    return vectors[order], labels[order]


@pytest.mark.parametrize("sizes", [[40] * 5, [40] * 25, [15, 20, 30, 60, 90, 120], [30] * 10 + [8] * 6])
def test_planted_groups_are_found_whatever_their_number_and_sizes(sizes):
    vectors, topics = mixed(Topics(len(sizes)), sizes)

    found = discovery.discover(vectors, smallest=5)

    assert 0.67 <= len(found.centroids) / len(sizes) <= 1.5
    assert ari(topics, found.labels) > 0.85


def test_the_same_vectors_are_always_grouped_the_same_way():
    vectors, _ = mixed(Topics(8), [30] * 8)

    first, second = discovery.discover(vectors), discovery.discover(vectors)

    assert first.labels.tolist() == second.labels.tolist()
    assert (first.centroids == second.centroids).all()


def test_very_many_vectors_are_condensed_first_and_grouped_as_well(monkeypatch):
    monkeypatch.setattr(discovery, "_MOST_POINTS", 500)
    monkeypatch.setattr(discovery, "_CONDENSED", 300)
    vectors, topics = mixed(Topics(10), [150] * 10)

    found = discovery.discover(vectors, smallest=20)

    assert len(found.labels) == 1_500
    assert ari(topics, found.labels) > 0.9


def test_a_weight_counts_like_so_many_equal_vectors():
    points = Topics(1).anything(6)
    doubled = np.concatenate([points, points[:2]])

    weighted = grown(points, np.array([2, 2, 1, 1, 1, 1], dtype=np.float32)).cut(3)
    repeated = grown(doubled, np.ones(8, dtype=np.float32)).cut(3)

    assert ari(weighted, repeated[:6]) == pytest.approx(1)


def test_groups_lighter_than_the_smallest_are_dissolved():
    vectors, _ = mixed(Topics(4), [60, 60, 60, 6])

    found = discovery.discover(vectors, smallest=15)

    assert np.bincount(found.labels).min() >= 15


def test_groups_in_a_cloud_without_structure_are_not_clear():
    found = discovery.discover(Topics(1).anything(500))

    assert found.is_clear.mean() < 0.2


def test_planted_groups_are_clear():
    vectors, _ = mixed(Topics(8), [40] * 8)

    assert discovery.discover(vectors, smallest=5).is_clear.all()


def test_two_topics_fall_apart_and_one_topic_does_not():
    topics = Topics(2)
    both = np.concatenate([topics.about(0, 60), topics.about(1, 60)])
    one = topics.about(0, 120)
    halves, alike = np.repeat([0, 1], 60), np.ones(120, dtype=np.float32)

    assert discovery.falls_apart(both, alike, halves)
    assert not discovery.falls_apart(one, alike, halves)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_handful_of_vectors_is_no_problem(count):
    vectors = Topics(1).about(0, 3)[:count]

    assert len(discovery.discover(vectors).labels) == count


def test_equal_vectors_count_together_in_the_order_they_came():
    vectors = Topics(1).about(0, 3)[[2, 0, 2, 1, 0]]

    first, same = learning.distinct(vectors)

    assert first.tolist() == [0, 1, 3]
    assert same.tolist() == [0, 1, 0, 2, 1]
