"""Holds each project and key to what it may send: by the minute in this process, by the day through the ledger."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from monitoring import quotas
from projects.keys import Caller
from webapp.api.errors import ApiError

_MEGABYTE = 1024 * 1024
_DAY_RETRY_SECONDS = 3600
_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class Bucket:
    """Holds a minute's worth of tokens and fills up steadily."""

    size: float
    level: float
    filled_at: float

    def take(self, amount: float, *, now: float) -> float:
        """Take the amount and return 0, or take nothing and return the seconds until there is room.

        A request larger than the bucket passes when the bucket is full, and leaves it in debt.
        """
        self.level = min(self.size, self.level + (now - self.filled_at) * self.size / 60)
        self.filled_at = now
        wanted = min(amount, self.size)
        if self.level >= wanted:
            self.level -= amount
            return 0.0
        return (wanted - self.level) * 60 / self.size

    def is_full(self, *, now: float) -> bool:
        """Tell whether nothing is lost when the bucket is forgotten."""
        return self.level + (now - self.filled_at) * self.size / 60 >= self.size


_buckets: dict[tuple[str, int | str], Bucket] = {}
_lock = threading.Lock()


def demand_room(caller: Caller, *, wire_bytes: int, over: int) -> None:
    """Raise ApiError when the caller sends too much: `over` (503 or 429) within the minute, 429 for the day."""
    quota = quotas.of(caller.project_id)
    if quota.is_open:
        return
    if used_up := quotas.exhausted(caller.project_id):
        sentence = f"This project has sent all it may send in a day ({used_up}). It may go on after midnight UTC."
        raise ApiError(429, sentence, headers={"Retry-After": str(_DAY_RETRY_SECONDS)}, kind="day")
    wanted: list[tuple[str, int | str, int | None, float]] = [
        ("project", caller.project_id, quota.requests_per_minute, 1),
        ("key", caller.key_id, quota.key_requests_per_minute, 1),
        ("bytes", caller.project_id, quota.megabytes_per_minute and quota.megabytes_per_minute * _MEGABYTE, wire_bytes),
    ]
    now = time.monotonic()
    for kind, owner, size, amount in wanted:
        if size and (seconds := _take((kind, owner), float(size), amount, now)):
            raise _too_fast(over, seconds)


def demand_pace(caller: Caller, *, kind: str, per_minute: int) -> None:
    """Raise ApiError 429 when a key asks for something more often than anybody needs; what it sends does not count."""
    if seconds := _take((kind, caller.key_id), float(per_minute), 1, time.monotonic()):
        sentence = "This API key asks more often than it may within a minute. Ask again a little later."
        raise ApiError(429, sentence, headers={"Retry-After": str(min(60, int(seconds) + 1))}, kind="rate")


def demand_calm(*, kind: str, who: str, per_minute: int) -> None:
    """Raise ApiError 429 when somebody without a key of their own, such as a browser, sends more often than people do."""
    if seconds := _take((kind, who), float(per_minute), 1, time.monotonic()):
        sentence = "This is more feedback than a person gives within a minute. Please wait a little and try again."
        raise ApiError(429, sentence, headers={"Retry-After": str(min(60, int(seconds) + 1))}, kind="rate")


def forget() -> None:
    """Start with full buckets."""
    with _lock:
        _buckets.clear()


def _take(key: tuple[str, int | str], size: float, amount: float, now: float) -> float:
    with _lock:
        bucket = _buckets.get(key)
        if bucket is None or bucket.size != size:
            if len(_buckets) >= _MOST_BUCKETS:
                _forget_some(now)
            bucket = _buckets[key] = Bucket(size=size, level=size, filled_at=now)
        return bucket.take(amount, now=now)


def _forget_some(now: float) -> None:
    """Make room: whoever was quiet for long goes first, and those who go on sending keep their limits."""
    most = _MOST_BUCKETS // 10
    full = [key for key, bucket in _buckets.items() if bucket.is_full(now=now)]
    for key in full if len(full) >= most else list(_buckets)[:most]:
        del _buckets[key]


def _too_fast(status: int, seconds: float) -> ApiError:
    sentence = "This project sends more than it may within a minute. Nothing was stored; send it again a little later."
    return ApiError(status, sentence, headers={"Retry-After": str(min(60, int(seconds) + 1))}, kind="rate")
