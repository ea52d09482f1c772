from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from prompt_registry.providers.simulated.embeddings import embed


def closeness(first: str, second: str) -> float:
    return math.fsum(a * b for a, b in zip(embed(first), embed(second), strict=True))


def test_similar_texts_are_closer_than_different_ones():
    about_refunds = closeness("When do I get my refund?", "My refund has not arrived, when do I get it?")
    unrelated = closeness("When do I get my refund?", "The jacket is waterproof and light")

    assert about_refunds > unrelated + 0.3


@given(st.text(max_size=100), st.integers(1, 512))
def test_every_embedding_has_length_one(text, dimensions):
    vector = embed(text, dimensions=dimensions)

    assert len(vector) == dimensions
    assert math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-9)
    assert vector == embed(text, dimensions=dimensions)
