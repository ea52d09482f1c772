"""A difference with its interval as a picture the size of a word, and quality against price with the best trade-offs joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp.chart_data import Unit
from webapp.chart_scales import ticks


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing with a price, a quality (0 to 1) and the interval of that; `is_best` when nothing beats it on both."""

    letter: str
    title: str
    x: float
    y: float
    low: float
    high: float
    is_best: bool


def interval(
    *, estimate: float, low: float, high: float, label: str, margin: float = 0.0, reach: float = 1.0, colour: str = "s1",
) -> SafeString:  # fmt: skip
    """Return a difference on a line from −reach to +reach: zero marked, what is of no interest shaded, the interval drawn."""
    places = {name: _place(value, reach) for name, value in (("at", estimate), ("low", low), ("high", high))}
    shade = (_place(-margin, reach), _place(margin, reach))
    return format_html(
        '<svg class="interval {}" role="img" aria-label="{}"><rect class="i-margin" x="{}%" width="{}%" y="0" height="100%"/>'
        '<line class="i-zero" x1="50%" x2="50%" y1="0" y2="100%"/><line class="i-reach" x1="{}%" x2="{}%" y1="50%" y2="50%"/>'
        '<circle class="i-at" cx="{}%" cy="50%" r="4"/></svg>',
        colour, label, _number(shade[0]), _number(shade[1] - shade[0]), _number(places["low"]), _number(places["high"]),
        _number(places["at"]),
    )  # fmt: skip


def trade_off(marks: Sequence[Mark], *, title: str, unit: Unit, description: str) -> SafeString:
    """Return quality (up) against what it needs (right); the line joins those that nothing beats on both."""
    right = max(mark.x for mark in marks) * 1.12 or 1.0
    floor = max(0.0, min(mark.low for mark in marks) - 0.05)
    top = min(1.0, max(mark.high for mark in marks) + 0.05)
    return format_html(
        '<figure class="chart chart-short"><figcaption class="chart-head"><span class="chart-title">{}</span></figcaption>'
        '<svg class="chart-svg" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}{}{}{}</svg></figure>',
        title, title, title, description, _levels(floor, top), _needs(right, unit), _front(marks, right, floor, top),
        _dots(marks, right, floor, top, unit),
    )  # fmt: skip


def _levels(floor: float, top: float) -> SafeString:
    steps = [floor + (top - floor) * share for share in (0, 0.5, 1)]
    return format_html_join(
        "",
        '<line class="c-grid" x1="0" x2="100%" y1="{}%" y2="{}%"/><text class="c-tick c-tick-y" x="-8" y="{}%">{}</text>',
        ((_up(step, floor, top),) * 3 + (f"{step * 100:.0f}",) for step in steps),
    )


def _needs(right: float, unit: Unit) -> SafeString:
    places = [(value / right * 100, unit.text(value) if value else "0") for value in ticks(right) if value <= right]
    return format_html_join(
        "",
        '<text class="c-tick c-tick-x{}" x="{}%" y="100%" dy="18">{}</text>',
        ((_edge(place), _number(place), text) for place, text in places),
    )


def _front(marks: Sequence[Mark], right: float, floor: float, top: float) -> SafeString:
    best = sorted((mark for mark in marks if mark.is_best), key=lambda mark: mark.x)
    return format_html_join(
        "",
        '<line class="p-front" x1="{}%" y1="{}%" x2="{}%" y2="{}%"/>',
        (
            (
                _number(one.x / right * 100),
                _up(one.y, floor, top),
                _number(next_.x / right * 100),
                _up(next_.y, floor, top),
            )
            for one, next_ in pairwise(best)
        ),
    )


def _dots(marks: Sequence[Mark], right: float, floor: float, top: float, unit: Unit) -> SafeString:
    return format_html_join(
        "",
        '<g class="p-mark{}"><title>{}: {} of 100, {}</title><line x1="{}%" x2="{}%" y1="{}%" y2="{}%"/>'
        '<circle cx="{}%" cy="{}%" r="11"/><text x="{}%" y="{}%">{}</text></g>',
        (
            (
                " is-best" if mark.is_best else "", mark.title, f"{mark.y * 100:.0f}", unit.text(mark.x), x, x,
                _up(mark.low, floor, top), _up(mark.high, floor, top), x, y, x, y, mark.letter,
            )
            for mark in marks
            for x, y in ((_number(mark.x / right * 100), _up(mark.y, floor, top)),)
        ),
    )  # fmt: skip


def _edge(place: float) -> str:
    if place > 96:
        return " c-tick-end"
    return " c-tick-start" if place < 4 else ""


def _place(value: float, reach: float) -> float:
    return min(100.0, max(0.0, 50 + 50 * value / reach))


def _up(value: float, floor: float, top: float) -> str:
    return _number(100 - 100 * (value - floor) / ((top - floor) or 1.0))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
