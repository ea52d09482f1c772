"""The transformer in numpy says what its authors published."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.embeddings import sentence_model


def test_vectors_are_those_on_the_card_of_the_model():
    example, sentence = sentence_model.embed(["This is an example sentence", "Each sentence is converted"])

    assert example[:5] == pytest.approx([0.0677, 0.0635, 0.0487, 0.0793, 0.0374], abs=2e-4)
    assert sentence[:2] == pytest.approx([0.0864, 0.1027], abs=2e-4)


def test_texts_of_all_lengths_are_worked_out_together_as_each_alone():
    texts = ["card", "Where is my parcel?", "refund " * 300, "", "How do I get my money back when the shop is closed?"]

    together = sentence_model.embed(texts)

    alone = np.vstack([sentence_model.embed([text]) for text in texts])
    assert together == pytest.approx(alone, abs=1e-5)


def test_the_same_meant_in_other_words_is_near():
    one, near, far = sentence_model.embed(
        ["How do I get my money back?", "I would like a refund", "How do I get my card back?"]
    )

    assert one @ near > one @ far
