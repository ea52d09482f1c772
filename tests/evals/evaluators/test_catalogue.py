"""A check is made from its kind and settings; what is wrong with them is said in words."""

from __future__ import annotations

import pytest

from evals.errors import EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.catalogue import KINDS, build

SETTINGS = {
    "contains": {"texts": ["x"]}, "pattern": {"pattern": "x+"}, "length": {"most": 9}, "json": {"schema": {"type": "object"}},
    "json path": {"path": "x", "equals": "1"}, "tool calls": {"tools": {"refund": {}}}, "links": {"hosts": ["example.com"]},
    "language": {"language": "en"},
}  # fmt: skip
PROSE = "The refund takes two weeks from the day that we receive it, the 4 May 2026."
ANSWERS = {"date": PROSE, "language": PROSE, "readability": PROSE}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_judges_an_answer(kind):
    answer = ANSWERS.get(kind, '{"x": 1}')

    found = build(kind, SETTINGS.get(kind, {})).judge(Case(answer, expected=answer, context=answer))

    assert 0 <= found.value <= 1
    assert found.why.endswith(".")


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        ("no such", {}, "no check of this kind"), ("length", {"longest": 3}, "no setting «longest»"),
        ("length", {"most": "3"}, "whole number"), ("length", {"most": True}, "whole number"), ("contains", {}, "not set yet"),
        ("contains", {"texts": [1]}, "list of texts"), ("contains", {"texts": ["x"], "wanted": "some"}, "«all», «any» or «none»"),
        ("rouge-l", {"at_least": 7}, "above 0"), ("rouge-l", {"at_least": float("nan")}, "a number"), ("exact", {"strict": 1}, "yes or no"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused_with_the_reason(kind, settings, said):
    with pytest.raises(EvaluatorRefused, match=said):
        build(kind, settings)
