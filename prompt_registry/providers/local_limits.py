"""A limit that one process keeps alone, while Redis is away."""

from __future__ import annotations

from dataclasses import dataclass

_FEWER, _MORE = 0.7, 1.02
_CUT_SECONDS, _LIFT_SECONDS = 5.0, 10.0
_SLOWEST = 0.2
# What is assumed of a provider that refuses before anything was learnt.
_FIRST_RATE = 10.0


@dataclass(slots=True)
class LocalLimit:
    """Calls a second, once the provider refused one; `now` comes from a monotonic clock."""

    rate: float = 0.0
    changed: float = 0.0
    next_at: float = 0.0
    blocked_until: float = 0.0

    def take(self, *, now: float) -> float:
        """Take room for a call, or return the seconds to wait."""
        if self.blocked_until > now:
            return self.blocked_until - now
        if not self.rate:
            return 0.0
        if (steps := int((now - self.changed) / _LIFT_SECONDS)) > 0:
            self.rate, self.changed = self.rate * _MORE**steps, self.changed + steps * _LIFT_SECONDS
        each = 1 / self.rate
        due = max(now, self.next_at) + each
        if (wait := due - now - max(each, 1.0)) > 0:
            return wait
        self.next_at = due
        return 0.0

    def refused(self, *, now: float, retry_after: float) -> None:
        """Learn that the provider refused a call."""
        self.blocked_until = max(self.blocked_until, now + retry_after)
        if not self.rate or now - self.changed >= _CUT_SECONDS:
            self.rate = max((self.rate or _FIRST_RATE) * _FEWER, _SLOWEST)
            self.changed = self.next_at = now

    def answered(self, *, now: float, block_seconds: float) -> None:
        """Learn that the provider answered, and whether it said that nothing is left."""
        if block_seconds:
            self.blocked_until = max(self.blocked_until, now + block_seconds)
