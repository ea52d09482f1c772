"""What became of clusters: the best pairs stay, clear parts are splits, clear wholes are merges."""

from __future__ import annotations

import numpy as np

from monitoring.clusters.matching import Merge, Split, changes


def compared(shared: list[list[float]], *, unknown: list[float] | None = None, likeness: float = 0.5):
    table = np.array(shared, dtype=float)
    alike = np.where(table == table.max(axis=1, keepdims=True), 0.95, likeness)
    return changes(table, alike, np.array(unknown or [0.0] * table.shape[1]))


def test_a_group_with_the_calls_of_a_cluster_is_that_cluster():
    found = compared([[90, 3], [2, 70]])

    assert found.same == {0: 0, 1: 1}
    assert (found.splits, found.merges, found.new) == ([], [], [])


def test_a_cluster_whose_calls_are_two_groups_is_split():
    assert compared([[60, 40, 0], [0, 0, 80]]).splits == [Split(cluster=0, kept=0, parts={0: 0.6, 1: 0.4})]


def test_clusters_whose_calls_are_one_group_are_merged_into_the_larger():
    assert compared([[30, 0], [70, 0], [0, 50]]).merges == [Merge(group=0, kept=1, gone={0: 1.0})]


def test_a_fringe_that_goes_elsewhere_is_no_split():
    assert compared([[80, 20], [0, 90]]).splits == []


def test_a_group_of_calls_that_belonged_nowhere_is_new():
    assert compared([[90, 2], [3, 0]], unknown=[0, 40]).new == [1]


def test_a_group_of_calls_of_many_clusters_is_not_new():
    assert compared([[50, 20], [50, 20]], unknown=[0, 10]).new == []
