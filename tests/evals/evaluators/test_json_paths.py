"""One value inside JSON is held against what should stand there."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.json_paths import PathEquals

ANSWER = json.dumps({"order": {"items": [{"price": 9.5, "name": "Cup", "in stock": True}], "note": None}, "n": 1})


@pytest.mark.parametrize(
    ("path", "equals", "passed"),
    [
        ("order.items[0].price", "9.5", True), ("$.order.items[0].price", "9.50", True), ("order.items[0].price", "9", False),
        ("order.items[0].name", "cup", True), ("order.items[0]['in stock']", "true", True), ('order.items[0]["in stock"]', "1", False),
        ("n", "true", False), ("n", "1", True), ("order.note", "null", True), ("order.items[3].price", "9.5", False),
        ("order.price", "9.5", False), ("order.items[0].name[0]", "C", False),
        ("order.items[0]", '{"name": "Cup", "price": 9.5, "in stock": true}', True),
    ],
)  # fmt: skip
def test_the_value_at_the_path_is_compared(path, equals, passed):
    assert PathEquals(path, equals).judge(Case(ANSWER)).passed is passed


def test_without_a_value_the_expected_answer_counts():
    assert PathEquals("n").judge(Case(ANSWER, expected="1")).passed
    with pytest.raises(CannotJudge):
        PathEquals("n").judge(Case(ANSWER))


def test_an_answer_that_is_no_json_does_not_pass():
    assert "not JSON" in PathEquals("n", "1").judge(Case("n is 1")).why


@pytest.mark.parametrize("path", ["", "$", "a..b", "a[", "a[-1]", "a[*]", "a b", "x" * 300])
def test_a_path_that_leads_nowhere_is_refused(path):
    with pytest.raises(EvaluatorRefused, match="Write the way"):
        PathEquals(path)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_path_works_or_is_refused(path, output):
    with contextlib.suppress(EvaluatorRefused):
        assert PathEquals(path, "1").judge(Case(output)).value in (0.0, 1.0)
