"""Names issues in plain words: what it is about, how many calls have it, and since when or where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf.locale import LANG_INFO

from monitoring.issues.models import Signal

MOST_CHARS = 300
_SUBJECT_CHARS = 120
_VALUE_CHARS = 80

# How a share of the calls reads.
_HAVE = {
    Signal.DISLIKED: "get a thumbs-down", Signal.DEAR: "are dearer than usual", Signal.REFUSED: "refused",
    Signal.UNSUPPORTED: "say what nothing supports", Signal.INJECTION: "try to take over the model",
    Signal.TOXIC: "are hateful or insulting", Signal.LONG_WINDED: "are long-winded", Signal.REPEATED: "repeat themselves",
    Signal.SLOW: "are slower than usual", Signal.LATE_START: "start later than usual", Signal.FAILED: "fail",
    Signal.EMPTY: "get an empty answer", Signal.CUT_OFF: "are cut off", Signal.WRONG_LANGUAGE: "get the wrong language",
    Signal.BAD_FORMAT: "have the wrong form", Signal.LEAKED_DATA: "give away personal data",
    Signal.FRUSTRATED: "leave users frustrated", Signal.ASKED_AGAIN: "are asked again",
    Signal.CONTRADICTED: "contradict what was expected", Signal.HIDDEN_INSTRUCTION: "carry hidden instructions",
}  # fmt: skip
_SINCE: dict[str, Callable[[str], str]] = {
    "prompt version": lambda value: f"since {_version(value)}",
    "prompt": lambda value: f"with the prompt {value}",
    "model": lambda value: f"with {value}",
    "environment": lambda value: f"in {value}",
    "release": lambda value: f"since release {value}",
    "app": lambda value: f"in the app {value}",
    "language": lambda value: f"in {language_name(value)}",
    "user segment": lambda value: f"for {value}",
    "hour of day": lambda value: f"at {value}",
    "arm": lambda value: f"in the {value} arm of a rollout",
    "retrieval": lambda value: f"when {value}",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """What raised it, as far as the numbers tell."""

    dimension: str = ""
    value: str = ""


def language_name(code: str) -> str:
    """Return the English name of a language; of one that is not known its code, as one."""
    return str(LANG_INFO.get(code, {}).get("name", f"the language «{code}»"))


def make(*, subject: str, signal: str, rate: float, cause: Cause, began_at: datetime | None = None) -> str:
    """Return the title, such as «Refunds after 30 days: 6 % refused since v11»."""
    day = f"since {began_at:%-d %B}" if began_at else ""
    said = f"{_cut(subject, _SUBJECT_CHARS) or 'All calls'}: {percent(rate)} {_HAVE[Signal(signal)]}"
    words = since(cause) or day
    # The share is that of all the calls; a part of them has another.
    joint = " " if words.startswith("since") else ", above all "
    return _cut(f"{said}{joint}{words}" if words else said, MOST_CHARS)


def since(cause: Cause) -> str:
    """Return the cause as it follows a sentence, such as «since v11»; nothing when none is known."""
    words = _SINCE.get(cause.dimension)
    value = _cut(cause.value, _VALUE_CHARS)
    return words(value) if words and value else ""


def subject(*, cluster_name: str, prompt_name: str, model: str, environment: str) -> str:
    """Return what the calls have in common, the part that tells most first."""
    named = cluster_name or prompt_name or model or environment
    return f"{named[:1].upper()}{named[1:]}" if cluster_name else named


def percent(rate: float) -> str:
    """Return a share as people say it."""
    if rate <= 0:
        return "0 %"
    shown = rate * 100
    return f"{shown:.0f} %" if shown >= 1 else f"{shown:.1f} %" if shown >= 0.1 else "under 0.1 %"


def _version(value: str) -> str:
    """Return a version as people say it; where several prompts have versions, the value begins with the name of the prompt."""
    prompt_name, _, number = value.rpartition(" ")
    return f"{prompt_name} v{number}" if prompt_name else f"v{number}"


def _cut(text: str, limit: int) -> str:
    clean = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"
