"""The shape of a cluster: nearly all members are inside, strays do not widen it, newer ones pull more."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.clusters.shapes import moved, shape_of
from tests.monitoring.clusters.topics import Topics


def ones(count: int) -> np.ndarray:
    return np.ones(count, dtype=np.float32)


def test_nearly_all_members_are_within_the_radius():
    vectors = Topics(1).about(0, 500)

    shape = shape_of(vectors, ones(500))

    assert np.mean(vectors @ shape.centroid >= shape.radius) == pytest.approx(0.98, abs=0.02)


def test_strays_do_not_widen_a_cluster():
    topics = Topics(2)
    members = topics.about(0, 200)
    strays = -topics.about(1, 10)

    alone, mixed = shape_of(members, ones(200)), shape_of(np.concatenate([members, strays]), ones(210))

    assert mixed.radius == pytest.approx(alone.radius, abs=0.02)
    assert mixed.mass == pytest.approx(alone.mass, abs=2)


def test_newer_members_pull_more():
    topics = Topics(2)
    old, new = topics.about(0, 50), topics.about(1, 50)

    centroid, mass = moved(np.concatenate([old, new]), ones(100), np.repeat([5.0, 0.0], 50).astype(np.float32))

    assert new.mean(axis=0) @ centroid > old.mean(axis=0) @ centroid
    assert mass == pytest.approx(50 + 50 * 0.8**5)
