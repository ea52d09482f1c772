"""Reads rows of labelled data as the conversations they record; the kind of a row is told by its fields."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Row = Mapping[str, Any]
DEFAULT_MODEL: Final = "simulated-fast"
_FROM_CONTEXT: Final = "Answer with the help of the context."
_SUMMARISE: Final = "Summarise the following document."


class UnusableRow(ValueError):
    """The row is not one of the known kinds."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One model call: what was sent, what came back (None when the data has no answer), and how people scored it."""

    messages: list[dict[str, str]]
    output: str | None
    model: str = DEFAULT_MODEL
    name: str = "answer"
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One trace to be: a question, perhaps documents that were found for it, and one or more replies."""

    kind: str
    row_id: str
    source: str
    question: str
    replies: list[Reply]
    documents: list[str] = field(default_factory=list)
    # Whether the labels call it a bad one; None when they say nothing.
    is_bad: bool | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be used, and why."""

    number: int
    reason: str


def read(lines: Iterable[bytes]) -> Iterator[Conversation | BadLine]:
    """Yield a conversation for each line that holds one, and a note for each that does not; empty lines are left out."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield conversation(json.loads(line), number)
        except UnusableRow as error:
            yield BadLine(number, str(error))
        except (ValueError, RecursionError):
            yield BadLine(number, "this is not JSON in UTF-8")


def conversation(row: Any, number: int) -> Conversation:
    """Return the conversation in one decoded row; raises UnusableRow."""
    if not isinstance(row, dict):
        raise UnusableRow("the line is JSON, but not an object")
    for needed, make in _KINDS.items():
        if needed <= row.keys():
            return make(row, str(row.get("id") or f"line-{number}"))
    raise UnusableRow("its fields fit no known kind of data")


def _hallucination(row: Row, row_id: str) -> Conversation:
    question, context = _text(row, "input"), _text(row, "context")
    messages = [_system(f"{_FROM_CONTEXT}\n\nContext:\n{context}")]
    if question:
        messages.append(_user(question))
    reply = Reply(messages, _text(row, "output"), _model(row))
    label = row.get("label")
    bad = None if label is None else bool(label)
    return Conversation("hallucination", row_id, _source(row), question or context[:200], [reply], [context], bad)


def _refusal(row: Row, row_id: str) -> Conversation:
    question = _text(row, "input")
    reply = Reply([_user(question)], _text(row, "output"), _model(row))
    return Conversation("refusal", row_id, _source(row), question, [reply], is_bad=bool(row.get("refusal")))


def _injection(row: Row, row_id: str) -> Conversation:
    text = _text(row, "text")
    is_bad = bool(row.get("label"))
    if row.get("channel") == "document":
        reply = Reply([_system(_SUMMARISE), _user(text)], None)
        return Conversation("injection", row_id, _source(row), _SUMMARISE, [reply], [text], is_bad)
    return Conversation("injection", row_id, _source(row), text, [Reply([_user(text)], None)], is_bad=is_bad)


def _toxicity(row: Row, row_id: str) -> Conversation:
    text = _text(row, "text")
    return Conversation(
        "toxicity", row_id, _source(row), text, [Reply([_user(text)], None)], is_bad=bool(row.get("toxic"))
    )


def _intent(row: Row, row_id: str) -> Conversation:
    text = _text(row, "text")
    return Conversation("intents", row_id, _source(row), text, [Reply([_user(text)], None)])


def _pair(row: Row, row_id: str) -> Conversation:
    question = _text(row, "prompt")
    shares = {"a": (1.0, 0.0), "b": (0.0, 1.0), "tie": (0.5, 0.5)}.get(str(row.get("human_preference")))
    scores: tuple[float | None, float | None] = shares or (None, None)
    replies = [
        Reply([_user(question)], _text(row, side), name=f"answer {side}", score=score)
        for side, score in zip(("a", "b"), scores, strict=True)
    ]
    return Conversation("pairwise", row_id, _source(row), question, replies)


# The fields that tell the kind; the first fitting entry wins.
_KINDS: Final[dict[frozenset[str], Callable[[Row, str], Conversation]]] = {
    frozenset({"context", "output"}): _hallucination,
    frozenset({"refusal", "input", "output"}): _refusal,
    frozenset({"prompt", "a", "b"}): _pair,
    frozenset({"text", "attack_type"}): _injection,
    frozenset({"text", "toxic"}): _toxicity,
    frozenset({"text", "intent"}): _intent,
}


def chance(row_id: str, purpose: str) -> float:
    """Return a number in [0, 1) that always belongs to this row and purpose."""
    digest = hashlib.sha256(f"{purpose}\x1f{row_id}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def thumbs(talk: Conversation) -> Literal["up", "down"] | None:
    """Return the thumb that somebody gives, the same for the same row: mostly down when the labels call it bad."""
    if talk.is_bad is None:
        return None
    roll = chance(talk.row_id, "thumbs")
    if talk.is_bad:
        return "down" if roll < 0.6 else None
    return "up" if roll < 0.15 else "down" if roll > 0.98 else None


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnusableRow(f"its field {name} is not a text")
    return value


def _model(row: Row) -> str:
    return str(row.get("model") or DEFAULT_MODEL)


def _source(row: Row) -> str:
    return str(row.get("source") or "")


def _system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}
