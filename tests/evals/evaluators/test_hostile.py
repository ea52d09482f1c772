"""No answer, however it is made, keeps a check busy for long."""

from __future__ import annotations

import contextlib
import time

import pytest

from evals.errors import CannotJudge
from evals.evaluators.cases import Case
from evals.evaluators.catalogue import KINDS, build
from evals.judges.fences import defused
from tests.evals.evaluators.test_catalogue import SETTINGS

_MANY = 60_000
TEXTS = {
    "dots": "." * _MANY + "a", "equals": "=" * _MANY + "a", "brackets": "[" * _MANY, "spaces": "1" + " " * _MANY + "x",
    "one word": "a" * _MANY, "fences": "```" * (_MANY // 3), "ats": "a@" * (_MANY // 2), "links": "https://" * (_MANY // 8),
    "markdown links": "](a" * (_MANY // 3), "dates": "1 January " * (_MANY // 10), "digits": "1" * _MANY, "dashes": "1-" * (_MANY // 2),
    "tags": "<|" * (_MANY // 2), "lines": "\n" * _MANY, "arrows": "→ f(" * (_MANY // 4), "words": "begin end " * (_MANY // 10),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_check_is_done_with_any_answer_in_a_moment(kind, text):
    check = build(kind, SETTINGS.get(kind, {}))
    started = time.process_time()

    with contextlib.suppress(CannotJudge):
        check.judge(Case(text, expected="2026-11-04 and 14 days", inputs={"question": text}))

    assert time.process_time() - started < 4


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_made_safe_for_a_judge_in_a_moment(text):
    started = time.process_time()

    defused(text)

    assert time.process_time() - started < 4
