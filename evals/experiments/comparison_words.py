"""The verdict of a comparison in plain English."""

from __future__ import annotations

from collections.abc import Sequence

from evals.experiments.comparison_values import Column, Comparison, Need, Result
from evals.experiments.contrasts import Contrast
from evals.statistics.intervals import Interval
from evals.statistics.paired import Difference
from evals.statistics.ratios import Ratio
from evals.statistics.verdicts import Verdict


def verdict(whole: Comparison, column: Column) -> str:
    """Return what is known about a column against the other: quality, price, time, and what got worse."""
    parts = [*_qualities(whole, column.results), *_needs(column)]
    if not column.results:
        parts = ["no check judged these answers", *parts]
    sentence = _capital(", ".join(parts)) + "."
    return f"{_so_far(whole)}{sentence}{_casualties(column)}{_luck(whole, column)}"


def why_maybe_chance(whole: Comparison) -> str:
    """Say why a difference whose interval leaves out 0 may still be chance."""
    if whole.may_stop_early and whole.comparisons < 2:
        return "a test that may stop early has to be surer than that"
    return "so many comparisons make such a difference by chance"


def _luck(whole: Comparison, column: Column) -> str:
    if not (whole.has_stopped_early and column.results):
        return ""
    return " It stopped as soon as this was clear, so the real difference is probably smaller than it looks here."


def _so_far(whole: Comparison) -> str:
    if not whole.is_preliminary:
        return ""
    if whole.is_cancelled:
        return f"Cancelled after {whole.finished:,} of {whole.experiment.item_count:,} items, and not final: "
    return f"After {whole.finished:,} of {whole.experiment.item_count:,} items, and not final: "


def _qualities(whole: Comparison, results: Sequence[Result]) -> list[str]:
    by_verdict = {one: [result for result in results if result.verdict == one] for one in Verdict}
    found = []
    for kind, words in ((Verdict.BETTER, "probably better on"), (Verdict.WORSE, "probably worse on")):
        if by_verdict[kind]:
            found.append(f"{words} {_listed([_with_numbers(result) for result in by_verdict[kind]])}")
    if same := by_verdict[Verdict.SAME]:
        found.append(f"no difference on {_listed([_name(result) for result in same])}")
    return found + _unknown(whole, by_verdict[Verdict.UNKNOWN])


def _unknown(whole: Comparison, results: Sequence[Result]) -> list[str]:
    found = [
        f"not clear on {_name(result)}, where {why_maybe_chance(whole)}"
        for result in results
        if result.finding.is_maybe_chance
    ]
    if rest := [result for result in results if not result.finding.is_maybe_chance]:
        found.append(f"not enough data on {_listed([_with_need(result) for result in rest])}")
    return found


def _needs(column: Column) -> list[str]:
    found = [_need(column.price, "dearer", "cheaper", "at the same price"), _need(column.time, "slower", "faster", "")]
    return [words for words in found if words]


def _need(need: Need | None, more: str, less: str, same: str) -> str:
    if need is None:
        return ""
    share = need.ratio.estimate - 1
    if need.is_clear and abs(share) >= 0.005:
        return f"{percent_of(need.ratio)} {more if share > 0 else less}"
    return same if need.is_same else ""


def _casualties(column: Column) -> str:
    if not column.clearly_worse:
        return " No item got clearly worse." if column.results and _compared(column) else ""
    items = "1 item" if column.clearly_worse == 1 else f"{column.clearly_worse:,} items"
    return f" {items} got clearly worse."


def _compared(column: Column) -> bool:
    return any(result.contrast.difference.items for result in column.results)


def _name(result: Result) -> str:
    return f"«{result.check.name}»"


def _with_numbers(result: Result) -> str:
    difference = result.contrast.difference
    return f"{_name(result)} ({points(difference.estimate)} points, 95 % {from_to(difference.interval)})"


def _with_need(result: Result) -> str:
    if not result.contrast.difference.items:
        return f"{_name(result)} (nothing to compare)"
    return f"{_name(result)} (need about {rounded(result.finding.more_items)} more items)"


def points(share: float) -> str:
    """Return a difference in points of a hundred with its sign: +6, −0.4, 0."""
    value = share * 100
    text = f"{abs(value):.0f}" if abs(value) >= 2 or value == 0 else f"{abs(value):.1f}"
    if float(text) == 0:
        return "0"
    return ("+" if value > 0 else "−") + text


def from_to(interval: Interval) -> str:
    """Return an interval in points; what lies outside of −100 to +100 cannot be."""
    return f"from {points(max(-1.0, interval.low))} to {points(min(1.0, interval.high))}"


def percent_of(ratio: Ratio) -> str:
    """Return how far a ratio is from 1, without its sign: 12 %, or 2.4 times."""
    if ratio.estimate >= 2:
        return f"{ratio.estimate:.1f} times"
    share = abs(ratio.estimate - 1) * 100
    return f"{share:.0f} %" if share >= 2 else f"{share:.1f} %"


def rounded(items: int) -> str:
    """Return a number of items as it deserves to be read: nobody knows it to the last digit."""
    size = 10 ** max(0, len(str(items)) - 2)
    return f"{-(-items // size) * size:,}"


def why_left_out(contrast: Contrast) -> str:
    """Say how many items are not in a difference, and why; nothing when all are."""
    if not contrast.left_out:
        return ""
    count = contrast.left_out_count
    several = len(contrast.left_out) > 1
    reasons = ", ".join(f"{one.reason} ({one.items:,})" if several else one.reason for one in contrast.left_out)
    return f"{count:,} item{'' if count == 1 else 's'} left out: {reasons}."


def what_it_rests_on(difference: Difference) -> str:
    """Say on how many items a difference rests, and on how many sources where items share them."""
    items = "1 item" if difference.items == 1 else f"{difference.items:,} items"
    if difference.groups == difference.items:
        return items
    return f"{items} from {difference.groups:,} sources"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
