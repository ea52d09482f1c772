"""Decides what happens after an attempt to send: forget, wait and try again, split, or drop."""

import datetime
import email.utils
import enum
from dataclasses import dataclass
from typing import Final

GIVE_UP_SECONDS: Final = 600.0
PAUSE_SECONDS: Final = 60.0
_BASE_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 30.0
_RETRY_AFTER_CAP: Final = 120.0
_RETRIED: Final = frozenset({408, 429, 502, 503, 504})
# Wrong key, wrong address or a proxy in between: only a person can mend it, and nothing is lost meanwhile.
_MISCONFIGURED: Final = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405})
_TOO_BIG_OR_BAD: Final = frozenset({400, 413, 422})


class Action(enum.Enum):
    """What to do with a batch."""

    FORGET = "forget"
    WAIT = "wait"
    PAUSE = "pause"
    SPLIT = "split"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Step:
    """The next thing to do, and for how long to wait before it."""

    action: Action
    seconds: float = 0.0
    # The server named the time, so not even a flush comes earlier.
    is_ordered: bool = False
    # Dropped because it took too long, and not because the server will never take it.
    is_late: bool = False


def next_step(
    *, status: int | None, retry_after: float | None, attempt: int, elapsed: float, items: int, chance: float
) -> Step:
    """Return what follows attempt number `attempt` (from 1) that ended in `status`, or in no answer at all (None).

    `chance` is a random number between 0 and 1, for the jitter.
    """
    if status is not None and 200 <= status < 300:
        return Step(Action.FORGET)
    if status in _TOO_BIG_OR_BAD and items > 1:
        return Step(Action.SPLIT)
    if status is not None and status not in _RETRIED | _MISCONFIGURED:
        return Step(Action.DROP)
    if elapsed >= GIVE_UP_SECONDS:
        return Step(Action.DROP, is_late=True)
    if status in _MISCONFIGURED:
        return Step(Action.PAUSE, PAUSE_SECONDS, is_ordered=True)
    if retry_after is not None:
        return Step(Action.WAIT, min(retry_after, _RETRY_AFTER_CAP), is_ordered=True)
    return Step(Action.WAIT, chance * backoff_ceiling(attempt, base=_BASE_SECONDS, cap=_CAP_SECONDS))


def backoff_ceiling(attempt: int, *, base: float, cap: float) -> float:
    """Return the longest wait after this many attempts; it doubles with each."""
    return min(cap, base * 2.0 ** min(attempt - 1, 30))


def parse_retry_after(value: str | None, *, now: datetime.datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, given as seconds or as a date."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, (moment - now).total_seconds())
