"""Only what was asked for becomes a score; whatever else a judge says is an error."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.errors import CannotJudge
from evals.judges.catalogue import JUDGES
from tests.evals.judges.cases import CASE, make, rubric_said, said

RIGHT = {
    "judge own words": [said("yes")], "judge rubric": [rubric_said("yes", "no", "yes")], "judge reference": [said("partly")],
    "judge better": [said("first"), said("second")], "judge feedback": [said("fully")],
}  # fmt: skip
VALUES = {
    "judge own words": (1.0, True), "judge rubric": (0.75, False), "judge reference": (0.5, False), "judge better": (1.0, True),
    "judge feedback": (1.0, True),
}  # fmt: skip
WRONG = {
    "no JSON": "yes", "a number": "1", "a list": "[]", "null": "null", "nothing": "", "an unknown verdict": said("great"),
    "a verdict with spaces": said(" yes "), "no verdict": '{"judge_reason": "x", "judge_quote": ""}',
    "one thing too many": said("yes")[:-1] + ', "score": 10}', "a number as verdict": said("yes").replace('"yes"', "1"),
    "the verdict twice": said("no")[:-1] + ', "judge_verdict": "yes"}', "cut off": said("yes")[:-8],
    "something behind it": said("yes") + " That is all.", "not a number": said("yes").replace('"Because."', "NaN"),
    "deep": "[" * 5_000, "huge": json.dumps({"judge_reason": "x" * 70_000, "judge_quote": "", "judge_verdict": "yes"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", JUDGES)
def test_the_answer_asked_for_becomes_a_score(kind):
    found = make(kind).read(CASE, RIGHT[kind])

    assert (found.value, found.passed) == VALUES[kind]
    assert found.why.endswith(".")
    assert json.loads(json.dumps(found.detail)) == found.detail


@pytest.mark.parametrize("kind", JUDGES)
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_anything_else_is_an_error(kind, text):
    with pytest.raises(CannotJudge):
        make(kind).read(CASE, [text] * len(RIGHT[kind]))


@pytest.mark.parametrize("kind", JUDGES)
def test_a_missing_answer_is_an_error(kind):
    with pytest.raises(CannotJudge):
        make(kind).read(CASE, [])


@pytest.mark.parametrize("kind", JUDGES)
@settings(deadline=None)
@given(
    text=st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(
                st.sampled_from(["judge_verdict", "judge_reason", "judge_quote", "criterion_1"]), some, max_size=4
            )
        ),
        max_leaves=9,
    ).map(json.dumps)
)
def test_whatever_comes_is_an_outcome_or_cannot_judge(kind, text):
    judge = make(kind)

    with contextlib.suppress(CannotJudge):
        found = judge.read(CASE, [text] * len(RIGHT[kind]))
        assert 0 <= found.value <= 1


def test_markdown_around_the_json_is_fine():
    assert make("judge own words").read(CASE, [f"```json\n{said('yes')}\n```"]).passed


def test_a_quote_that_is_not_in_the_answer_is_marked():
    judge = make("judge own words")

    assert judge.read(CASE, [said("yes", quote="«Refunds   take 14 DAYS»")]).detail["is_quoted"]
    assert not judge.read(CASE, [said("yes", quote="Refunds take 3 days")]).detail["is_quoted"]
    assert not judge.read(CASE, [said("yes", quote="")]).detail["is_quoted"]


def test_what_a_judge_says_is_cut_and_cleaned():
    found = make("judge own words").read(CASE, [said("no", reason="a\u0000b" + "x" * 2_000)])

    assert len(found.detail["reason"]) == 1_000
    assert found.detail["reason"].startswith("ab")
    assert len(found.why) <= 301
