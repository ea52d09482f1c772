"""How the model should answer: typed fields, their plain names, and what makes them wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prompt_registry import json_schemas, texts, tools
from prompt_registry.errors import Problem

MAX_TOKENS = 1_000_000
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 200
MAX_TOOLS = 128
MAX_JSON_BYTES = 64 * 1024
MAX_SEED = 2**53 - 1


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """The model of a prompt version and how it should answer; what is unset is left to the application."""

    model: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    response_schema: Mapping[str, Any] | None = None
    custom: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the settings that are set."""
        everything: dict[str, Any] = {name: getattr(self, name) for name in NAMES}
        everything |= {"stop": list(self.stop), "tools": [dict(tool) for tool in self.tools]}
        return {name: value for name, value in everything.items() if value not in (None, "", [])}


# The name in code, the name on the screen, and one sentence for the person who sets it.
FIELDS: tuple[tuple[str, str, str], ...] = (
    ("model", "Model", "Which model answers, by the provider's name for it. Empty: the application chooses."),
    ("temperature", "Creativity", "0 is steady and repeats itself, 2 is wild. Empty: the model's own setting."),
    ("top_p", "Word choice", "Between 0 and 1: smaller keeps to likely words. Change this or creativity, not both."),
    ("max_tokens", "Longest answer", "In tokens; 100 tokens are about 75 English words. Empty: no limit of ours."),
    ("seed", "Seed", "The same number makes answers repeat where the model supports it."),
    ("stop", "Stop words", "The answer ends before any of these; one in each line."),
    (
        "tools",
        "Tools",
        "The functions the model may ask for, as a JSON list; each has a name, a meaning and its parameters.",
    ),
    (
        "response_schema",
        "Answer form",
        "The JSON schema that every answer must follow. Empty: the answer is free text.",
    ),
    (
        "custom",
        "For the application",
        "What else the application reads along with this prompt; its engineers fill this in.",
    ),
)
NAMES = tuple(name for name, _, _ in FIELDS)
LABELS = {name: label for name, label, _ in FIELDS}


def read(raw: Mapping[str, Any]) -> tuple[PromptSettings, list[Problem]]:
    """Return the settings that could be read, and a problem for each that could not; numbers may come as text."""
    values: dict[str, Any] = {}
    problems = [
        Problem(f"settings.{name}", f"There is no setting «{name}». The settings are {', '.join(NAMES)}.")
        for name in raw
        if name not in NAMES
    ]
    for name, reader in _READERS.items():
        try:
            value = reader(raw.get(name))
        except ValueError as error:
            problems.append(Problem(f"settings.{name}", f"{LABELS[name]}: {error}"))
        else:
            if value is not None:
                values[name] = value
    return PromptSettings(**values), problems


def problems_of(settings: PromptSettings) -> list[Problem]:
    """Return what is wrong with the values of the settings."""
    wrong = {
        "model": len(settings.model) > 120 and "the name is longer than 120 characters.",
        "temperature": not _within(settings.temperature, 0, 2) and "enter a number from 0 to 2.",
        "top_p": not _within(settings.top_p, 0, 1) and "enter a number from 0 to 1.",
        "max_tokens": not _within(settings.max_tokens, 1, MAX_TOKENS) and "enter a whole number from 1 to 1,000,000.",
        "seed": not _within(settings.seed, -MAX_SEED, MAX_SEED) and "this number is too large.",
        "stop": _stop_problem(settings.stop),
        "tools": (len(settings.tools) > MAX_TOOLS or _is_large(settings.tools)) and "too many or too large tools.",
        "response_schema": _is_large(settings.response_schema) and "this schema is larger than 64 KiB.",
        "custom": _is_large(settings.custom) and "this is larger than 64 KiB.",
    }
    found = [Problem(f"settings.{name}", f"{LABELS[name]}: {why}") for name, why in wrong.items() if why]
    return found or _json_problems(settings)


def _json_problems(settings: PromptSettings) -> list[Problem]:
    flaws = {
        "tools": tools.flaw_of(settings.tools),
        "response_schema": json_schemas.flaw_of(settings.response_schema) if settings.response_schema else None,
    }
    return [
        Problem(f"settings.{name}", f"{LABELS[name]}: {flaw.words}", flaw.path) for name, flaw in flaws.items() if flaw
    ]


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError("this must be text.")
    return texts.clean(value).strip() if value else None


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    sentence = "this is not a number. Write it like 0.7."
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(sentence)
    try:
        number = float(value.strip().replace(",", ".")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        raise ValueError(sentence) from None
    if not math.isfinite(number):
        raise ValueError(sentence)
    return number


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value)
    if number is not None and number != int(number):
        raise ValueError("this must be a whole number.")
    return None if number is None else int(number)


def _lines(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise ValueError("this must be a list of texts.")
    return tuple(texts.clean(line) for line in lines if line)


def _object(value: object) -> Mapping[str, Any] | None:
    parsed = _json(value)
    if parsed is not None and not isinstance(parsed, dict):
        raise ValueError("this must be a JSON object, in curly braces.")
    return parsed


def _objects(value: object) -> tuple[Mapping[str, Any], ...] | None:
    parsed = _json(value)
    if parsed is None:
        return None
    if not isinstance(parsed, list | tuple) or not all(isinstance(item, dict) for item in parsed):
        raise ValueError("this must be a JSON list of objects, in square brackets.")
    return tuple(parsed)


def _json(value: object) -> Any:
    parsed = (_parsed(value) if value.strip() else None) if isinstance(value, str) else value
    return texts.clean_json(parsed)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not valid JSON (line {error.lineno}, character {error.colno}).") from None
    except RecursionError:
        raise ValueError("this JSON is nested too deeply.") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not valid JSON.")


def _within(value: float | None, low: float, high: float) -> bool:
    return value is None or low <= value <= high


def _stop_problem(stop: tuple[str, ...]) -> str:
    if len(stop) > MAX_STOPS:
        return f"use at most {MAX_STOPS} stop words."
    return "a stop word has more than 200 characters." if any(len(word) > MAX_STOP_CHARACTERS for word in stop) else ""


def _is_large(value: object) -> bool:
    return bool(value) and len(json.dumps(value)) > MAX_JSON_BYTES


_READERS: dict[str, Callable[[object], Any]] = {
    "model": _text, "temperature": _number, "top_p": _number, "max_tokens": _whole, "seed": _whole,
    "stop": _lines, "tools": _objects, "response_schema": _object, "custom": _object,
}  # fmt: skip
