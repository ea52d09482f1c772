"""What can be asked of traces: the fields by name, what their values are, and what to say of a value that makes no sense."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from monitoring.analysis import flagged
from monitoring.exploring import amounts
from monitoring.exploring.terms import TEXT, Operator, Value

MOST_CHARS = 255
_ROLLOUT = re.compile(r"[0-9a-f]{4,32}")
_PROMPT_VERSION = re.compile(r"(.+) v([0-9]{1,9})", re.ASCII | re.DOTALL)


class FieldKind(StrEnum):
    TEXT = "text"
    WHOLE = "whole number"
    # A number that names something: nothing lies above or below it.
    NUMBER = "number"
    COUNT = "count"
    DURATION = "duration"
    MONEY = "money"
    CHOICE = "choice"
    ROLLOUT = "rollout"
    PROMPT_VERSION = "prompt version"
    # Texts that may also be numbers: of metadata and of scores nobody knows beforehand.
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """One field with the words for it; `key_label` says what has to follow the dot, where something has to."""

    name: str
    label: str
    kind: FieldKind
    hint: str
    choices: tuple[str, ...] = ()
    key_label: str = ""


_ALL = (
    Field("prompt", "Prompt", FieldKind.TEXT, "the prompt of the last call"),
    Field("version", "Version", FieldKind.WHOLE, "version:>=11"),
    Field("prompt_version", "Prompt version", FieldKind.PROMPT_VERSION, 'prompt_version:"refund-answer v13"'),
    Field("model", "Model", FieldKind.TEXT, "model:gpt-4* for all that begin so"),
    Field("outcome", "Outcome", FieldKind.CHOICE, "with or without failed steps", ("ok", "error")),
    Field("feedback", "Feedback", FieldKind.CHOICE, "what users said with a thumb", ("up", "down")),
    Field("flag", "Found", FieldKind.CHOICE, "what was found in a call", (flagged.ANY, *flagged.NAMES)),
    Field("cost", "Cost", FieldKind.MONEY, "in USD, cost:>0.01"),
    Field("latency", "Took", FieldKind.DURATION, "latency:>2s"),
    Field("ttft", "First words after", FieldKind.DURATION, "of a streamed call, ttft:>500ms"),
    Field("tokens", "Tokens", FieldKind.COUNT, "in and out, tokens:>5k"),
    Field("input_tokens", "Tokens in", FieldKind.COUNT, "input_tokens:>2k"),
    Field("output_tokens", "Tokens out", FieldKind.COUNT, "output_tokens:<20"),
    Field("calls", "Calls", FieldKind.COUNT, "calls to models in the trace"),
    Field("steps", "Steps", FieldKind.COUNT, "steps in the trace"),
    Field("hour", "Hour of day", FieldKind.WHOLE, "from 0 to 23 in UTC, hour:>=22"),
    Field("user", "User", FieldKind.TEXT, "exactly this id"),
    Field("session", "Session", FieldKind.TEXT, "exactly this id"),
    Field("environment", "Environment", FieldKind.TEXT, "where it ran"),
    Field("release", "Release", FieldKind.TEXT, "of the application"),
    Field("service", "App", FieldKind.TEXT, "the application that sent it"),
    Field("name", "Name", FieldKind.TEXT, "of the outermost step"),
    Field("language", "Language", FieldKind.TEXT, "of the question, language:de"),
    Field("score", "Score", FieldKind.ANY, "score.helpful:<3", key_label="the name of the score"),
    Field("metadata", "Metadata", FieldKind.ANY, "metadata.plan:pro", key_label="the key"),
    Field("has", "Has", FieldKind.CHOICE, "something of that kind",
          ("comment", "correction", "score", "feedback", "flag", "error", "user", "session", "prompt", "price")),
    Field("rollout", "Rollout", FieldKind.ROLLOUT, "the calls of one rollout"),
    Field("arm", "Side", FieldKind.CHOICE, "of a rollout", ("candidate", "control")),
    Field("issue", "Issue", FieldKind.NUMBER, "the number of an issue"),
    Field("group", "Group of questions", FieldKind.NUMBER, "the id of a group of questions"),
    Field(TEXT, "Text", FieldKind.TEXT, "words, as if they stood alone"),
)  # fmt: skip
FIELDS = {field.name: field for field in _ALL}
_ALIASES = {
    "status": "outcome", "thumbs": "feedback", "took": "latency", "duration": "latency", "first_token": "ttft",
    "env": "environment", "app": "service", "meta": "metadata", "scores": "score", "flags": "flag", "side": "arm",
}  # fmt: skip


def find(name: str) -> Field | None:
    """Return a field by its name or by another word for it."""
    lower = name.lower()
    return FIELDS.get(_ALIASES.get(lower, lower))


def nearest(name: str) -> str:
    """Return the name of the field that somebody may have meant, or nothing."""
    # Short words are near to anything, and words before a colon are common in texts.
    found = get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.8) if len(name) > 3 else []
    return found[0] if found else ""


def problem_with(field: Field, value: Value) -> str:
    """Say in words why a field cannot have a value; nothing when it can."""
    if len(value.text) > MOST_CHARS:
        return f"A value may have {MOST_CHARS} characters at most."
    if "\x00" in value.text:
        return "A character in it cannot be stored, so nothing has it."
    if value.operator == Operator.BEGINS and field.kind not in (FieldKind.TEXT, FieldKind.ANY):
        return f"{field.name} has no beginnings to look for: leave the * out."
    if value.operator.compares and field.kind in (
        FieldKind.TEXT,
        FieldKind.CHOICE,
        FieldKind.ROLLOUT,
        FieldKind.NUMBER,
        FieldKind.PROMPT_VERSION,
    ):
        return f"{field.name} cannot be compared with {value.operator}: write {field.name}:value."
    if value.operator.compares and field.kind == FieldKind.ANY and amounts.number(value.text) is None:
        return f"After {value.operator} there must be a number."
    return _of_kind(field, value.text)


def prompt_version(text: str) -> tuple[str, int] | None:
    """Return a prompt and the number of its version, as in `refund-answer v13`."""
    found = _PROMPT_VERSION.fullmatch(text)
    return (found[1], int(found[2])) if found else None


def _of_kind(field: Field, text: str) -> str:
    if field.kind == FieldKind.CHOICE and text.lower() not in field.choices:
        return f"{field.name} is one of {', '.join(field.choices)}."
    if field.kind in (FieldKind.WHOLE, FieldKind.NUMBER) and amounts.whole(text) is None:
        return f"{field.name} is a whole number."
    if field.kind == FieldKind.COUNT and amounts.count(text) is None:
        return f"{field.name} is a number such as 500 or 20k."
    if field.kind == FieldKind.DURATION and amounts.nanoseconds(text) is None:
        return f"{field.name} is a time such as 2s, 500ms or 3m."
    if field.kind == FieldKind.MONEY and amounts.nano_usd(text) is None:
        return f"{field.name} is an amount in USD such as 0.01."
    if field.kind == FieldKind.PROMPT_VERSION and prompt_version(text) is None:
        return f"{field.name} is the name of a prompt and a version, as in {field.hint}."
    if field.kind == FieldKind.ROLLOUT and not _ROLLOUT.fullmatch(text.lower().replace("-", "")):
        return "A rollout is named by its id, or by at least four characters of its beginning."
    return ""
