"""Holds what a provider charged against what was counted, and says what a difference most likely comes from; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

import re2

from monitoring.costs.invoice_files import Billed
from monitoring.costs.reading import NOTHING, Amounts

# Differences up to a cent, or up to a hundredth, come from rounding.
_CENT = 10_000_000
_SHARE = 0.01
# Tokens that differ by less come from the edges of the day.
_TOKEN_SHARE = 0.02
_BEFORE_THE_NAME = re2.compile(
    r"^([a-z0-9_.\-]+/)+|^(us|eu|apac|global)\.|^(openai|anthropic|azure|google|mistral|cohere|meta)[.:]"
)
_AFTER_THE_FAMILY = re2.compile(r"(-latest|[-@]\d{4}-\d{2}-\d{2}|[-@]\d{8}|-v\d+(:\d+)?|:\d+)$")


class Reason(StrEnum):
    """What a difference most likely comes from."""

    NEXT_DAY = "next_day"
    NO_CALLS = "no_calls"
    NOT_BILLED = "not_billed"
    UNPRICED = "unpriced"
    MISSING_CALLS = "missing_calls"
    MORE_CALLS = "more_calls"
    PRICE = "price"
    DISCOUNT = "discount"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One day and model on both sides."""

    day: date
    model: str
    billed: Billed | None
    counted: Amounts
    reasons: tuple[Reason, ...] = ()

    @property
    def billed_nano_usd(self) -> int:
        return self.billed.nano_usd if self.billed else 0

    @property
    def difference_nano_usd(self) -> int:
        """How much more was charged than counted."""
        return self.billed_nano_usd - self.counted.cost_nano_usd

    @property
    def agrees(self) -> bool:
        return agree(self.billed_nano_usd, self.counted.cost_nano_usd)


@dataclass(frozen=True, slots=True)
class Match:
    """Both sides of an invoice, the largest differences first."""

    lines: list[Line] = field(default_factory=list)

    @property
    def billed_nano_usd(self) -> int:
        return sum(line.billed_nano_usd for line in self.lines)

    @property
    def counted_nano_usd(self) -> int:
        return sum(line.counted.cost_nano_usd for line in self.lines)

    @property
    def differing(self) -> list[Line]:
        return [line for line in self.lines if not line.agrees]

    def by_reason(self) -> list[tuple[Reason, int, int]]:
        """Return each first reason with how many lines have it and by how much they differ, the most money first."""
        found: dict[Reason, tuple[int, int]] = {}
        for line in self.differing:
            count, amount = found.get(line.reasons[0], (0, 0))
            found[line.reasons[0]] = (count + 1, amount + line.difference_nano_usd)
        return sorted(
            ((reason, *both) for reason, both in found.items()), key=lambda row: (-abs(row[2]), row[0])
        )  # fmt: skip


def agree(billed: int, counted: int) -> bool:
    """Tell whether two amounts are the same but for rounding."""
    return abs(billed - counted) <= max(_CENT, _SHARE * max(abs(billed), abs(counted)))


def match(
    *, billed: Mapping[tuple[date, str], Billed], counted: Mapping[tuple[date, str], Amounts], has_tokens: bool
) -> Match:  # fmt: skip
    """Return every day and model of either side; names of one model that are written differently are put together."""
    names = shared_names({model for _, model in billed}, {model for _, model in counted})
    theirs: dict[tuple[date, str], Billed] = {}
    for (day, model), one in billed.items():
        held = theirs.setdefault((day, names[model]), Billed())
        held.nano_usd += one.nano_usd
        held.input_tokens += one.input_tokens
        held.output_tokens += one.output_tokens
    ours: dict[tuple[date, str], Amounts] = {}
    for (day, model), amounts in counted.items():
        ours[day, names[model]] = ours.get((day, names[model]), NOTHING) + amounts
    lines = {key: Line(*key, theirs.get(key), ours.get(key, NOTHING)) for key in theirs.keys() | ours.keys()}
    judged = [_judged(line, lines, has_tokens) for line in lines.values()]
    return Match(sorted(judged, key=lambda line: (-abs(line.difference_nano_usd), line.day, line.model)))


def shared_names(billed: Collection[str], counted: Collection[str]) -> dict[str, str]:
    """Return for each name of a model the one that both sides share.

    Where both sides write the names of a family alike, each stays apart; otherwise the whole family is one.
    """
    families: dict[str, tuple[set[str], set[str]]] = {}
    for side, models in enumerate((billed, counted)):
        for model in models:
            families.setdefault(family(model), (set(), set()))[side].add(_plain(model))
    found = {}
    for model in {*billed, *counted}:
        theirs, ours = families[family(model)]
        found[model] = _plain(model) if theirs == ours else family(model)
    return found


def family(model: str) -> str:
    """Return the name of a model without who serves it and without its date."""
    name = _plain(model)
    for _ in range(3):
        shorter = _AFTER_THE_FAMILY.sub("", _BEFORE_THE_NAME.sub("", name))
        if shorter in (name, ""):
            break
        name = shorter
    return name


def _plain(model: str) -> str:
    return model.strip().lower()


def _judged(line: Line, lines: Mapping[tuple[date, str], Line], has_tokens: bool) -> Line:
    if line.agrees:
        return line
    reasons = tuple(_reasons(line, lines, has_tokens)) or (Reason.UNKNOWN,)
    return Line(line.day, line.model, line.billed, line.counted, reasons)


def _reasons(line: Line, lines: Mapping[tuple[date, str], Line], has_tokens: bool) -> Iterable[Reason]:
    if _is_on_a_day_beside(line, lines):
        yield Reason.NEXT_DAY
    if _explained_by_unpriced(line):
        yield Reason.UNPRICED
    if not line.counted.call_count:
        yield Reason.NO_CALLS
    elif line.billed is None:
        yield Reason.NOT_BILLED
    elif has_tokens and line.billed.input_tokens + line.billed.output_tokens:
        yield _of_tokens(line.billed, line.counted)
    elif not _explained_by_unpriced(line):
        yield Reason.MISSING_CALLS if line.difference_nano_usd > 0 else Reason.DISCOUNT


def _explained_by_unpriced(line: Line) -> bool:
    """Tell whether the calls without a price, at what the others cost, make up half of what is missing or more."""
    counted, missing = line.counted, line.difference_nano_usd
    priced = counted.call_count - counted.unpriced_count
    if not counted.unpriced_count or missing <= 0:
        return False
    return priced <= 0 or 2 * counted.cost_nano_usd * counted.unpriced_count >= missing * priced


def _of_tokens(billed: Billed, counted: Amounts) -> Reason:
    theirs = billed.input_tokens + billed.output_tokens
    ours = counted.input_tokens + counted.output_tokens
    # Some providers leave what came from the cache out of the input.
    close = [abs(theirs - one) <= _TOKEN_SHARE * max(theirs, one) for one in (ours, ours - counted.cache_read_tokens)]
    if any(close):
        return Reason.PRICE
    return Reason.MISSING_CALLS if theirs > ours else Reason.MORE_CALLS


def _is_on_a_day_beside(line: Line, lines: Mapping[tuple[date, str], Line]) -> bool:
    """Tell whether a day before or after differs by about as much the other way round."""
    for step in (-1, 1):
        other = lines.get((line.day + timedelta(days=step), line.model))
        if other and not other.agrees and line.difference_nano_usd * other.difference_nano_usd < 0:
            gap = abs(line.difference_nano_usd + other.difference_nano_usd)
            if gap <= max(_CENT, 0.1 * abs(line.difference_nano_usd)):
                return True
    return False
