"""What a judge answered: exactly what was asked for, or CannotJudge. Nothing in between ever becomes a score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from evals.errors import CannotJudge
from evals.evaluators.structured import without_fence
from evals.evaluators.texts import plain
from prompt_registry import texts

MAX_BYTES = 64 * 1024
_LONGEST_TEXT = 1_000
# Quotes shorter than this are found in nearly every text.
_SHORTEST_QUOTE = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict with its reason, and whether the words that it quotes really stand in the text."""

    verdict: str
    reason: str
    quote: str
    is_quoted: bool

    def to_json(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "reason": self.reason, "quote": self.quote, "is_quoted": self.is_quoted}


def answer(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer as the schema wants it."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise CannotJudge("The judge's answer is too long to be one.")
    try:
        found = json.loads(without_fence(text), object_pairs_hook=_without_twins, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CannotJudge(
            "The judge did not answer in the form it was asked for (no JSON). That is no score; try again, or another model."
        ) from error
    wrong = next(iter(Draft202012Validator(schema).iter_errors(found)), None)
    if wrong is not None:
        raise CannotJudge(
            "The judge did not answer in the form it was asked for. That is no score; try again, or another model. "
            f"({texts.clean(wrong.message)[:160]})"
        )
    return dict(found)


def only(answers: Sequence[str]) -> str:
    """Return the one answer of a judge that asks once."""
    if len(answers) != 1:
        raise CannotJudge(f"The judge asked once and got {len(answers)} answers.")
    return answers[0]


def verdict(found: Mapping[str, Any], *, quoted_from: str) -> Verdict:
    """Return the verdict in an answer of the form `asking.one_of`."""
    quote = shown(found["judge_quote"])
    return Verdict(str(found["judge_verdict"]), shown(found["judge_reason"]), quote, is_in(quote, quoted_from))


def is_in(quote: str, text: str) -> bool:
    """Tell whether the quoted words stand in the text; capitals and spaces do not matter."""
    wanted = plain(quote.strip(" «»“”„"))
    return len(wanted) >= _SHORTEST_QUOTE and wanted in plain(text)


def shown(text: str) -> str:
    """Return a text of a judge as it is kept."""
    return texts.clean(text).strip()[:_LONGEST_TEXT]


def sentence(text: str, *, otherwise: str) -> str:
    """Return a judge's reason as a sentence for a table."""
    found = " ".join(text.split())[:300]
    if not found:
        return otherwise
    return found if found.endswith((".", "!", "?", "…")) else f"{found}."


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Whichever of the two counted, the other would have been a verdict as well.
        raise ValueError("a name stands twice")
    return found


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
