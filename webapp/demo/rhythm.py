"""When people write: few at night and on Sundays, most before noon and in the evening."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

# Share of an ordinary hour's visits, by hour of the day in UTC and by weekday from Monday.
_HOURS = (
    0.25, 0.15, 0.1, 0.1, 0.15, 0.3, 0.6, 1.0, 1.4, 1.7, 1.8, 1.6, 1.4, 1.3, 1.3, 1.3, 1.4, 1.6, 1.8, 1.9, 1.6, 1.1, 0.7,
    0.45,
)  # fmt: skip
_WEEKDAYS = (1.15, 1.1, 1.05, 1.05, 1.0, 0.9, 0.75)


def arrivals(*, starts_at: datetime, ends_at: datetime, per_day: float, rng: random.Random) -> list[datetime]:
    """Return the moments at which visits begin, in order."""
    moments: list[datetime] = []
    hour = starts_at.replace(minute=0, second=0, microsecond=0)
    while hour < ends_at:
        expected = per_day / 24 * _HOURS[hour.hour] * _WEEKDAYS[hour.weekday()]
        offsets = sorted(rng.random() * 3_600 for _ in range(_poisson(expected, rng)))
        moments += [hour + timedelta(seconds=offset) for offset in offsets]
        hour += timedelta(hours=1)
    return [moment for moment in moments if starts_at <= moment < ends_at]


def _poisson(mean: float, rng: random.Random) -> int:
    if mean > 200:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count
