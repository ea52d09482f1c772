"""What somebody wanted from a prompt, to compare: the values of its blanks, or the last words of the user."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring import embeddings, trace_messages, trace_prompts
from monitoring.models import Span
from monitoring.trace_messages import as_text

MAX_CHARS = 2_000
# A text counts by its length up to this: one long document must not drown the question beside it, nor a name change it.
_FULL_WEIGHT_CHARS = 60
# «Yes, please» means nothing without what was said before.
_SHORT_CHARS = 20
_USER = "user"

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def of_call(span: Span) -> list[str]:
    """Return what a recorded call was about, in parts; none when no text of it was recorded."""
    if variables := trace_prompts.variables_of(span):
        return of_values(variables)
    talk = trace_messages.conversation(span.input)
    text = (span.input or "").strip() if talk is None else _last_words([(one.role, one.content) for one in talk])
    return [text[:MAX_CHARS]] if text else []


def of_values(values: Mapping[str, Any]) -> list[str]:
    """Return the values of blanks, the short ones first."""
    parts = [_words_of(values[name]) for name in sorted(values)]
    return sorted((part[:MAX_CHARS] for part in parts if part), key=len)


def vectors(inputs: Sequence[Sequence[str]], embed: Embed = embeddings.embed) -> NDArray[np.float32]:
    """Return one unit vector for each input, made of those of its parts."""
    # An input without a part has the vector of the empty text.
    filled = [list(parts) or [""] for parts in inputs]
    if not filled:
        return embed([])
    texts = [part for parts in filled for part in parts]
    weights = np.array([max(1, min(len(part), _FULL_WEIGHT_CHARS)) for part in texts], dtype=np.float32)
    starts = np.cumsum([0, *(len(parts) for parts in filled[:-1])])
    sums = np.add.reduceat(embed(texts) * weights[:, None], starts, axis=0)
    found: NDArray[np.float32] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-12))
    return found


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
