"""`GET /live/prompts`: a stream that tells applications which prompts changed, never what is in them."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from webapp import asgi, live_database, live_fleet, live_keys, process_header
from webapp.live_board import Board, Change, Mailbox
from webapp.live_database import DatabaseAway, Questions
from webapp.live_keys import LiveCaller, LiveKeys, TooManyKeys
from webapp.live_routes import PROMPTS

log = structlog.get_logger("callboard.live")

CHANNEL: Final = "callboard_prompts"
_REFUSALS: Final = (
    (401, "This API key is not valid or none was sent. Send it as «Authorization: Bearer cb_…»."),
    (403, f"This API key may not do this: it lacks the permission «{PROMPTS.scope}»."),
)
_HEADERS: Final = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a stream lives, how often it shows that it does, and how many there may be."""

    stream_seconds: float = 300.0
    heartbeat_seconds: float = 15.0
    send_seconds: float = 20.0
    check_seconds: float = 10.0
    retry_ms: int = 2_000
    per_key: int = 1_000
    in_all: int = 5_000


@dataclass(eq=False, slots=True)
class _Stream:
    """One application process that listens."""

    caller: LiveCaller
    process_id: str
    mailbox: Mailbox


class PromptStreams:
    """Serves the streams of one live process, with three database connections however many there are."""

    def __init__(self, *, database_url: str, limits: Limits | None = None) -> None:
        self._url = database_url
        self._limits = limits or Limits()
        self.board = Board()
        self._questions = Questions(database_url)
        self._keys = LiveKeys(self._questions)
        # On a connection of its own, so that no crowd of callers can keep revoked keys from being found.
        self._chores = Questions(database_url)
        self._fleet = live_fleet.Fleet(self._chores)
        self._streams: set[_Stream] = set()
        self._by_key: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ending = False
        # Where the streams run, for those who end them from a signal or another thread.
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def start(self) -> None:
        """Begin to listen to the database."""
        self.loop = asyncio.get_running_loop()
        listening = live_database.listen(
            self._url, CHANNEL, on_payload=self.board.post, on_gap=self.board.post_gap
        )  # fmt: skip
        self._tasks = [asyncio.create_task(listening), asyncio.create_task(self._look_after())]

    def end_streams(self) -> None:
        """End every stream, so that this process can stop; applications come back to the next one."""
        self._is_ending = True
        for stream in self._streams:
            stream.mailbox.close()

    async def stop(self) -> None:
        """End the streams and the connections."""
        self.end_streams()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._questions.close()
        await self._chores.close()

    async def answer(self, scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer one request with a stream, or say why not."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] != "GET":
            await _refuse(send, 405, "Only GET is possible here.")
            return
        try:
            caller = await self._keys.check(_sent_key(headers))
        except DatabaseAway:
            await _refuse(send, 503, "The database does not answer at the moment. Try again soon.", retry_after=5)
            return
        except TooManyKeys:
            await _refuse(send, 503, "Too many keys are being checked at the moment. Try again soon.", retry_after=5)
            return
        if caller is None or PROMPTS.scope not in caller.scopes:
            status, sentence = _REFUSALS[0 if caller is None else 1]
            await _refuse(send, status, sentence)
        elif self._is_full(caller) or self._is_ending:
            await _refuse(send, 429, "Too many streams are open with this key.", retry_after=60)
        else:
            await self._serve(caller, headers, receive, send)

    def _is_full(self, caller: LiveCaller) -> bool:
        return self.count >= self._limits.in_all or self._by_key[caller.key_id] >= self._limits.per_key

    async def _serve(
        self, caller: LiveCaller, headers: dict[str, str], receive: asgi.Receive, send: asgi.Send
    ) -> None:  # fmt: skip
        process = process_header.parse(headers.get(process_header.HEADER.lower(), ""))
        mailbox = self.board.open(caller.project_id, last_seen=headers.get("last-event-id", ""))
        stream = _Stream(caller, process.id if process else "", mailbox)
        self._streams.add(stream)
        self._by_key[caller.key_id] += 1
        self._fleet.came(caller.project_id, stream.process_id)
        listener = asyncio.ensure_future(_close_when_left(receive, mailbox))
        try:
            await self._send_all(mailbox, send)
        except TimeoutError:
            log.info("stream_cut", reason="the reader does not read")
        finally:
            has_left = listener.done()
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
            self._forget(stream, has_left=has_left)

    def _forget(self, stream: _Stream, *, has_left: bool) -> None:
        self._streams.discard(stream)
        self.board.close(stream.caller.project_id, stream.mailbox)
        self._by_key[stream.caller.key_id] -= 1
        self._by_key += Counter()  # drops keys without streams
        self._fleet.went(stream.caller.project_id, stream.process_id, has_left=has_left)

    async def _send_all(self, mailbox: Mailbox, send: asgi.Send) -> None:
        limits, ends_at = self._limits, time.monotonic() + self._limits.stream_seconds
        await asgi.start(send, 200, _HEADERS)
        await self._send(send, f"retry: {limits.retry_ms}\n\n")
        while (left := ends_at - time.monotonic()) > 0:
            try:
                change = await mailbox.get(seconds=min(limits.heartbeat_seconds, left))
            except TimeoutError:
                await self._send(send, ": still here\n\n")
                continue
            if change is None:
                break
            await self._send(send, self._event(change))
        await self._send(send, "", is_last=True)

    async def _send(self, send: asgi.Send, text: str, *, is_last: bool = False) -> None:
        async with asyncio.timeout(self._limits.send_seconds):
            await asgi.send_part(send, text.encode(), is_last=is_last)

    def _event(self, change: Change) -> str:
        facts = {"name": change.name, "labels": change.labels, "change": change.token}
        # JSON without line breaks: a name cannot end the event and begin another.
        return f"id: {self.board.id_of(change)}\nevent: prompts\ndata: {json.dumps(facts)}\n\n"

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(self._limits.check_seconds)
            try:
                await self._end_revoked()
                await self._fleet.write()
            except DatabaseAway:
                continue
            except Exception:  # this task must outlive whatever happens once
                log.exception("streams_not_looked_after")

    async def _end_revoked(self) -> None:
        if not self._streams:
            return
        used = {stream.caller.key_id for stream in self._streams}
        usable = await live_keys.still_usable(self._chores, used, scope=PROMPTS.scope)
        for stream in self._streams:
            if stream.caller.key_id not in usable:
                stream.mailbox.close()


def from_environment() -> PromptStreams:
    """Return the streams over the database that this process is told to use."""
    return PromptStreams(database_url=os.environ.get("DATABASE_URL", "postgresql:///callboard"))


async def _close_when_left(receive: asgi.Receive, mailbox: Mailbox) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    mailbox.close()


def _sent_key(headers: dict[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


async def _refuse(send: asgi.Send, status: int, sentence: str, *, retry_after: int = 0) -> None:
    headers = [(b"retry-after", str(retry_after).encode())] if retry_after else []
    await asgi.send_json(send, status, {"status": status, "title": sentence}, headers)
