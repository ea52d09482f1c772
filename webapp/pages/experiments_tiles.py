"""The tiles of a comparison: what each check, the price and the time say about one variant, with the interval drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from evals.experiments import comparison_words
from evals.experiments.comparison_values import Column, Comparison, Level, Need, Result
from evals.experiments.trade_offs import Offer
from evals.statistics.verdicts import MARGIN, Verdict
from projects import spending
from webapp import charts, formats
from webapp.charts import Mark, Unit

# Verdict: its word, its colour as a badge, its colour as a line.
_LOOKS = {
    Verdict.BETTER: ("Better", "good", "s-good"), Verdict.WORSE: ("Worse", "bad", "s-bad"),
    Verdict.SAME: ("No difference", "info", "s1"), Verdict.UNKNOWN: ("Cannot tell yet", "", "s8"),
}  # fmt: skip
_SMALLEST_REACH = 0.1


@dataclass(frozen=True, slots=True)
class Tile:
    """One check, or price or time, on one variant: a value, a word for it, the picture, and what it rests on."""

    title: str
    word: str
    kind: str
    value: str
    unit: str
    detail: str
    picture: SafeString
    notes: tuple[str, ...]


def tiles(comparison: Comparison, column: Column, *, doubted: Mapping[int, int]) -> list[Tile]:
    """Return the tiles of one variant against the other; `doubted` says with how many judgements people disagree."""
    reach = _reach(column)
    found = [
        _of_check(comparison, column, result, reach, doubted.get(result.check.version_id, 0))
        for result in column.results
    ]
    found += [tile for tile in (_of_price(comparison, column), _of_time(comparison, column)) if tile is not None]
    return found


def looks(verdict: Verdict) -> tuple[str, str]:
    """Return the word for a verdict and the kind of its badge."""
    return _LOOKS[verdict][:2]


def trade_off(offers: list[Offer], *, title: str, unit: Unit) -> SafeString:
    """Return quality against what it needs as a picture."""
    marks = [
        Mark(
            offer.column.letter, offer.column.variant.title, offer.need, offer.quality, offer.interval.low,
            offer.interval.high, offer.is_best,
        )
        for offer in offers
    ]  # fmt: skip
    best = ", ".join(mark.letter for mark in marks if mark.is_best)
    return charts.trade_off(marks, title=title, unit=unit, description=f"Nothing beats {best} on both.")


def _of_check(comparison: Comparison, column: Column, result: Result, reach: float, doubted: int) -> Tile:
    difference, finding = result.contrast.difference, result.finding
    word, kind, colour = _LOOKS[result.verdict]
    interval = comparison_words.from_to(difference.interval)
    doubt = comparison_words.why_maybe_chance(comparison) if finding.is_maybe_chance else ""
    is_empty = not difference.items
    return Tile(
        title=result.check.name, word=word, kind=kind, unit="points",
        value="" if is_empty else comparison_words.points(difference.estimate),
        detail="Nothing to compare" if is_empty else f"95 % {interval}",
        picture=SafeString("") if is_empty else charts.interval(
            estimate=difference.estimate, low=difference.interval.low, high=difference.interval.high, margin=MARGIN,
            reach=reach, colour=colour, label=f"{comparison_words.points(difference.estimate)} points, {interval}",
        ),
        notes=_notes(
            _levels(comparison, column, result), _need_of(finding.more_items, doubt),
            f"{comparison_words.what_it_rests_on(difference)}." if difference.items else "",
            comparison_words.why_left_out(result.contrast), _chance_of(result), _doubt_of(doubted),
        ),
    )  # fmt: skip


def _levels(comparison: Comparison, column: Column, result: Result) -> str:
    contrast = result.contrast
    if result.check.is_duel:
        return f"Won {contrast.wins:,}, lost {contrast.losses:,}, {contrast.ties:,} even."
    before, after = (_level(one, result.check.version_id) for one in (comparison.baseline, column))
    if before is None or after is None:
        return ""
    return f"{_share(before)} → {_share(after)}; better on {contrast.wins:,}, worse on {contrast.losses:,}."


def _level(column: Column, version_id: int) -> Level | None:
    return next((level for level in column.levels if level.check.version_id == version_id and level.items), None)


def _share(level: Level) -> str:
    return f"{level.estimate * 100:.0f} %" if level.check.is_rate else f"{level.estimate * 100:.0f} of 100"


def _need_of(more_items: int, doubt: str) -> str:
    if not more_items:
        return ""
    why = f"{doubt[:1].upper()}{doubt[1:]}: " if doubt else ""
    return f"{why}{'about' if why else 'About'} {comparison_words.rounded(more_items)} more items would tell."


def _chance_of(result: Result) -> str:
    found = result.contrast.repeats
    if found is None:
        return ""
    times = "once is enough" if found.recommended == 1 else f"{found.recommended} times are worth it"
    return f"{found.share * 100:.0f} % of the spread is chance of the single answer; asking each item {times}."


def _doubt_of(doubted: int) -> str:
    if not doubted:
        return ""
    return (
        f"People disagree with {doubted:,} of its judgements."
        if doubted > 1
        else "Somebody disagrees with a judgement."
    )


def _of_price(comparison: Comparison, column: Column) -> Tile | None:
    if column.price is None:
        return None
    amounts = [_usd(one.totals.mean_nano_usd) for one in (comparison.baseline, column)]
    return _of_need(
        "Price of an answer", column.price, ("Dearer", "Cheaper"), f"{amounts[0]} → {amounts[1]} on average."
    )


def _of_time(comparison: Comparison, column: Column) -> Tile | None:
    if column.time is None:
        return None
    times = [formats.duration_ms(one.totals.median_ms) for one in (comparison.baseline, column)]
    return _of_need("Time of an answer", column.time, ("Slower", "Faster"), f"{times[0]} → {times[1]} in the middle.")


def _of_need(title: str, need: Need, words: tuple[str, str], levels: str) -> Tile:
    ratio = need.ratio
    more = ratio.estimate > 1
    word, kind, colour = ("Cannot tell yet", "", "s8")
    if need.is_clear:
        word, kind, colour = (words[0], "warn", "s-warn") if more else (words[1], "good", "s-good")
    elif need.is_same:
        word, kind, colour = "No difference", "info", "s1"
    interval = f"from {_percent(ratio.interval.low)} to {_percent(ratio.interval.high)}"
    reach = max(0.2, abs(ratio.interval.low - 1), abs(ratio.interval.high - 1))
    left_out = f"{need.left_out:,} without a known value left out." if need.left_out else ""
    return Tile(
        title=title, word=word, kind=kind, value=_percent(ratio.estimate), unit="", detail=f"95 % {interval}",
        picture=charts.interval(
            estimate=ratio.estimate - 1, low=ratio.interval.low - 1, high=ratio.interval.high - 1, reach=reach * 1.1,
            colour=colour, label=f"{_percent(ratio.estimate)}, {interval}",
        ),
        notes=_notes(levels, f"{ratio.items:,} item{'' if ratio.items == 1 else 's'}.", left_out),
    )  # fmt: skip


def _percent(ratio: float) -> str:
    share = (ratio - 1) * 100
    if abs(share) < 0.05:
        return "0 %"
    size = f"{abs(share):,.0f}" if abs(share) >= 2 else f"{abs(share):.1f}"
    return f"{'+' if share > 0 else '−'}{size} %"


def _usd(nano: float | None) -> str:
    return formats.usd(None if nano is None else nano / spending.NANO)


def _reach(column: Column) -> float:
    """Return how far the pictures go to either side, the same for all checks so that they can be compared."""
    ends = [
        abs(end)
        for one in column.results
        for end in (one.contrast.difference.interval.low, one.contrast.difference.interval.high)
    ]
    return min(1.0, max([_SMALLEST_REACH, *ends]) * 1.1)


def _notes(*notes: str) -> tuple[str, ...]:
    return tuple(note for note in notes if note)
