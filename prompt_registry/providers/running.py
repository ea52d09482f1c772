"""Calls that go on by themselves while the thread that started them does other things and looks at them now and then."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from prompt_registry.providers import event_loop
from prompt_registry.providers.connections import TOTAL_SECONDS, Connection
from prompt_registry.providers.values import Completion, ModelSettings, TextChunk


@dataclass(slots=True)
class RunningCall:
    """A streamed answer on its way: `text` grows until `is_done`."""

    changed: threading.Event
    completion: Completion | None = None
    _texts: list[str] = field(default_factory=list)
    _future: Future[None] | None = None

    @property
    def text(self) -> str:
        """Return what has arrived so far."""
        return "".join(self._texts)

    @property
    def is_done(self) -> bool:
        return self._future is not None and self._future.done()

    @property
    def error(self) -> BaseException | None:
        """Return why there is no whole answer, once the call is done; None when somebody hung up."""
        if self._future is None or not self._future.done() or self._future.cancelled():
            return None
        return self._future.exception()

    def cancel(self) -> None:
        """Hang up; what had arrived stays in `text`."""
        if self._future is not None:
            self._future.cancel()

    async def _follow(self, call: Any) -> None:
        # The openai package takes half a second to import, and a process may never call a model.
        from prompt_registry.providers.calls import ask_streaming

        pieces = ask_streaming(call)
        try:
            async for piece in pieces:
                if isinstance(piece, TextChunk):
                    self._texts.append(piece.text)
                    self.changed.set()
                else:
                    self.completion = piece
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]


def start(
    *, connection: Connection, messages: Sequence[Mapping[str, Any]], settings: ModelSettings, changed: threading.Event,
    total_seconds: float = TOTAL_SECONDS, may_pay_again: bool = True,
) -> RunningCall:  # fmt: skip
    """Ask in the background; `changed` is set whenever there is something new to look at."""
    from prompt_registry.providers.calls import Call

    running = RunningCall(changed)
    future = event_loop.submit(running._follow(Call(connection, messages, settings, total_seconds, may_pay_again)))
    running._future = future
    future.add_done_callback(lambda _: changed.set())
    return running
