"""What a chart shows, as plain values, and the table of numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from webapp import formats

Value = float | None


class Unit(StrEnum):
    """What the numbers of a chart count, and so how they are written."""

    COUNT = "count"
    MILLISECONDS = "ms"
    USD = "usd"
    SHARE = "share"
    NUMBER = "number"

    def text(self, value: Value) -> str:
        """Return a value in the words of its unit."""
        if value is None:
            return formats.NOTHING
        if self is Unit.MILLISECONDS:
            return formats.duration_ms(value)
        if self is Unit.USD:
            return formats.usd(value)
        if self is Unit.NUMBER:
            return f"{value:.3g}"
        return formats.percent(value) if self is Unit.SHARE else formats.count(value)

    def marks(self, values: Sequence[float]) -> list[str]:
        """Return the words at the marks of an axis: no two of them are the same."""
        words = [self.text(value) for value in values]
        if self is not Unit.USD or len(values) < 2:
            return words
        digits = 1 - math.floor(math.log10(values[1] - values[0]))
        return [f"${value:.{digits}f}".rstrip("0").rstrip(".") for value in values] if digits > 2 else words


class Shape(StrEnum):
    """How the series are drawn."""

    LINE = "line"
    AREA = "area"
    BARS = "bars"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSeriesChart:
    """Values over time: one row per moment, one column per series, None where nothing is known."""

    title: str
    unit: Unit
    series: Sequence[str]
    points: Sequence[tuple[datetime, Sequence[Value]]]
    markers: Sequence[tuple[datetime, str]] = ()
    shape: Shape = Shape.LINE
    colours: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return all(value is None for _, row in self.points for value in row)

    def values(self, index: int) -> list[Value]:
        """Return the values of one series."""
        return [row[index] for _, row in self.points]

    def colour(self, index: int) -> str:
        """Return the colour class of one series: `s1` to `s8`, `s-good`, `s-warn` or `s-bad`."""
        return self.colours[index] if index < len(self.colours) else f"s{index % 8 + 1}"

    @property
    def bucket(self) -> timedelta:
        """Return the time between two points."""
        if len(self.points) < 2:
            return timedelta(hours=1)
        return self.points[1][0] - self.points[0][0]

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return the first and last moment of the time axis; bars need room for the last bucket."""
        first, last = self.points[0][0], self.points[-1][0]
        return first, last + self.bucket if self.shape is Shape.BARS or last == first else last

    @property
    def top(self) -> float:
        """Return the largest height the chart must hold."""
        if self.shape is Shape.BARS:
            return max((sum(value or 0 for value in row) for _, row in self.points), default=0)
        return max((value for _, row in self.points for value in row if value is not None), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Amounts side by side, longest first when the caller sorted them so."""

    title: str
    unit: Unit
    bars: Sequence[tuple[str, float]]
    colour: str = "s1"


@dataclass(frozen=True, slots=True)
class Numbers:
    """The table under a chart: headings and rows of text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def numbers(chart: TimeSeriesChart | BarChart) -> Numbers:
    """Return the values of a chart as a table people and screen readers can read."""
    if isinstance(chart, BarChart):
        return Numbers(("Name", chart.title), [(label, chart.unit.text(value)) for label, value in chart.bars])
    rows = [(moment_text(moment), *(chart.unit.text(value) for value in row)) for moment, row in chart.points]
    return Numbers(("Time", *chart.series), rows)


def moment_text(moment: datetime) -> str:
    """Return a moment to the minute."""
    return f"{timezone.localtime(moment):%-d %b %Y, %H:%M}"


def description(chart: TimeSeriesChart) -> str:
    """Return the chart in one sentence per series."""
    if chart.is_empty:
        return "No data in this time."
    start, end = chart.span
    sentences = [f"From {moment_text(start)} to {moment_text(end)}."]
    for index, name in enumerate(chart.series):
        known = [value for value in chart.values(index) if value is not None]
        if known:
            low, high, last = (chart.unit.text(value) for value in (min(known), max(known), known[-1]))
            sentences.append(f"{name}: lowest {low}, highest {high}, last {last}.")
    return " ".join(sentences)
