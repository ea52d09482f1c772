"""What a model is asked about a finding, and what the simulated one makes of it."""

from __future__ import annotations

import pytest

from evals.errors import CannotJudge
from evals.evaluators.cases import Case
from evals.second_opinions.questions import ABOUT, USER, SecondOpinionOn
from prompt_registry.providers.simulated import judging
from prompt_registry.providers.simulated.reading import Message

SOURCE = "Refunds: 14 days after the return. We accept parcels in any shop."
ANSWERS = {
    "refused": ("I am sorry, I cannot help with that.", "A refund takes 14 days."),
    "unsupported": ("A refund takes 90 days and costs 7 euros.", "A refund takes 14 days after the return."),
    "wrong_language": (
        "Die Erstattung dauert leider vierzehn Tage, bitte haben Sie Geduld.",
        "A refund takes 14 days, please be patient.",
    ),
}


def case(answer: str) -> Case:
    return Case(answer, context=SOURCE, inputs={USER: "How long does a refund take?"})


@pytest.mark.parametrize("detector", ANSWERS)
def test_the_simulated_model_tells_a_bad_answer_from_a_good_one(detector):
    opinion = SecondOpinionOn(1, "simulated-large", detector)

    found = []
    for answer in ANSWERS[detector]:
        (question,) = opinion.questions(case(answer))
        messages = [Message(str(one["role"]), str(one["content"])) for one in question.messages]
        said = judging.verdict(messages=messages, schema=question.settings.response_schema or {})
        found.append(opinion.read(case(answer), [said]).passed)

    assert found == [False, True]


@pytest.mark.parametrize("detector", ABOUT)
def test_every_question_can_be_asked_and_shows_only_what_it_is_about(detector):
    (question,) = SecondOpinionOn(1, "gpt-4.1", detector).questions(case("A refund takes 14 days."))

    asked = str(question.messages[-1]["content"])
    shown = {name for name in ("INPUT", "CONTEXT", "ANSWER") if f"<<<BEGIN {name} " in asked}
    assert ABOUT[detector].criterion in asked
    assert shown == set(ABOUT[detector].shows)
    assert question.settings.response_schema["additionalProperties"] is False


def test_without_the_text_that_decides_nothing_is_asked():
    with pytest.raises(CannotJudge, match="context"):
        SecondOpinionOn(1, "gpt-4.1", "unsupported").questions(Case("A refund takes 14 days."))
