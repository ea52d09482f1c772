"""Places on the map: the same ones tomorrow, and near for what is alike."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.clusters.parents import MOST, parents
from monitoring.clusters.positions import placed
from tests.monitoring.clusters.topics import Topics


def unknown(count: int) -> np.ndarray:
    return np.full((count, 2), np.nan)


def test_clusters_with_a_place_keep_it_when_others_come():
    centroids = Topics(9).directions.astype(np.float32)
    first = placed(centroids[:6], unknown(6))

    later = placed(centroids, np.concatenate([first, unknown(3)]))

    assert (later[:6] == first).all()
    assert np.isfinite(later).all()


def test_a_new_cluster_lies_beside_the_one_that_it_is_like():
    topics = Topics(8)
    centroids = topics.directions.astype(np.float32)
    first = placed(centroids, unknown(8))
    twin = topics.around(topics.directions[3] * 4, 1)

    later = placed(np.concatenate([centroids, twin]), np.concatenate([first, unknown(1)]))

    assert np.linalg.norm(later[8] - later[:8], axis=1).argmin() == 3


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_clusters_have_places_too(count):
    assert np.isfinite(placed(Topics(3).directions[:count].astype(np.float32), unknown(count))).all()


def test_there_are_twelve_wider_groups_at_most():
    labels = parents(Topics(90).directions.astype(np.float32))

    assert 2 <= len(set(labels.tolist())) <= MOST
