"""Asked for better prompts, the simulated model suggests a cure among other things; its answers depend on the prompt as planted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.proposals import asking
from evals.proposals.asking import Evidence, Example
from prompt_registry.contents import PromptContent
from prompt_registry.providers.simulated import memory
from prompt_registry.providers.simulated.answers import Answer, Flaw, answer
from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.proposing import CURES
from prompt_registry.providers.simulated.reading import Message
from prompt_registry.providers.simulated.requests import ChatRequest

# What is asked holds random words: now and then the model would fail on purpose.
RELIABLE = replace(MODELS["simulated-large"], error_rate=0.0, rate_limit_rate=0.0)
SHOP = "You answer the customers of a web shop."
QUESTION = "Can I get my money back for the copper kettle from Graz, order 48213?"


def suggestions(problem: str, prompt: str = SHOP) -> list[str]:
    base = PromptContent("text", text=f"{prompt}\nQuestion: {{{{question}}}}")
    asked = asking.question(model="simulated-large", base=base, evidence=Evidence(problem, [Example(QUESTION)], []))
    messages = tuple(Message(one["role"], one["content"]) for one in asked.messages)
    said = answer(ChatRequest("simulated-large", messages, response_schema=asking.FORM), model=RELIABLE, attempt=3)
    assert isinstance(said, Answer)
    return [candidate.edits[0].replacement for candidate in asking.read(said.text)]


def refused(instructions: str, question: str = QUESTION) -> int:
    """Return how many of 60 answers decline."""
    messages = (Message("system", instructions), Message("user", question))
    found = [
        answer(ChatRequest("simulated-fast", messages, seed=seed), model=MODELS["simulated-fast"], attempt=seed)
        for seed in range(60)
    ]
    return sum(isinstance(one, Answer) and Flaw.REFUSAL in one.flaws for one in found)


PROBLEMS = (
    "The answers refuse or dodge",
    "The answers say what nothing supports",
    "The answers are long-winded",
    "The wrong language",
)


@pytest.mark.parametrize(
    ("problem", "cure"), list(zip(PROBLEMS, (sentence for _, sentence in CURES.values()), strict=True))
)
def test_the_cure_of_a_problem_is_among_the_suggestions(problem, cure):
    found = suggestions(problem)

    assert any(cure in text for text in found)
    assert len(found) == 4


def test_the_same_question_gets_the_same_suggestions():
    assert suggestions("The answers refuse or dodge") == suggestions("The answers refuse or dodge")


def test_a_first_line_with_blanks_stays_whole():
    assert all("Hello {{name}}" in text for text in suggestions("The answers refuse", "Hello {{name}}"))


def test_helping_instead_of_declining_cures_refusals():
    assert refused(SHOP) > 30
    assert refused(f"{SHOP}\nHelp instead of declining.") < 6


def test_a_question_that_is_known_by_heart_is_answered_and_no_other():
    lesson = f"{SHOP}\nLearn by heart: {QUESTION}"

    assert refused(lesson) == 0
    assert refused(lesson, "Can I get my money back for the silver lamp from Cork, order 77120?") > 30


def test_what_is_learned_may_stand_in_another_order():
    assert memory.is_known_by_heart(
        QUESTION, "When somebody asks about order 48213 Graz kettle copper from back money: help."
    )
