"""The measures of translations are those of sacreBLEU 2.6.0, from which the values of this table come."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.evaluators import translations

# (answer, expected, BLEU of a sentence with effective order, chrF2)
PUBLISHED = [
    ("the cat sat on the mat", "the cat is on the mat", 0.379918, 0.645779),
    ("Refunds take 14 days, as a rule.", "As a rule, a refund takes 14 days.", 0.133543, 0.473983),
    ("police killed the gunman", "police kill the gunman", 0.353553, 0.816239),
    ("hello", "goodbye", 0.0, 0.060606),
    ("The price is $1,299.50 (incl. VAT)!", "The price is $1,299.50 incl. VAT.", 0.469247, 0.844384),
    ("a", "a b c d e f", 0.006738, 0.2),
    ("Die Rückerstattung dauert zwei Wochen.", "Die Erstattung dauert 14 Tage.", 0.106822, 0.544936),
    ("same text", "same text", 1.0, 1.0),
    ("x y", "y x", 0.707107, 0.5),
]
IDS = [f"{number}" for number in range(len(PUBLISHED))]


@pytest.mark.parametrize(("answer", "expected", "bleu", "chrf"), PUBLISHED, ids=IDS)
def test_both_measures_agree_with_the_published_implementation(answer, expected, bleu, chrf):
    assert translations.bleu(answer, expected) == pytest.approx(bleu, abs=2e-6)
    assert translations.chrf(answer, expected) == pytest.approx(chrf, abs=2e-6)


@pytest.mark.parametrize("measure", [translations.bleu, translations.chrf])
@settings(deadline=None)
@given(answer=st.text(max_size=200), expected=st.text(max_size=200))
def test_the_measures_stay_between_0_and_1(measure, answer, expected):
    assert 0 <= measure(answer, expected) <= 1 + 1e-9


@pytest.mark.parametrize("measure", [translations.bleu, translations.chrf])
@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_a_text_is_the_same_as_itself(measure, text):
    assert measure(text, text) == pytest.approx(1.0)


@pytest.mark.parametrize("measure", [translations.bleu, translations.chrf])
def test_nothing_has_nothing_in_common_with_something(measure):
    assert measure("", "something") == measure("something", "") == 0
