"""Delivers one batch at a time to the server, and keeps trying as long as that makes sense."""

import datetime
import gzip
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from callboard.bell import Bell
from callboard.errors import Unreachable
from callboard.http_client import Answer, HttpClient
from callboard.jitter import chance
from callboard.notices import notice
from callboard.retrying import Action, Step, next_step, parse_retry_after

_GZIP_ABOVE: Final = 1024
_GZIP_LEVEL: Final = 4
_QUICK_SECONDS: Final = 1.0
_STORED_SECONDS: Final = 10.0
# A server that is only busy answers within this time.
_PATIENCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where items go, and what stands before and after them in a request."""

    path: str
    head: bytes
    tail: bytes


@dataclass(slots=True)
class Batch:
    """Encoded items that are sent together, under one id however often they are sent."""

    route: Route
    parts: list[bytes]
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    # On disk already, or counted as lost.
    is_given_up: bool = False

    def body(self) -> bytes:
        """Return the request body."""
        return self.route.head + b",".join(self.parts) + self.route.tail

    def halves(self) -> "list[Batch]":
        """Return two smaller batches with the same items."""
        middle = len(self.parts) // 2
        halves = self.parts[:middle], self.parts[middle:]
        return [Batch(self.route, parts, is_given_up=self.is_given_up) for parts in halves]


class Courier:
    """Sends batches; used by one background thread, told to hurry or stop by others."""

    def __init__(
        self,
        name: str,
        *,
        connect: Callable[[], HttpClient],
        on_answer: Callable[[Answer, Batch], None] | None = None,
        store: Callable[[Batch], bool] | None = None,
    ) -> None:
        self._name = name
        self._connect = connect
        self._on_answer = on_answer
        # Keeps a batch on disk that cannot be sent, and tells whether it could.
        self._store = store
        self._begin()

    def _begin(self) -> None:
        self.sent = 0
        self.lost = 0
        self.stored = 0
        # What is being sent now, for the end of the process.
        self.in_hand: Batch | None = None
        # Whether the server took the last batch.
        self.is_welcome = False
        # Whether the last attempt failed, and since when the batch in hand is being sent.
        self._is_refused = False
        self._in_hand_since = 0.0
        self._losses_to_report = 0
        self._losses_seen = 0
        self._counting = threading.RLock()
        self._storing = threading.Lock()
        self._client: HttpClient | None = None
        self._interruption = Bell()
        self._is_hurried = False
        self.is_stopped = False
        # Until then (monotonic) the server wants no further attempt, or a person has to mend the settings.
        self.blocked_until = 0.0

    def reset_after_fork(self) -> None:
        """Start afresh in a forked child, without the connection of its parent."""
        self._begin()

    def lose(self, count: int) -> None:
        """Count items that will never arrive; the next accepted batch tells the server."""
        with self._counting:
            self.lost += count
            self._losses_to_report += count

    def report_losses(self) -> None:
        """Log losses; called in the background, because the calling thread must not wait for a log handler."""
        lost = self.lost
        if lost > self._losses_seen:
            notice("lost", "callboard: %d %s were dropped so far and not sent.", lost, self._name)
            self._losses_seen = lost

    def hurry(self) -> None:
        """End a waiting time that the server did not ask for."""
        self._is_hurried = True
        self._interruption.ring()

    def stop(self) -> None:
        """Give up whatever is being tried."""
        self.is_stopped = True
        self._interruption.ring()

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    @property
    def is_away(self) -> bool:
        """Whether the server does not take batches now: it refused the last one, or is silent about the one in hand."""
        is_silent = self.in_hand is not None and time.monotonic() - self._in_hand_since > _PATIENCE_SECONDS
        return self._is_refused or is_silent

    def keep(self, batch: Batch) -> bool:
        """Keep the batch on disk; tell whether it is there, or was counted as lost before."""
        # A lock of its own: whoever counts a loss must not wait for the disk.
        with self._storing:
            if batch.is_given_up:
                return True
            if self._store is None or not self._store(batch):
                return False
            batch.is_given_up = True
        with self._counting:
            self.stored += len(batch.parts)
        return True

    def give_up(self, batch: Batch) -> None:
        """Keep on disk what cannot be sent now, or else count it as lost."""
        if not self.keep(batch):
            batch.is_given_up = True
            self.lose(len(batch.parts))

    def deliver(self, batch: Batch, *, deadline: float | None) -> None:
        """Send the batch, waiting and splitting as needed, until it is accepted, stored or lost."""
        waiting = deque([batch])
        while waiting:
            self._in_hand_since = time.monotonic()
            self.in_hand = waiting.popleft()
            waiting.extendleft(reversed(self._deliver_whole(self.in_hand, deadline)))
        self.in_hand = None

    def deliver_stored(self, batch: Batch) -> None:
        """Send a batch that is on disk; when the server is away it just stays there."""
        batch.is_given_up = True
        self.deliver(batch, deadline=time.monotonic() + _STORED_SECONDS)

    def _deliver_whole(self, batch: Batch, deadline: float | None) -> list[Batch]:
        """Send one batch; return smaller ones when the server refused it as a whole."""
        began = time.monotonic()
        attempt = 0
        reported = self._losses_to_report
        body, headers = _packed(batch, reported)
        while True:
            attempt += 1
            answer = self._try(batch, body, headers, deadline)
            step = _step_after(answer, attempt=attempt, elapsed=time.monotonic() - began, items=len(batch.parts))
            if step.action is Action.FORGET:
                self._accepted(batch, reported)
                return []
            if step.action is Action.SPLIT:
                return batch.halves()
            self._explain(step, answer)
            if step.action is Action.DROP and not step.is_late:
                self.lose(len(batch.parts))
                return []
            self.is_welcome, self._is_refused = False, True
            if step.action is Action.DROP or not self._wait(step, deadline):
                self.give_up(batch)
                return []

    def _try(self, batch: Batch, body: bytes, headers: dict[str, str], deadline: float | None) -> Answer | None:
        if self._client is None:
            self._client = self._connect()
        timeout = None if deadline is None else max(0.05, deadline - time.monotonic())
        sent_at = {"X-Callboard-Sent-At": str(time.time_ns())}
        try:
            path, all_headers = batch.route.path, headers | sent_at
            answer = self._client.request("POST", path, body=body, headers=all_headers, timeout=timeout)
        except Unreachable as error:
            notice("unreachable", "callboard: the server cannot be reached (%s); trying again.", error)
            return None
        if answer.is_accepted and not answer.is_web_page and self._on_answer is not None:
            self._on_answer(answer, batch)
        return answer

    def _accepted(self, batch: Batch, reported: int) -> None:
        self.is_welcome, self._is_refused = True, False
        with self._counting:
            self.sent += len(batch.parts)
            self._losses_to_report -= reported

    def _wait(self, step: Step, deadline: float | None) -> bool:
        """Wait before the next attempt; False when there will be none."""
        end = time.monotonic() + step.seconds
        if step.is_ordered:
            self.blocked_until = end
        if deadline is not None and end > deadline:
            return False
        while not self.is_stopped:
            if self._is_hurried and not step.is_ordered:
                # Once: the attempt that a flush asked for.
                self._is_hurried = False
                return True
            left = end - time.monotonic()
            if left <= 0:
                return True
            self._interruption.wait(min(left, _QUICK_SECONDS))
        return False

    def _explain(self, step: Step, answer: Answer | None) -> None:
        if answer is None:
            return
        if step.action is Action.PAUSE:
            message = "callboard: the server refused the %s (%d: %s). Check CALLBOARD_URL and the scopes of the key."
            notice("refused", message, self._name, answer.status, _excerpt(answer))
        elif step.action is Action.DROP:
            message = "callboard: the server did not accept some %s (%d: %s)."
            notice("dropped", message, self._name, answer.status, _excerpt(answer))


def _step_after(answer: Answer | None, *, attempt: int, elapsed: float, items: int) -> Step:
    ordered = None if answer is None else answer.headers.get("retry-after")
    return next_step(
        status=_status_of(answer),
        retry_after=parse_retry_after(ordered, now=datetime.datetime.now(datetime.UTC)),
        attempt=attempt,
        elapsed=elapsed,
        items=items,
        chance=chance(),
    )


def _status_of(answer: Answer | None) -> int | None:
    if answer is None:
        return None
    # A web page in answer to a batch comes from some other server, which stored nothing.
    return 404 if answer.is_web_page else answer.status


def _packed(batch: Batch, lost: int) -> tuple[bytes, dict[str, str]]:
    body = batch.body()
    headers = {"Content-Type": "application/json", "X-Callboard-Batch-Id": batch.id}
    if lost:
        headers["X-Callboard-Dropped"] = str(lost)
    if len(body) > _GZIP_ABOVE:
        body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return body, headers


def _excerpt(answer: Answer) -> str:
    return answer.body[:200].decode("utf-8", "replace").strip() or "no explanation"
