"""Reads server-sent events from pieces of bytes, and from them which prompts changed; rubbish yields nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_MAX_LINE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class PromptChange:
    """A prompt changed under some labels (none: under any); without a name any prompt may have changed."""

    name: str = ""
    labels: tuple[str, ...] = ()
    # Shown to the server when asking for the prompt, whose answer is then not older than the change.
    token: str = ""


class LineTooLong(ValueError):
    """What arrives is not a stream of events."""


class EventReader:
    """Puts lines together and events from lines."""

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_seconds: float | None = None
        self.lines = 0
        self._rest = b""
        self._event = self._id = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[PromptChange]:
        """Take in a piece, and yield the changes that are complete with it; raises LineTooLong."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if max((len(line) for line in (*lines, self._rest)), default=0) > _MAX_LINE:
            raise LineTooLong
        for line in lines:
            self.lines += 1
            change = self._take(line.removesuffix(b"\r").decode("utf-8", "replace"))
            if change is not None:
                yield change

    def _take(self, line: str) -> PromptChange | None:
        if not line:
            return self._finish()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            self._event = value
        elif field == "data":
            self._data = [*self._data[-15:], value]
        elif field == "id" and len(value) <= 100 and value.isprintable() and value.isascii():
            self._id = value
        elif field == "retry" and value.isascii() and value.isdigit() and len(value) < 9:
            self.retry_seconds = int(value) / 1000
        return None

    def _finish(self) -> PromptChange | None:
        event, data = self._event, "\n".join(self._data)
        self._event, self._data = "", []
        # Only with its whole event: after a cut in the middle the event is asked for again.
        self.last_id = self._id
        return _change(data) if event == "prompts" else None


def _change(data: str) -> PromptChange | None:
    try:
        facts: Any = json.loads(data)
        labels = facts.get("labels") or ()
        token = facts.get("change") or ""
        if not isinstance(token, str) or not token.isascii() or not token.isalnum() or len(token) > 40:
            token = ""
        return PromptChange(str(facts.get("name") or ""), tuple(str(label) for label in labels), token)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
