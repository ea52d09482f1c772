"""Numbers and JSON are read the way people mean them, and a schema can neither fetch nor hang anything."""

from __future__ import annotations

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.errors import CannotJudge, EvaluatorRefused
from evals.evaluators.cases import Case
from evals.evaluators.structured import Json, Number

PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@pytest.mark.parametrize(
    ("output", "expected", "tolerance", "passed"),
    [
        ("The total is 1,204.50 euros", "1204.5", 0, True), ("about 98", "100", 2, True), ("about 97", "100", 2, False),
        ("from 3 to 5", "5", 0, True), ("-2e3", "-2000", 0, True), ("none", "1", 0, False),
    ],
)  # fmt: skip
def test_the_last_number_counts(output, expected, tolerance, passed):
    assert Number(tolerance).judge(Case(output, expected)).passed == passed


def test_an_expected_output_without_a_number_gives_no_score():
    with pytest.raises(CannotJudge):
        Number().judge(Case("1", "many"))


@pytest.mark.parametrize(
    ("output", "passed", "why"),
    [
        ('{"age": 4}', True, "follows"), ('```json\n{"age": 4}\n```', True, "follows"), ('{"age": "4"}', False, "At age:"),
        ("{}", False, "At the top:"), ("age: 4", False, "not JSON"), ('{"age": NaN}', False, "not JSON"), ("", False, "not JSON"),
    ],
)  # fmt: skip
def test_json_is_held_against_the_schema(output, passed, why):
    found = Json(PERSON).judge(Case(output))

    assert found.passed == passed
    assert why in found.why


@pytest.mark.parametrize("schema", [{"type": "no such type"}, {"properties": 3}, {"minimum": 2**80}])
def test_a_schema_that_is_none_is_refused(schema):
    with pytest.raises(EvaluatorRefused):
        Json(schema)


def test_a_schema_fetches_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a schema must not open connections")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)

    with pytest.raises(CannotJudge):
        Json({"$ref": "http://127.0.0.1:9/schema.json"}).judge(Case("{}"))


def test_a_pattern_of_a_schema_runs_in_linear_time():
    evil = Json({"type": "string", "pattern": "^(a+)+$"})

    began = time.monotonic()
    found = evil.judge(Case('"' + "a" * 50_000 + '!"'))

    assert not found.passed
    assert time.monotonic() - began < 2


def test_patterns_for_names_apply_too():
    schema = {"patternProperties": {"^n_": {"type": "integer"}}}

    assert Json(schema).judge(Case('{"n_a": 1, "other": "x"}')).passed
    assert not Json(schema).judge(Case('{"n_a": "x"}')).passed


def test_a_schema_that_refers_to_itself_ends():
    endless = Json({"$ref": "#"})

    with pytest.raises(CannotJudge):
        endless.judge(Case("{}"))


@given(st.text(max_size=300))
def test_any_answer_is_judged(output):
    Json(PERSON).judge(Case(output))
    Number().judge(Case(output, "1"))
