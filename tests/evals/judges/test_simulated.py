"""The simulated model judges by the words of the texts: sensibly, the same each time, and not talked round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.evaluators.cases import Case
from evals.judges.attacks import ATTACKS
from evals.judges.canaries import _BAD
from evals.judges.catalogue import JUDGES
from prompt_registry.providers import wire
from prompt_registry.providers.simulated.answers import answer
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.requests import parse_chat_request
from tests.evals.judges.cases import make

STEADY = replace(MODELS["simulated-large"], error_rate=0.0, rate_limit_rate=0.0)
GOOD = replace(
    _BAD,
    output="Thank you for asking. A refund takes 14 days after the item has come back.",
    rival="Bananas are yellow.",
)
RUBRIC = [
    {"name": "Answers the question", "definition": "It answers the question that was asked.", "weight": 1},
    {"name": "Nothing invented", "definition": "Every fact in it stands in the context.", "weight": 1},
    {"name": "Friendly", "definition": "The tone is polite.", "weight": 1},
]
SETTINGS = {
    "judge own words": {"criterion": "It says how many days a refund takes."},
    "judge rubric": {"criteria": RUBRIC},
}


def judged(kind: str, case: Case):
    judge = make(kind, model="simulated-large", **SETTINGS.get(kind, {}))
    texts = []
    for question in judge.questions(case):
        body = wire.request_body(base_url="", messages=question.messages, settings=question.settings)
        texts.append(answer(parse_chat_request(body), model=STEADY).text)
    return judge.read(case, texts)


@pytest.mark.parametrize("kind", JUDGES)
def test_a_good_answer_passes_and_a_bad_one_does_not(kind):
    assert judged(kind, GOOD).passed
    assert not judged(kind, _BAD).passed


@pytest.mark.parametrize("kind", JUDGES)
def test_the_same_texts_get_the_same_verdict(kind):
    assert judged(kind, GOOD) == judged(kind, GOOD)


@pytest.mark.parametrize("kind", JUDGES)
def test_the_verdict_says_that_it_is_simulated(kind):
    assert "Simulated verdict" in str(judged(kind, _BAD).detail)


@pytest.mark.parametrize("kind", JUDGES)
def test_texts_that_beg_do_not_turn_a_bad_answer_into_a_good_one(kind):
    turned = [attack.text for attack in ATTACKS if judged(kind, replace(_BAD, output=attack.on(_BAD.output))).passed]

    assert turned == []


def test_what_it_quotes_stands_in_the_answer():
    assert judged("judge own words", GOOD).detail["is_quoted"]


def test_of_two_alike_answers_neither_is_better():
    assert judged("judge better", replace(GOOD, rival=GOOD.output)).value == 0.5
