"""Bodies are measured while they are read."""

from __future__ import annotations

import gzip

import pytest

from webapp.api.bodies import inflate
from webapp.api.errors import ApiError


def test_a_compressed_body_is_unpacked() -> None:
    assert inflate(gzip.compress(b"hello" * 1000)) == b"hello" * 1000


def test_a_bomb_is_stopped_before_it_unfolds() -> None:
    with pytest.raises(ApiError) as refusal:
        inflate(gzip.compress(bytes(50_000_000)))

    assert refusal.value.status == 413


@pytest.mark.parametrize(
    "damage", [lambda body: body[:-9], lambda body: b"x" + body, lambda body: body + gzip.compress(b"second")]
)
def test_a_damaged_body_is_refused(damage) -> None:
    with pytest.raises(ApiError) as refusal:
        inflate(damage(gzip.compress(b"hello" * 100)))

    assert refusal.value.status == 400
