"""Pauses calls to a provider that keeps failing, so that one broken provider does not tie up everything."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FAILURES_IN_A_ROW = 5
WINDOW = 20
OPEN_SECONDS = 30.0


@dataclass(slots=True)
class Breaker:
    """Remembers recent outcomes; opens after 5 failures in a row or 10 of 20, then lets one probe through."""

    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    opened_at: float | None = None
    is_probing: bool = False

    def may_call(self, *, now: float) -> bool:
        """Tell whether a call may start; while open, one probe may after 30 seconds."""
        if self.opened_at is None:
            return True
        if self.is_probing or now - self.opened_at < OPEN_SECONDS:
            return False
        self.is_probing = True
        return True

    def succeeded(self) -> None:
        """Note a good answer; it closes an open breaker."""
        if self.opened_at is not None:
            self.outcomes.clear()
        self.opened_at, self.is_probing = None, False
        self.outcomes.append(True)

    def failed(self, *, now: float) -> None:
        """Note a failure; it may open the breaker, and keeps an open one open."""
        self.outcomes.append(False)
        recent = list(self.outcomes)
        all_failed = len(recent) >= FAILURES_IN_A_ROW and not any(recent[-FAILURES_IN_A_ROW:])
        half_failed = len(recent) == WINDOW and sum(recent) <= WINDOW // 2
        if self.opened_at is not None or all_failed or half_failed:
            self.opened_at, self.is_probing = now, False

    def gave_up(self) -> None:
        """Note a call that ended without telling anything about the provider, so a probe does not stay open."""
        self.is_probing = False
