"""Answers that are too long for their prompt, or go round in circles."""

from __future__ import annotations

import math
import random

from monitoring.detectors import verbosity


def usual(count: int = 200) -> list[int]:
    chance = random.Random(3)
    return [max(1, int(math.exp(chance.gauss(5, 0.3)))) for _ in range(count)]


def test_an_answer_ten_times_as_long_as_usual_is_flagged() -> None:
    finding = verbosity.long_winded("many words " * 700, 1_500, verbosity.length_baseline(usual()))

    assert finding.is_flagged
    assert "times as long as usual" in finding.evidence[0].why


def test_an_answer_of_usual_length_is_not_flagged() -> None:
    assert not verbosity.long_winded("a few words", 170, verbosity.length_baseline(usual())).is_flagged


def test_few_of_the_usual_answers_are_flagged() -> None:
    baseline = verbosity.length_baseline(usual())

    assert sum(verbosity.long_winded("", tokens, baseline).is_flagged for tokens in usual()) <= 2


def test_nothing_is_long_without_enough_calls_to_compare() -> None:
    assert verbosity.length_baseline(usual(verbosity.FEWEST_TO_COMPARE - 1)) is None
    assert not verbosity.long_winded("long", 100_000, None).is_flagged


def test_a_prompt_that_always_answers_alike_does_not_flag_one_token_more() -> None:
    assert not verbosity.long_winded("", 101, verbosity.length_baseline([100] * 80)).is_flagged


def test_a_sentence_said_again_and_again_is_flagged_where_it_is_repeated() -> None:
    output = "The sky is blue today. " * 12

    finding = verbosity.repetition(output)

    assert finding.is_flagged
    assert output[finding.evidence[0].start : finding.evidence[0].end] == "The sky is blue today."
    assert finding.evidence[0].start > 0


def test_a_loop_without_sentences_is_flagged() -> None:
    assert verbosity.repetition("and then she went on " * 60).is_flagged


def test_an_ordinary_text_is_not_flagged() -> None:
    text = (
        "Rinse the rice until the water runs clear, then let it soak for twenty minutes. Meanwhile toast the cumin in a dry pan, "
        "chop two onions, and fry them in butter over low heat. Add the drained rice, stir until every grain shines, and pour in "
        "hot stock. Cover the pot, turn the flame down, and resist the temptation to look inside. After a quarter of an hour take "
        "it off the stove, put a cloth under the lid, and wait again. Fluff it with a fork, and serve it with yoghurt and dill."
    )

    assert not verbosity.repetition(text).is_flagged
