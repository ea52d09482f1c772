"""Texts that are shown up to a length, because a step may hold a megabyte and a page may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitoring.trace_messages import Message
from webapp.templatetags.callboard import pretty_json

# What the panel shows at once, and what it shows when asked for everything; the rest can be downloaded.
SHORT = 16 * 1024
LONG = 256 * 1024
_FEWEST_PER_MESSAGE = 512


@dataclass(frozen=True, slots=True)
class Text:
    """The beginning of a text and how many characters were left out."""

    shown: str
    hidden: int

    @property
    def is_whole(self) -> bool:
        return self.hidden == 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """The end of a conversation: what was said last is read first."""

    messages: list[Message]
    earlier: int
    hidden: int

    @property
    def is_whole(self) -> bool:
        return not self.earlier and not self.hidden


def cut(text: str, *, limit: int) -> Text:
    """Return the first characters of a text."""
    return Text(text[:limit], max(0, len(text) - limit))


def pretty(text: str, *, limit: int) -> Text:
    """Return the first characters of a text, with line breaks when it is JSON."""
    # Laying out a megabyte of JSON to show its first page would cost more than the page.
    return cut(pretty_json(text) if len(text) <= LONG else text, limit=limit)


def last_words(messages: Sequence[Message], *, limit: int) -> Conversation:
    """Return the latest messages that fit, each cut to its share, in the order they were said."""
    shown: list[Message] = []
    hidden, left = 0, limit
    for message in reversed(messages):
        if left <= 0:
            break
        allowed = max(left, _FEWEST_PER_MESSAGE)
        hidden += max(0, message.length - allowed)
        shown.append(_cut_message(message, allowed))
        left -= message.length
    return Conversation(shown[::-1], len(messages) - len(shown), hidden)


def _cut_message(message: Message, allowed: int) -> Message:
    if message.length <= allowed:
        return message
    calls = tuple(replace(call, arguments=call.arguments[:allowed]) for call in message.tool_calls)
    return replace(message, content=message.content[:allowed], other=message.other[:allowed], tool_calls=calls)
