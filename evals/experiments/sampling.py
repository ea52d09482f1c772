"""How a variant makes its answer: what is asked in each round, and which answer counts in the end."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from evals.evaluators import overlap
from evals.evaluators.cases import Question
from evals.experiments.plans import Sampling

MAX_SAMPLES = 8
_CRITIQUE = (
    "Look at your answer as a strict reviewer. Name what is wrong, missing, unclear or not asked for, "
    "point by point and briefly. If nothing is wrong, say so."
)
_IMPROVE = "Now write the improved answer to my first request. Write only that answer, nothing about the review."


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said to one question, and what that took."""

    text: str
    model: str = ""
    finish_reason: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    latency_ms: float = 0.0
    cost_nano_usd: int = 0
    is_price_known: bool = True
    is_simulated: bool = False
    is_cached: bool = False


# Yields the questions of a round, is sent the answers to them, and returns the answer that counts.
Asking = Generator[Sequence[Question], Sequence[Said], Said]


def asking(*, sampling: str, samples: int, question: Question) -> Asking:
    """Return the rounds of questions by which an answer is made."""
    match sampling:
        case Sampling.BEST_OF:
            return _best_of(question, samples=min(max(samples, 1), MAX_SAMPLES))
        case Sampling.SELF_CRITIQUE:
            return _self_critique(question)
        case _:
            return _once(question)


def calls_of(*, sampling: str, samples: int) -> int:
    """Return how many calls one answer takes."""
    return {Sampling.BEST_OF: min(max(samples, 1), MAX_SAMPLES), Sampling.SELF_CRITIQUE: 3}.get(Sampling(sampling), 1)


def calls_at_once(*, sampling: str, samples: int) -> int:
    """Return how many calls of one answer are under way at the same time."""
    return 1 if sampling == Sampling.SELF_CRITIQUE else calls_of(sampling=sampling, samples=samples)


def most_agreed(texts: Sequence[str]) -> int:
    """Return the place of the text that shares the most words with all others; of equals the first."""
    agreement = [
        sum(overlap.token_f1(one, other) for at, other in enumerate(texts) if at != place)
        for place, one in enumerate(texts)
    ]
    return agreement.index(max(agreement))


def _once(question: Question) -> Asking:
    (said,) = yield [question]
    return said


def _best_of(question: Question, *, samples: int) -> Asking:
    answers = yield [question] * samples
    return answers[most_agreed([said.text for said in answers])]


def _self_critique(question: Question) -> Asking:
    (first,) = yield [question]
    talk = [*question.messages, _message("assistant", first.text), _message("user", _CRITIQUE)]
    (critique,) = yield [Question(talk, question.settings)]
    talk = [*talk, _message("assistant", critique.text), _message("user", _IMPROVE)]
    (better,) = yield [Question(talk, question.settings)]
    return better


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}
