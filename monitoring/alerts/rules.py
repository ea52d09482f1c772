"""What an alert looks at and when it speaks, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import TextChoices


class Kind(TextChoices):
    """What makes an alert fire."""

    THRESHOLD = "threshold", "A number passes a limit"
    CHANGE = "change", "A number is not as usual"
    SILENCE = "silence", "No calls arrive"
    BUDGET = "budget", "Money of a day or month"
    HAPPENING = "happening", "Something happens to an issue or a rollout"


class Direction(TextChoices):
    ABOVE = "above", "above"
    BELOW = "below", "below"


class Period(TextChoices):
    """The time a budget is for; days and months begin at midnight UTC."""

    DAY = "day", "a day"
    MONTH = "month", "a month"


class Phase(TextChoices):
    """Where an alert stands."""

    OK = "ok", "All right"
    PENDING = "pending", "Waiting"
    FIRING = "firing", "Firing"


class News(StrEnum):
    """What is told of an alert."""

    FIRED = "fired"
    REMINDED = "reminded"
    RECOVERED = "recovered"
    # What came to its end while nobody was to be disturbed is told afterwards.
    CAUGHT_UP = "caught_up"
    HAPPENED = "happened"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alert speaks. The limit is a share, milliseconds, dollars or a count, as its measure says."""

    kind: Kind
    direction: Direction = Direction.ABOVE
    limit: float = 0.0
    pending: timedelta = timedelta(0)
    recovery: timedelta = timedelta(0)
    # None: it speaks once.
    remind: timedelta | None = None
    # Hours of the day in UTC, from the first up to the last; the same hour twice, or none, is no quiet time.
    quiet: tuple[int, int] | None = None
    # Of a budget: at which parts of the money it warns, in percent, rising.
    shares: tuple[int, ...] = ()

    def is_quiet(self, moment: datetime) -> bool:
        """Tell whether nobody is to be disturbed at this moment."""
        if self.quiet is None:
            return False
        first, last = self.quiet
        return first <= moment.hour < last if first <= last else moment.hour >= first or moment.hour < last


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured over the window that ends at `at`.

    Not enough calls for a judgement is not the same as a good value. `usual` is the median of past weeks; `period` is when the
    day or month of a budget began.
    """

    at: datetime
    value: float | None
    calls: int = 0
    is_enough: bool = True
    usual: float | None = None
    period: datetime | None = None
