"""A bucket lets a burst through, then only what flows in."""

from __future__ import annotations

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
