"""Where things stand in a chart: round numbers and round times on the axes, words above marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_STEPS = (
    *(_MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 7, 14, 28, 91, 182, 365)),
)


def ticks(top: float, wanted: int = 4) -> list[float]:
    """Return round values from zero to at least `top`; a chart of zeros gets an axis to one."""
    if top <= 0:
        return [0.0, 1.0]
    step = _round_up(top / wanted)
    return [step * index for index in range(math.ceil(top / step - 1e-9) + 1)]


def whole_ticks(top: float, wanted: int = 4) -> list[float]:
    """Return round values that are whole numbers, for things that cannot be halved."""
    step = max(1.0, _round_up(max(top, 1) / wanted, factors=(1, 2, 5, 10)))
    return [step * index for index in range(math.ceil(max(top, 1) / step - 1e-9) + 1)]


def _round_up(step: float, factors: tuple[float, ...] = (1, 2, 2.5, 5, 10)) -> float:
    size = 10.0 ** math.floor(math.log10(step))
    return next(factor * size for factor in factors if factor * size >= step * (1 - 1e-9))


def time_ticks(start: datetime, end: datetime, wanted: int = 6) -> list[tuple[datetime, str]]:
    """Return at most `wanted` + 1 round moments between start and end, each with its label in local time."""
    step = next((step for step in _STEPS if (end - start) / step <= wanted), _STEPS[-1])
    local = timezone.localtime(start)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + step * math.ceil((local - midnight) / step - 1e-9)
    found = []
    while moment <= end:
        found.append((moment, _label(moment, step)))
        moment += step
    return found


def _label(moment: datetime, step: timedelta) -> str:
    if step >= _DAY * 91:
        return f"{moment:%b %Y}"
    if step >= _DAY or (moment.hour, moment.minute) == (0, 0):
        return f"{moment:%-d %b}"
    return f"{moment:%H:%M}"


# Width of a letter above a mark, in percent of the width of a small chart.
_LETTER_PERCENT = 1.7
_EDGE_PERCENT = 8


def labels_apart(marks: Sequence[tuple[float, str]]) -> list[str]:
    """Return the words above marks, given as (place in percent, label) from left to right.

    A word is the last part of its label, or empty where it would run into the word before it.
    """
    words = []
    free_from = -math.inf
    for place, label in marks:
        word = label.rsplit("/", 1)[-1]
        half = len(word) * _LETTER_PERCENT / 2
        left = place if place < _EDGE_PERCENT else place - half
        fits = left >= free_from
        words.append(word if fits else "")
        if fits:
            free_from = left + 2 * half
    return words
