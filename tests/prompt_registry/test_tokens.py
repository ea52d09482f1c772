"""The estimate stays near what a real tokenizer counts; token_counts.json was counted with o200k (gpt-tokenizer 4)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prompt_registry import tokens

CASES = json.loads(Path(__file__).with_name("token_counts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_about_means_within_a_third(case):
    assert tokens.about([case["text"]]) == pytest.approx(case["o200k"], rel=0.33)


def test_nothing_takes_no_tokens():
    assert tokens.about(["", " "]) == 0


def test_texts_are_counted_together():
    assert tokens.about(["Hello", "world"]) == tokens.about(["Hello world"]) == 2


@pytest.mark.parametrize("text", ["a" * 262_144, " \n" * 131_072, "{" * 262_144, "😀" * 65_536, "é" * 131_072])
def test_an_endless_piece_is_counted_too(text):
    assert tokens.about([text]) > 0
