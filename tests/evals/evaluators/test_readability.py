"""LIX as its author counts it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.readability import Readable, lix

HARD = "Notwithstanding contractual stipulations, reimbursement necessitates comprehensive documentation substantiating expenditures."


def test_the_value_is_words_per_sentence_plus_the_share_of_long_words():
    # 10 words in 2 sentences, 2 of them with more than six letters: 5 + 20.
    assert lix("The refund takes two weeks. You receive it by transfer.") == pytest.approx(10 / 2 + 100 * 2 / 10)


@pytest.mark.parametrize(
    ("text", "hardest", "passed"),
    [
        ("The dog runs. The cat sits. It is warm here.", "very easy", True), (HARD, "hard", False),
        ("We send the money back to your card in two weeks.", "easy", True), (HARD, "medium", False),
    ],
    ids=["a primer", "officialese", "a plain sentence", "officialese for a newspaper"],
)  # fmt: skip
def test_an_answer_passes_up_to_the_chosen_hardness(text, hardest, passed):
    assert Readable(hardest).judge(Case(text)).passed is passed


def test_lines_without_full_stops_count_as_sentences():
    assert lix("one two three four five\nsix seven eight nine ten") == pytest.approx(5)


@pytest.mark.parametrize(
    "text", ["Yes.", "", "退款需要十四天,请您耐心等待我们的回复谢谢"], ids=["short", "empty", "chinese"]
)
def test_what_cannot_be_measured_is_no_score(text):
    with pytest.raises(CannotJudge):
        Readable().judge(Case(text))


def test_an_unknown_hardness_is_refused():
    with pytest.raises(EvaluatorRefused, match="very easy, easy"):
        Readable("childish")


@settings(deadline=None)
@given(st.text(max_size=500))
def test_whatever_the_text_is_the_value_is_a_score_or_none(text):
    with contextlib.suppress(CannotJudge):
        assert 0 <= Readable().judge(Case(text)).value <= 1
