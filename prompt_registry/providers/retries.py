"""Decides whether and how long to wait before a failed provider call is tried again."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from prompt_registry.providers.errors import ProviderError

MAX_TRIES = 3
MAX_RETRY_AFTER_SECONDS = 60.0
_BASE_SECONDS = 0.5
_CAP_SECONDS = 8.0


def wait_seconds(*, error: ProviderError, tries: int, roll: float, may_pay_again: bool = True) -> float | None:
    """Return how long to wait before the next try, None when there should be none; `roll` is random in [0, 1).

    Unless `may_pay_again`, what the provider may charge for is not tried again.
    """
    if not error.is_retryable or tries >= MAX_TRIES or (error.is_maybe_billed and not may_pay_again):
        return None
    if error.retry_after_seconds is None:
        # Full jitter: many callers that failed together do not come back together.
        return roll * min(_CAP_SECONDS, _BASE_SECONDS * float(2**tries))
    if error.retry_after_seconds > MAX_RETRY_AFTER_SECONDS:
        return None
    return max(0.0, error.retry_after_seconds)


def read_retry_after(value: str, *, now: float) -> float | None:
    """Read a Retry-After header, given in seconds or as a date; None when it makes no sense."""
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now=now)
    return seconds if 0 <= seconds < float("inf") else None


def _seconds_until(date: str, *, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
