"""A bucket lets a burst through, then only what flows in."""

from __future__ import annotations

import pytest

from webapp.api import rate_limits
from webapp.api.errors import ApiError
from webapp.api.rate_limits import Bucket


def full(size: float) -> Bucket:
    return Bucket(size=size, level=size, filled_at=0.0)


def test_a_full_bucket_lets_a_minutes_worth_through_at_once():
    bucket = full(60)

    assert [bucket.take(1, now=0) for _ in range(60)] == [0] * 60
    assert bucket.take(1, now=0) == 1


def test_it_fills_up_steadily_and_never_beyond_its_size():
    bucket = full(60)
    bucket.take(60, now=0)

    assert bucket.take(5, now=5) == 0
    assert bucket.take(60, now=1_000) == 0
    assert bucket.take(1, now=1_000) > 0


def test_more_than_a_minutes_worth_passes_a_full_bucket_and_is_paid_for_afterwards():
    bucket = full(10)

    assert bucket.take(25, now=0) == 0
    assert bucket.take(1, now=60) > 0
    assert bucket.take(1, now=110) == 0


def test_whoever_used_up_their_limit_keeps_it_when_many_others_come(monkeypatch):
    monkeypatch.setattr(rate_limits, "_MOST_BUCKETS", 20)
    rate_limits.forget()
    # These are full again by the time that others come.
    for number in range(18):
        rate_limits.demand_calm(kind="address", who=f"quiet {number}", per_minute=10**9)
    rate_limits.demand_calm(kind="person", who="busy", per_minute=1)

    for number in range(15):
        rate_limits.demand_calm(kind="address", who=f"new {number}", per_minute=10**9)

    with pytest.raises(ApiError):
        rate_limits.demand_calm(kind="person", who="busy", per_minute=1)
