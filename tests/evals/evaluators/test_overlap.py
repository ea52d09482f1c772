"""The measures are the published ones."""

from __future__ import annotations

import time

import pytest

from evals.evaluators import overlap

ANSWER, EXPECTED = "police killed the gunman", "police kill the gunman"


@pytest.mark.parametrize(
    ("measure", "answer", "expected", "value"),
    [
        (overlap.token_f1, "a cat sat", "the cat sat down", 4 / 7),
        (lambda a, b: overlap.rouge_n(a, b, n=1), ANSWER, EXPECTED, 0.75),
        (lambda a, b: overlap.rouge_n(a, b, n=2), ANSWER, EXPECTED, 1 / 3),
        # The example of Lin (2004): the longest common subsequence is «police the gunman».
        (overlap.rouge_l, ANSWER, EXPECTED, 0.75),
        (overlap.rouge_l, "the gunman police killed", EXPECTED, 0.5),
        (overlap.edit_similarity, "kitten", "sitting", 1 - 3 / 7),
    ],
)  # fmt: skip
def test_known_values(measure, answer, expected, value):
    assert measure(answer, expected) == pytest.approx(value)


def test_two_empty_texts_are_the_same_and_one_is_not():
    assert overlap.token_f1("", "…") == 1
    assert overlap.rouge_l("", "word") == 0


def test_a_very_long_answer_takes_no_seconds():
    long = "word and another one " * 20_000

    began = time.monotonic()
    overlap.rouge_l(long, long[::-1])

    assert time.monotonic() - began < 5
