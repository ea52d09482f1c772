"""The figures of the embedding benchmark are the usual ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import embeddings


def test_groups_that_are_the_intents_score_one():
    intents = np.array([0, 0, 1, 1, 2, 2])

    renamed = np.array([2, 2, 0, 0, 1, 1])

    assert embeddings.nmi(intents, renamed) == pytest.approx(1)
    assert embeddings.ari(intents, renamed) == pytest.approx(1)


def test_groups_drawn_at_random_score_about_zero():
    generator = np.random.default_rng(1)
    intents, drawn = generator.integers(5, size=(2, 5_000))

    assert embeddings.nmi(intents, drawn) == pytest.approx(0, abs=0.01)
    assert embeddings.ari(intents, drawn) == pytest.approx(0, abs=0.01)


def test_each_domain_is_reported_apart(tmp_path):
    rows = [
        {"text": f"{words} {number}", "intent": intent, "domain": domain}
        for domain, intent, words in [
            ("bank", "refund", "I want my money back for order"), ("bank", "card", "My credit card was stolen in street"),
            ("home", "music", "Play some jazz music from disc"), ("home", "light", "Turn off the lights in room"),
        ]
        for number in range(8)
    ]  # fmt: skip
    data = tmp_path / "intents.jsonl"
    data.write_text("\n".join(json.dumps(row) for row in rows))

    figures = embeddings.run(embeddings.Options(data=data))

    assert set(figures["domains"]) == {"bank", "home"}
    assert figures["domains"]["home"]["nearest_5_accuracy"] == 1
    assert figures["texts_per_cpu_second"] > 0
