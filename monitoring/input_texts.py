"""What somebody wanted from a prompt, as one text to compare: the values of its blanks, or the last words of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring import trace_messages, trace_prompts
from monitoring.models import Span
from monitoring.trace_messages import as_text

MAX_CHARS = 2_000
# One long document must not drown the question beside it.
_MAX_CHARS_BESIDE_OTHERS = 240
# «Yes, please» means nothing without what was said before.
_SHORT_CHARS = 20
_USER = "user"


def of_call(span: Span) -> str:
    """Return what a recorded call was about; empty when no text of it was recorded."""
    if variables := trace_prompts.variables_of(span):
        return of_values(variables)
    talk = trace_messages.conversation(span.input)
    if talk is not None:
        return _last_words([(message.role, message.content) for message in talk])
    return (span.input or "").strip()[:MAX_CHARS]


def of_values(values: Mapping[str, Any]) -> str:
    """Return the values of blanks as one text, the short ones first."""
    parts = [part for name in sorted(values) if (part := _words_of(values[name]))]
    longest = _MAX_CHARS_BESIDE_OTHERS if len(parts) > 1 else MAX_CHARS
    return "\n".join(sorted((part[:longest] for part in parts), key=len))[:MAX_CHARS]


def _words_of(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, dict) and "role" in item for item in value):
        return _last_words([(as_text(item.get("role")), as_text(item.get("content"))) for item in value])
    return as_text(value).strip()


def _last_words(talk: Sequence[tuple[str, str]]) -> str:
    said = [content.strip() for role, content in talk if role == _USER and content.strip()]
    if not said:
        said = [content.strip() for _, content in talk if content.strip()]
    few = said[-2:] if said and len(said[-1]) < _SHORT_CHARS else said[-1:]
    return "\n".join(few)[:MAX_CHARS]
