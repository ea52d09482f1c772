"""The background connection on which the server says that prompts changed. Nothing depends on it: polling goes on.

The other side may hang, drip, close at once or answer rubbish: the worst that happens is one attempt a minute.
"""

import contextlib
import http.client
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from callboard.bell import Bell
from callboard.errors import Unreachable
from callboard.http_client import HttpClient
from callboard.jitter import chance
from callboard.notices import notice
from callboard.prompt_events import EventReader, PromptChange
from callboard.retrying import backoff_ceiling

PATH: Final = "/live/prompts"
_REFUSED_FAILURES: Final = 7  # as if it had failed so often that the longest wait is reached
_PASSING: Final = frozenset({502, 503, 504})
_PIECE: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds."""

    connect: float = 5.0
    # The server shows every 15 s that it lives.
    silence: float = 40.0
    # A server ends its streams after 5 minutes.
    longest: float = 900.0
    # A stream that lived as long as this was a good one: the next attempt is not a retry.
    good: float = 20.0
    base: float = 1.0
    cap: float = 60.0


class StreamEnded(Exception):
    """The stream is over, and why."""


class PromptStream:
    """Listens in a daemon thread of its own, from the first `start` on."""

    def __init__(
        self,
        *,
        connect: Callable[[str], HttpClient],
        headers: Callable[[], dict[str, str]],
        on_change: Callable[[PromptChange], None],
        patience: Patience | None = None,
    ) -> None:
        self._connect = connect
        self._headers = headers
        self._on_change = on_change
        self._patience = patience or Patience()
        self._is_stopped = False
        self._begin()

    def _begin(self) -> None:
        self.attempts = 0
        self._address = ""
        self._failures = 0
        self._last_id = ""
        self._retry_seconds: float | None = None
        self._bell = Bell()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._client: HttpClient | None = None

    def start(self, address: str) -> None:
        """Begin to listen at this address of the live process, or go on there from the next attempt."""
        self._address = address
        if self._thread is not None or self._is_stopped:
            return
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="callboard-prompt-stream", daemon=True)
                with contextlib.suppress(RuntimeError):  # no thread can be started: polling does
                    thread.start()
                    self._thread = thread

    def stop(self) -> None:
        """Hang up and let the thread end."""
        self._is_stopped = True
        self._bell.ring()
        client = self._client
        if client is not None:
            client.interrupt()

    def reset_after_fork(self) -> None:
        """Start afresh in a forked child, without the connection and thread of its parent."""
        self._begin()

    def _run(self) -> None:
        bell = self._bell
        # Processes that start together do not all connect at once.
        bell.wait(chance() * self._patience.base)
        while not self._is_stopped and bell is self._bell:
            began = time.monotonic()
            try:
                self._listen()
            except StreamEnded as ended:
                notice(
                    "prompt stream", "callboard: no news about prompts for now (%s); asking goes on.", ended, level=10
                )
            except Exception:  # the thread must outlive whatever a server sends
                self._failures += 1
                notice("prompt stream", "callboard: the stream of changes failed unexpectedly.", error=True)
            if time.monotonic() - began >= self._patience.good:
                self._failures = 0
            bell.wait(self._pause())

    def _pause(self) -> float:
        """Return how long to wait: full jitter, so that those cut off together do not come back together."""
        patience = self._patience
        if self._failures == 0:
            ordered = self._retry_seconds if self._retry_seconds is not None else patience.base
            return min(max(ordered, patience.base), patience.cap) * (0.5 + chance())
        shortest = 0.1 * patience.base
        return shortest + chance() * backoff_ceiling(self._failures, base=patience.base, cap=patience.cap)

    def _listen(self) -> None:
        self.attempts += 1
        client = self._client = self._connect(self._address)
        headers = {**self._headers(), "Accept": "text/event-stream", "Cache-Control": "no-store"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        try:
            response = client.open(PATH, headers=headers, timeout=self._patience.connect)
            self._check(response)
            client.set_timeout(self._patience.silence)
            self._read(response)
        except Unreachable as error:
            self._failures += 1
            raise StreamEnded(str(error)) from error
        finally:
            self._client = None
            client.close()

    def _check(self, response: http.client.HTTPResponse) -> None:
        kind = response.headers.get("content-type", "")
        if response.status == 200 and kind.startswith("text/event-stream"):
            return
        # An older server, a proxy without this address, a key without the right: none of them changes in a second.
        is_passing = response.status in _PASSING
        self._failures = self._failures + 1 if is_passing else max(self._failures + 1, _REFUSED_FAILURES)
        raise StreamEnded(f"the answer was {response.status} {kind[:60]}")

    def _read(self, response: http.client.HTTPResponse) -> None:
        patience, reader = self._patience, EventReader()
        began = heard = time.monotonic()
        lines = 0
        while not self._is_stopped:
            try:
                piece = response.read1(_PIECE)
                changes = list(reader.feed(piece))
            except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
                raise self._failed(str(error) or type(error).__name__) from error
            now = time.monotonic()
            if reader.lines > lines:
                lines, heard = reader.lines, now
            self._last_id = reader.last_id or self._last_id
            self._retry_seconds = reader.retry_seconds if reader.retry_seconds is not None else self._retry_seconds
            for change in changes:
                self._on_change(change)
            if not piece:
                # A server that closes each stream at once must not be asked again and again.
                raise self._failed("it was closed")
            # Bytes may drip for ever without ever being a line.
            if now - heard > patience.silence or now - began > patience.longest:
                raise self._failed("it sent nothing that makes sense")

    def _failed(self, reason: str) -> StreamEnded:
        self._failures += 1
        return StreamEnded(reason)


def address_of(url: str, told: str) -> str:
    """Return where the live process is: the server's own address unless its answer told another port or address."""
    try:
        own, other = urllib.parse.urlsplit(url if "://" in url else f"http://{url}"), urllib.parse.urlsplit(told)
        if told.startswith(":") and told[1:].isascii() and told[1:].isdigit() and own.hostname:
            host = f"[{own.hostname}]" if ":" in own.hostname else own.hostname
            return f"{own.scheme}://{host}{told}"
        # The key travels to this address, so never from a protected one to an open one.
        if other.hostname and (other.scheme == "https" or (other.scheme == "http" and own.scheme == "http")):
            return told.rstrip("/")
    except ValueError:
        pass
    return url
