"""What reviewers are asked, and what counts as an answer to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.errors import EvalsError
from evals.reviews.models import QuestionKind, ReviewQuestion
from prompt_registry import texts

MAX_QUESTIONS = 6
MAX_OPTIONS = 9
MAX_OPTION = 60
MAX_ANSWER = 8_000
YES, NO = "yes", "no"
LEFT, RIGHT, AS_GOOD = "Left is better", "Right is better", "As good"


class QuestionsNotUsable(EvalsError):
    """These questions cannot be asked like this."""


class AnswerNotUsable(EvalsError):
    """Something is still missing in this answer."""


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """A question before it is asked: `name` is what its answers are called as scores."""

    kind: str
    text: str
    name: str = ""
    options: tuple[str, ...] = ()
    is_required: bool = True


GOOD = NewQuestion(QuestionKind.YES_NO, "Is this a good answer?", "good answer")
BETTER = NewQuestion(QuestionKind.CHOICE, "Which answer is better?", "better answer", (LEFT, RIGHT, AS_GOOD))
CORRECTION = NewQuestion(QuestionKind.CORRECTION, "What should it have said?", "correction", (), False)


def checked(questions: Iterable[NewQuestion], *, for_pairs: bool = False, for_judge: bool = False) -> list[NewQuestion]:
    """Return the questions tidied and named, or raise QuestionsNotUsable with what to change."""
    found = [_tidy(question) for question in questions]
    if not 1 <= len(found) <= MAX_QUESTIONS:
        raise QuestionsNotUsable(f"Ask at least one question, and at most {MAX_QUESTIONS}.")
    if len({question.name for question in found}) < len(found):
        raise QuestionsNotUsable("Two questions have the same name. Give each another one.")
    if for_judge and found[0].kind != QuestionKind.YES_NO:
        raise QuestionsNotUsable("To check a judge the first question must be a yes or no: does the answer pass?")
    if for_pairs and found[0].options != BETTER.options:
        raise QuestionsNotUsable("Of two answers the first question must be which one is better.")
    return found


def _tidy(question: NewQuestion) -> NewQuestion:
    text = texts.clean(question.text).strip()
    if not text or len(text) > 300:
        raise QuestionsNotUsable("A question needs 1 to 300 characters.")
    if question.kind not in QuestionKind.values:
        raise QuestionsNotUsable("A question asks for yes or no, one of several, a scale, a text or a better answer.")
    name = texts.clean(question.name or text).strip()[:80].strip()
    is_required = question.is_required and question.kind != QuestionKind.CORRECTION
    return NewQuestion(question.kind, text, name, _options(question), is_required)


def _options(question: NewQuestion) -> tuple[str, ...]:
    if question.kind == QuestionKind.YES_NO:
        return (YES, NO)
    if question.kind not in (QuestionKind.CHOICE, QuestionKind.SCALE):
        return ()
    found = tuple(dict.fromkeys(texts.clean(option).strip() for option in question.options if option.strip()))
    if question.kind == QuestionKind.SCALE and not found:
        found = ("1", "2", "3", "4", "5")
    if not 2 <= len(found) <= MAX_OPTIONS or any(len(option) > MAX_OPTION for option in found):
        raise QuestionsNotUsable(
            f"«{question.text[:60]}» needs 2 to {MAX_OPTIONS} different answers of up to {MAX_OPTION} characters each."
        )
    return found


def answer_to(questions: Sequence[ReviewQuestion], raw: Mapping[str, str]) -> dict[str, Any]:
    """Return the values by name, or raise AnswerNotUsable; `raw` holds what was sent by the position of the question."""
    found: dict[str, Any] = {}
    for question in questions:
        value = texts.clean(raw.get(str(question.position), "")).strip()
        if question.is_verdict and value and value not in question.options:
            raise AnswerNotUsable(f"Choose one of the answers to «{question.text}».")
        if not value and question.is_required:
            raise AnswerNotUsable(f"Answer «{question.text}», or press 0 when you cannot tell.")
        if len(value) > MAX_ANSWER:
            raise AnswerNotUsable(
                f"The text for «{question.text}» is longer than {MAX_ANSWER:,} characters. Shorten it."
            )
        if value:
            found[question.name] = value
    return found


def pass_question(questions: Iterable[ReviewQuestion]) -> ReviewQuestion | None:
    """Return the question that says whether an answer passes: the first one for a yes or no."""
    return next((question for question in questions if question.kind == QuestionKind.YES_NO), None)
