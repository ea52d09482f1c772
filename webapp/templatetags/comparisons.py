"""Filters of the pages that compare: differences in points, scores out of a hundred, small amounts of money."""

from __future__ import annotations

from django import template

from evals.experiments import comparison_words
from projects import spending
from webapp import formats

register = template.Library()
register.filter("points", comparison_words.points)
register.filter("from_to", comparison_words.from_to)


@register.filter
def of_hundred(value: float | None) -> str:
    """Return a score from 0 to 1 as a number of a hundred."""
    return formats.NOTHING if value is None else f"{value * 100:.0f}"


@register.filter
def nano_usd(amount: int | None) -> str:
    """Return nano-dollars as people read money."""
    return formats.usd(None if amount is None else amount / spending.NANO)
