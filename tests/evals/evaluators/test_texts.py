"""Checks of words say yes or no for a reason that a person understands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators import overlap
from evals.evaluators.cases import Case
from evals.evaluators.texts import Citation, Contains, Exact, Length, Pattern, Similar, Wanted


@pytest.mark.parametrize(
    ("output", "expected", "strict", "passed"),
    [
        ("Paris.", " paris", False, True), ("Paris.", "Paris", True, False), ("Paris", "London", False, False),
        ("ﬁne  day", "Fine day", False, True), ("", "", False, True),
    ],
)  # fmt: skip
def test_the_expected_answer_is_recognised(output, expected, strict, passed):
    assert Exact(strict=strict).judge(Case(output, expected)).passed == passed


def test_without_an_expected_answer_there_is_no_score():
    with pytest.raises(CannotJudge, match="no expected output"):
        Exact().judge(Case("Paris"))


@pytest.mark.parametrize(
    ("wanted", "output", "passed", "why"),
    [
        (Wanted.ALL, "Refunds take FIVE days", False, "Missing: «sorry»."), (Wanted.ALL, "sorry, five days", True, "Everything"),
        (Wanted.ANY, "five days", True, "Found: «five  days»."), (Wanted.ANY, "no", False, "None of the texts"),
        (Wanted.NONE, "no", True, "None of the texts"), (Wanted.NONE, "Sorry!", False, "Found: «sorry»."),
    ],
)  # fmt: skip
def test_texts_are_found_whatever_their_capitals_and_spaces(wanted, output, passed, why):
    found = Contains(("sorry", "five  days"), wanted).judge(Case(output))

    assert found.passed == passed
    assert why in found.why


def test_a_pattern_runs_on_re2_and_names_what_it_found():
    found = Pattern(r"order \d{4}").judge(Case("Your order 5531 was sent."))

    assert (found.passed, found.why) == (True, "Matched «order 5531».")
    assert not Pattern(r"order \d{4}", must_match=False).judge(Case("order 5531")).passed


@pytest.mark.parametrize("pattern", ["(?=x)", "(", r"(a)\1", "", "x{1000}{1000}"])
def test_a_pattern_that_cannot_run_is_refused_with_the_reason(pattern):
    with pytest.raises(EvaluatorRefused) as refused:
        Pattern(pattern)

    assert len(str(refused.value)) > 20


@pytest.mark.parametrize(("words", "passed"), [(1, False), (2, True), (4, True), (5, False)])
def test_the_length_counts_words(words, passed):
    assert Length(fewest=2, most=4).judge(Case("word " * words)).passed == passed


@pytest.mark.parametrize(
    "make", [lambda: Length(), lambda: Length(fewest=5, most=2), lambda: Contains(()), lambda: Contains((" ",))]
)
def test_a_check_that_can_never_tell_is_refused(make):
    with pytest.raises(EvaluatorRefused):
        make()


@pytest.mark.parametrize(
    ("output", "passed"),
    [("As shown [1].", True), ("(Smith et al., 2023)", True), ("see https://example.org", True), ("Trust me (really).", False)],
)  # fmt: skip
def test_a_source_is_recognised(output, passed):
    assert Citation().judge(Case(output)).passed == passed


def test_similarity_passes_from_a_limit_on():
    found = Similar(overlap.token_f1, at_least=0.5).judge(Case("the red house", "the green house"))

    assert found.value == pytest.approx(2 / 3)
    assert found.passed


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared(output, expected):
    for measure in (overlap.token_f1, overlap.rouge_l, overlap.edit_similarity):
        value = Similar(measure).judge(Case(output, expected)).value
        assert 0 <= value <= 1
        assert Similar(measure).judge(Case(output, output)).value == 1
    assert Exact().judge(Case(output, output)).passed
