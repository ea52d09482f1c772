"""Refusals, what goes beyond the context, and meaning: judged by what monitoring knows about texts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge
from evals.evaluators.cases import Case
from evals.evaluators.detected import Grounded, NoRefusal, same_meaning

CONTEXT = "Refunds are paid within 14 days after the item has come back. Shipping to Norway costs 12 euros."


def test_a_refusal_does_not_pass_and_is_quoted():
    found = NoRefusal().judge(Case("I'm sorry, but I can't help with this request."))

    assert not found.passed
    assert found.why.startswith("The answer refuses: «")


def test_an_answer_that_helps_passes():
    assert NoRefusal().judge(Case("Refunds are paid within 14 days.")).passed


def test_what_the_context_says_is_grounded():
    assert Grounded().judge(Case("Refunds are paid within 14 days.", context=CONTEXT)).passed


def test_what_the_context_does_not_say_is_not():
    found = Grounded().judge(Case("The warehouse in Lisbon sends free vouchers on Sundays.", context=CONTEXT))

    assert not found.passed
    assert "context does not say so" in found.why


@pytest.mark.parametrize("context", [None, "", " "])
def test_without_a_context_nothing_can_be_grounded(context):
    with pytest.raises(CannotJudge, match="no context"):
        Grounded().judge(Case("Hello.", context=context))


def test_texts_of_one_meaning_are_nearer_than_others():
    near = same_meaning("How do I get my money back?", "How can I receive a refund?")
    far = same_meaning("How do I get my money back?", "The tent weighs two kilograms.")

    assert near > far


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_texts_have_a_nearness_between_0_and_1(answer, expected):
    assert 0 <= same_meaning(answer, expected) <= 1


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=200), st.text(min_size=1, max_size=200).filter(str.strip))
def test_any_answer_is_judged(output, context):
    assert 0 <= NoRefusal().judge(Case(output)).value <= 1
    assert 0 <= Grounded().judge(Case(output, context=context)).value <= 1
