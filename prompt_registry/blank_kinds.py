"""What may stand in a blank: its kind, and whether a sample is of that kind."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from enum import StrEnum

MAX_CHOICES = 100
MAX_CHOICE_CHARACTERS = 200


class Kind(StrEnum):
    """What applications put into a blank; in the prompt it is always text."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    JSON = "json"


LABELS: dict[Kind, str] = {
    Kind.TEXT: "Text",
    Kind.NUMBER: "Number",
    Kind.BOOLEAN: "Yes or no",
    Kind.CHOICE: "One of a list",
    Kind.JSON: "Structured data",
}
_YES_OR_NO = frozenset({"true", "false", "yes", "no"})


def read(value: object) -> Kind:
    """Return the kind of that name; an empty or unknown name means text."""
    return next((kind for kind in Kind if kind == value), Kind.TEXT)


def problem_of_choices(kind: Kind, choices: Sequence[str]) -> str:
    """Return what is wrong with the list that a blank chooses from, or nothing."""
    if kind != Kind.CHOICE:
        return ""
    if not choices:
        return "write down what can be chosen, one in each line."
    if len(choices) > MAX_CHOICES:
        return f"the list has more than {MAX_CHOICES} entries."
    if any(len(choice) > MAX_CHOICE_CHARACTERS for choice in choices):
        return f"an entry of the list has more than {MAX_CHOICE_CHARACTERS} characters."
    return ""


def problem_of_sample(kind: Kind, choices: Sequence[str], sample: str) -> str:
    """Return why the sample is not of this kind, or nothing; no sample is never wrong."""
    if not sample:
        return ""
    if kind == Kind.NUMBER and not _is_number(sample):
        return "is not a number."
    if kind == Kind.BOOLEAN and sample.strip().lower() not in _YES_OR_NO:
        return "is neither yes nor no."
    if kind == Kind.CHOICE and choices and sample not in choices:
        return "is not in its list."
    return _json_problem(sample) if kind == Kind.JSON else ""


def _is_number(sample: str) -> bool:
    try:
        return math.isfinite(float(sample))
    except ValueError:
        return False


def _json_problem(sample: str) -> str:
    try:
        json.loads(sample)
    except json.JSONDecodeError as error:
        return f"is not valid JSON (line {error.lineno}, character {error.colno})."
    except RecursionError:
        return "is nested too deeply."
    return ""
