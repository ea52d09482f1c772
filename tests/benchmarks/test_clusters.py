"""The benchmark of clusters reports each source apart, and one that was not measured is left out."""

from __future__ import annotations

import json

from benchmarks import clusters


def rows(source: str, *intents: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"source": source, "intent": intent, "domain": source, "text": f"{words} {number}"}
        for intent, words in intents
        for number in range(12)
    ]


def test_each_source_is_reported_apart_and_the_mean_of_all(tmp_path):
    data = tmp_path / "intents.jsonl"
    found = [
        *rows("bank", ("refund", "I want my money back for order"), ("card", "My credit card was stolen in street")),
        *rows("home", ("music", "Play some jazz music from disc"), ("light", "Turn off the lights in room")),
    ]
    data.write_text("\n".join(json.dumps(row) for row in found))

    figures = clusters.run(clusters.Options(data=data, planted=0))

    assert set(figures["sources"]) == {"bank", "home"}
    assert figures["sources"]["home"]["nmi"] > 0.5
    assert figures["macro"]["found_of_true"] > 0
    assert figures["assignment"]["in_batches_us"] > 0


def test_planted_calls_are_found_again(tmp_path):
    figures = clusters.run(clusters.Options(data=None, planted=8_000))

    assert figures["planted"]["ari"] > 0.8
    assert figures["sources"] == {}
