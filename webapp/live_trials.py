"""`GET /live/trials`: the answers of one trial as they are written, for a page that shows them.

The rows are read by one task for everybody; a stream only compares what it has sent with what is there.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from webapp import asgi, live_tickets
from webapp.live_database import DatabaseAway, Questions
from webapp.live_tickets import Ticket

log = structlog.get_logger("callboard.live")

_HEADERS: Final = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
_ACTIVE = ("ready", "running")
_MAY_FOLLOW = """
    SELECT 1 FROM trial t JOIN membership m ON m.project_id = t.project_id JOIN user_account u ON u.id = m.user_id
     WHERE t.id = %s AND t.project_id = %s AND m.user_id = %s AND u.is_active
"""
_REVISIONS = "SELECT trial_id, id, revision FROM trial_cell WHERE trial_id = ANY(%s)"
_CELLS = "SELECT trial_id, id, revision, state, text FROM trial_cell WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often the rows are read, how long a stream lives, and how many there may be."""

    read_seconds: float = 0.25
    stream_seconds: float = 300.0
    heartbeat_seconds: float = 15.0
    check_seconds: float = 10.0
    send_seconds: float = 20.0
    per_person: int = 8
    in_all: int = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it stands in its row."""

    id: int
    revision: int
    state: str
    text: str


@dataclass(eq=False, slots=True)
class _Watch:
    """A trial that somebody looks at: its cells as last read, and the streams to wake when they change."""

    cells: dict[int, Cell] = field(default_factory=dict)
    is_read: bool = False
    listeners: set[asyncio.Event] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        return self.is_read and not any(cell.state in _ACTIVE for cell in self.cells.values())


class TrialStreams:
    """Serves the streams of one live process over one database connection."""

    def __init__(
        self, *, database_url: str, secret: str, hosts: Iterable[str] = (), limits: Limits | None = None
    ) -> None:
        self._secret, self._hosts = secret, frozenset(hosts)
        self._limits = limits or Limits()
        self._questions = Questions(database_url)
        self._watches: dict[int, _Watch] = {}
        self._by_person: Counter[int] = Counter()
        self._reading: asyncio.Task[None] | None = None
        self._is_ending = False

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._by_person.total()

    def end_streams(self) -> None:
        """End every stream, so that this process can stop; pages ask in another way meanwhile."""
        self._is_ending = True
        for watch in self._watches.values():
            _wake(watch)

    async def stop(self) -> None:
        """End the streams and the connection."""
        self.end_streams()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._questions.close()

    async def answer(self, scope: MutableMapping[str, Any], receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer one request with a stream, or say why not."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        shared = _cross_origin(headers.get("origin", ""), self._hosts)
        if scope["method"] == "OPTIONS":
            await asgi.start(send, 204, [*shared, (b"access-control-max-age", b"600")])
            await asgi.send_part(send, b"", is_last=True)
            return
        status, sentence, ticket = await self._admit(scope["method"], headers)
        if ticket is None:
            await asgi.send_json(send, status, {"status": status, "title": sentence}, shared)
        else:
            await self._serve(ticket, receive, send, shared)

    async def _admit(self, method: str, headers: dict[str, str]) -> tuple[int, str, Ticket | None]:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        ticket = live_tickets.check(value.strip(), secret=self._secret, now=time.time())
        if method != "GET":
            return 405, "Only GET is possible here.", None
        if scheme.lower() != "bearer" or ticket is None:
            return 401, "This ticket is not valid any more. Reload the page.", None
        try:
            if not await self._may_follow(ticket):
                return 404, "There is nothing at this address.", None
        except DatabaseAway:
            return 503, "The database does not answer at the moment. Try again soon.", None
        # Last, so that nothing is waited for between this and the count.
        if self._is_full(ticket):
            return 429, "Too many pages are being followed.", None
        return 200, "", ticket

    def _is_full(self, ticket: Ticket) -> bool:
        has_many = self._by_person[ticket.user_id] >= self._limits.per_person
        return self._is_ending or has_many or self.count >= self._limits.in_all

    async def _may_follow(self, ticket: Ticket) -> bool:
        return bool(await self._questions.ask(_MAY_FOLLOW, [ticket.trial_id, ticket.project_id, ticket.user_id]))

    async def _serve(self, ticket: Ticket, receive: asgi.Receive, send: asgi.Send, headers: asgi.Headers) -> None:
        watch = self._watches.setdefault(ticket.trial_id, _Watch())
        news = asyncio.Event()
        watch.listeners.add(news)
        self._by_person[ticket.user_id] += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        listener = asgi.Listener(receive)
        try:
            await asgi.start(send, 200, [*_HEADERS, *headers])
            await self._send_all(ticket, watch, news, listener, send)
        except (TimeoutError, DatabaseAway) as error:
            log.info("trial_stream_cut", reason=type(error).__name__)
        finally:
            watch.listeners.discard(news)
            if not watch.listeners:
                self._watches.pop(ticket.trial_id, None)
            self._by_person[ticket.user_id] -= 1
            self._by_person += Counter()  # drops people without streams
            await listener.close()

    async def _send_all(
        self, ticket: Ticket, watch: _Watch, news: asyncio.Event, listener: asgi.Listener, send: asgi.Send
    ) -> None:
        limits, sent = self._limits, dict[int, Cell]()
        now = time.monotonic()
        ends_at, check_at, beat_at = now + limits.stream_seconds, now + limits.check_seconds, now
        while not self._is_ending and (now := time.monotonic()) < ends_at:
            news.clear()
            if lines := _lines(watch.cells.values(), sent):
                await self._send(send, f"event: cells\ndata: {json.dumps(lines)}\n\n")
                beat_at = now
            if watch.is_over:
                await self._send(send, "event: over\ndata: {}\n\n")
                break
            if now >= check_at:
                check_at = now + limits.check_seconds
                if not await self._may_follow(ticket):
                    break
            if now - beat_at >= limits.heartbeat_seconds:
                beat_at = now
                await self._send(send, ": still here\n\n")
            if not await _either(news, listener, seconds=min(1.0, limits.check_seconds)):
                return
        await self._send(send, "", is_last=True)

    async def _send(self, send: asgi.Send, text: str, *, is_last: bool = False) -> None:
        async with asyncio.timeout(self._limits.send_seconds):
            await asgi.send_part(send, text.encode("utf-8", "replace"), is_last=is_last)

    async def _read(self) -> None:
        """Read what changed in the trials that are looked at, until nobody looks any more."""
        while self._watches and not self._is_ending:
            try:
                await self._read_once()
            except DatabaseAway:
                await asyncio.sleep(1.0)
            await asyncio.sleep(self._limits.read_seconds)

    async def _read_once(self) -> None:
        watches = dict(self._watches)
        found = await self._questions.ask(_REVISIONS, [list(watches)])
        changed = [
            cell_id for trial_id, cell_id, revision in found
            if (known := watches[trial_id].cells.get(cell_id)) is None or known.revision != revision
        ]  # fmt: skip
        rows = await self._questions.ask(_CELLS, [changed]) if changed else []
        for trial_id, cell_id, revision, state, text in rows:
            watches[trial_id].cells[cell_id] = Cell(cell_id, revision, state, text)
        for trial_id in {row[0] for row in rows} | {key for key, watch in watches.items() if not watch.is_read}:
            watches[trial_id].is_read = True
            _wake(watches[trial_id])


def from_environment() -> TrialStreams:
    """Return the streams over the database and for the site that this process is told of."""
    site = urlsplit(os.environ.get("CALLBOARD_URL", "http://127.0.0.1:8400")).hostname or ""
    hosts = [site, "127.0.0.1", "localhost", "::1", *os.environ.get("CALLBOARD_HOSTS", "").split(",")]
    return TrialStreams(
        database_url=os.environ.get("DATABASE_URL", "postgresql:///callboard"),
        secret=os.environ.get("CALLBOARD_SECRET_KEY", ""), hosts=[host for host in hosts if host],
    )  # fmt: skip


def _lines(cells: Iterable[Cell], sent: dict[int, Cell]) -> list[dict[str, Any]]:
    """Return what of the cells a stream has not sent; text that only grew is sent from where it ended."""
    lines = []
    for cell in cells:
        before = sent.get(cell.id)
        if before == cell:
            continue
        sent[cell.id] = cell
        grew = before is not None and cell.text.startswith(before.text)
        text = cell.text[len(before.text) :] if before is not None and grew else cell.text
        lines.append({"id": cell.id, "state": cell.state, "is_whole": not grew, "text": text})
    return lines


def _wake(watch: _Watch) -> None:
    for listener in watch.listeners:
        listener.set()


async def _either(news: asyncio.Event, listener: asgi.Listener, *, seconds: float) -> bool:
    """Wait for news; tell whether the reader is still there."""
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        pass
    return await listener.waits(0)


def _cross_origin(origin: str, hosts: frozenset[str]) -> list[tuple[bytes, bytes]]:
    """Let the pages of this site read the answer when the live process has a port of its own."""
    host = (urlsplit(origin).hostname or "") if len(origin) < 300 and origin.isascii() and origin.isprintable() else ""
    if host not in hosts:
        return []
    return [
        (b"access-control-allow-origin", origin.encode()), (b"access-control-allow-headers", b"authorization"),
        (b"vary", b"Origin"),
    ]  # fmt: skip
