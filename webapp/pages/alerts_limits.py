"""Limits as people type them: «5», «5 %», «2.5 s», «800 ms», «$12», and back again."""

from __future__ import annotations

from monitoring.alerts.measures import MEASURES, Measure, Unit
from monitoring.alerts.rules import Kind

_MOST_CHARS = 30


class NotALimit(ValueError):
    """This is no number."""


def parse(text: str, *, kind: str, measure: str) -> float:
    """Return a limit as it is stored; a bare number is percent, seconds, dollars or a count, as the number needs."""
    words = text.strip().lower().replace(",", "").replace("\u2009", "").replace("\u00a0", " ")
    unit = _unit(kind, measure)
    scale = 1.0
    for ending, factor, of_unit in (
        ("%", 0.01, Unit.SHARE), ("ms", 1.0, Unit.MILLISECONDS), ("s", 1000.0, Unit.MILLISECONDS),
        ("", 0.01, Unit.SHARE), ("", 1000.0, Unit.MILLISECONDS), ("", 1.0, unit),
    ):  # fmt: skip
        if unit == of_unit and words.endswith(ending):
            words, scale = words.removesuffix(ending), factor
            break
    try:
        return float(words.strip().removeprefix("$").strip()[:_MOST_CHARS]) * scale
    except ValueError:
        raise NotALimit from None


def shown(limit: float, *, kind: str, measure: str) -> str:
    """Return a stored limit as somebody would type it."""
    unit = _unit(kind, measure)
    if unit == Unit.SHARE:
        return f"{limit * 100:.6g} %"
    if unit == Unit.MILLISECONDS:
        return f"{limit / 1000:.6g} s"
    return f"${limit:,.15g}" if unit == Unit.USD else f"{limit:,.15g}"


def _unit(kind: str, measure: str) -> Unit:
    if kind == Kind.CHANGE:
        return Unit.SHARE
    known: Measure | None = MEASURES.get("cost" if kind == Kind.BUDGET else measure)
    return known.unit if known else Unit.NUMBER
