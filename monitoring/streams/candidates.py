"""Decides which parts of the traffic have a problem of their own: a pure function over columns of calls.

Every cell of every family is held against what is usual. The cell that explains most (by likelihood, as in Kulldorff's
scan statistic) is taken, the conversations with its bad calls are taken away, and the rest is looked at again: so one
problem is found once, however many cells it shows in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from monitoring.streams import families, rates
from monitoring.streams.families import Calls, Family, Ints, Part, Region

Floats = NDArray[np.float64]

FEWEST_BAD, FEWEST_USERS = 15, 5
# Benjamini–Hochberg. Looks of a week overlap, but the bounds below keep what comes by chance far rarer than this.
FALSE_SHARE = 0.05
# Of a part that is asked for by itself, again and again.
_BY_CHANCE = 0.01
MOST = 30
_WATCHED = 20
_LOWER = 0.05
# Of the Gamma prior of how many times the usual rate it is.
_PRIOR = 4.0
# Fewer other calls do not tell what is usual.
_FEWEST_TO_COMPARE = 50
# Calls of one unit are at least so much alike (intra-class correlation).
_ALIKE_IN_UNIT = 0.05
_MOST_WEIGHED = 400
# What users do when an answer was bad; what is bad about the answer says more, where it is true of about as many calls.
_SYMPTOMS = ("disliked", "frustrated", "asked_again")
_ABOUT_AS_MANY = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell with its signal: what was counted, what is usual, and the lower bound of how many times that it is."""

    signal: str
    region: Region
    part: Part | None
    calls: int
    bad: int
    users: int
    expected: float
    times_at_least: float
    p_value: float
    score: float
    is_significant: bool
    # What else is wrong with the same region; the same calls may be wrong in several ways.
    also: tuple[str, ...] = ()

    @property
    def usual_rate(self) -> float:
        return self.expected / self.calls

    @property
    def excess(self) -> float:
        """Bad calls above what is usual, at least; what hardly ever happens elsewhere counts as well, though a multiple of
        nothing is nothing."""
        return max(0.0, (_PRIOR + self.expected) * (self.times_at_least - 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A family with what is the same for every signal: the calls left, by cell and by stratum."""

    family: Family
    counts: Ints
    whole: Ints
    # The stratum that each cell lies in, or of each call the cell within its stratum.
    of_cell: Ints
    pair: Ints
    by_pair: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Hit:
    """A cell that stands out before it is weighed how alike the calls of one unit are."""

    family: Family
    cell: int
    signal: str
    calls: int
    bad: int
    expected: float
    other_calls: float
    tolerance: float
    score: float


def findings(calls: Calls, *, signals: Sequence[str]) -> list[Finding]:
    """Return the problems, the most telling first, then what may be some but is not sure."""
    every = list(families.all_of(calls))
    is_left = np.ones(len(calls), dtype=bool)
    taken: list[Finding] = []
    weighed: list[tuple[Finding, _Hit]] = []
    for _ in range(MOST):
        weighed = _look(calls, every, is_left, signals)
        sure = [one for one in weighed if one[0].is_significant]
        if not sure:
            break
        best, hit = _most_telling(sure)
        also = dict.fromkeys(one.signal for one, _ in sure if one.region == best.region and one.signal != best.signal)
        part = best.part if best.part is not None and _is_telling(calls, best, hit, is_left) else None
        taken.append(replace(best, part=part, also=tuple(also)))
        _take_away(calls, hit, is_left)
    unsure = sorted((one for one, _ in weighed if not one.is_significant), key=lambda one: -one.excess)
    return taken + unsure[:_WATCHED]


def _most_telling(sure: Sequence[tuple[Finding, _Hit]]) -> tuple[Finding, _Hit]:
    """Return what explains most, by what is wrong with the answers rather than by what users did about it."""
    best = max(sure, key=lambda one: one[0].score)
    if best[0].signal not in _SYMPTOMS:
        return best
    deeper = [
        one for one in sure
        if one[0].region == best[0].region and one[0].signal not in _SYMPTOMS and one[0].bad >= _ABOUT_AS_MANY * best[0].bad
    ]  # fmt: skip
    return max(deeper, key=lambda one: one[0].score, default=best)


def _is_telling(calls: Calls, best: Finding, hit: _Hit, is_left: NDArray[np.bool_]) -> bool:
    """Tell whether the part of the region is surely worse than the rest of the region, so that it can be called the cause."""
    is_bad = _is_bad(calls, best.signal)
    rest = families.members(calls, best.region) & is_left & (hit.family.cell != hit.cell)
    rest_calls, rest_bad = int(rest.sum()), int(is_bad[rest].sum())
    effect = hit.score / best.score if best.score else 1.0
    return rest_calls > 0 and rates.difference(best.bad / effect, best.calls / effect, rest_bad, rest_calls)[0] > 0


def _is_bad(calls: Calls, signal: str) -> NDArray[np.bool_]:
    found = np.zeros(len(calls), dtype=bool)
    found[calls.bad[signal]] = True
    return found


def one(calls: Calls, *, signal: str, is_in: NDArray[np.bool_], other_rate: float, other_calls: int) -> Finding | None:
    """Return the numbers of one given part of the traffic beside a usual rate; None when it has no calls."""
    cell = np.where(is_in, 0, -1)
    count, bad = int(is_in.sum()), int(is_in[calls.bad[signal]].sum())
    if not count:
        return None
    family = Family(cell, cell, [(Region(), None)])
    hit = _Hit(family, 0, signal, count, bad, other_rate * count, other_calls, 1.0, 0.0)
    found = _weigh(calls, hit, np.ones(len(calls), dtype=bool))
    return replace(found, is_significant=found.p_value <= _BY_CHANCE and _is_large(found))


def usual(calls: Calls, *, signal: str, is_in: NDArray[np.bool_], is_by_prompt: bool) -> tuple[float, int]:
    """Return the rate of the other calls, and how many they are; by prompt, only calls of the same prompts tell what is usual."""
    is_bad, prompts = _is_bad(calls, signal), len(calls.prompts)
    stratum = calls.prompt if is_by_prompt else np.zeros(len(calls), dtype=np.int64)
    inside, others = _counted(stratum[is_in], prompts), _counted(stratum[~is_in], prompts)
    others_bad = _counted(stratum[~is_in & is_bad], prompts)
    is_alike = (inside > 0) & (others > 0)
    if not is_alike.any():
        return 0.0, 0
    rates_there = others_bad[is_alike] / others[is_alike]
    return float(np.average(rates_there, weights=inside[is_alike])), int(others[is_alike].sum())


def _look(
    calls: Calls, every: Sequence[Family], is_left: NDArray[np.bool_], signals: Sequence[str]
) -> list[tuple[Finding, _Hit]]:  # fmt: skip
    hits, tested = list[_Hit](), 0
    bad = {signal: places[is_left[places]] for signal, places in calls.bad.items()}
    left = np.flatnonzero(is_left)
    for family in every:
        frame = _frame(family, left)
        asked = [signal for signal in signals if family.signals is None or signal in family.signals]
        tested += int((frame.counts >= FEWEST_BAD).sum()) * len(asked)
        for signal in asked:
            if len(bad[signal]) >= FEWEST_BAD:
                hits += _hits(frame, bad[signal], signal)
    hits.sort(key=lambda hit: -hit.score)
    weighed = [(_weigh(calls, hit, is_left), hit) for hit in hits[:_MOST_WEIGHED]]
    limit = _limit([found.p_value for found, _ in weighed], tested)
    return [
        (
            replace(
                found,
                is_significant=found.p_value <= limit and found.times_at_least >= hit.tolerance and _is_large(found),
            ),
            hit,
        )
        for found, hit in weighed
    ]


def _frame(family: Family, left: Ints) -> _Frame:
    cells, strata = len(family.regions), int(family.stratum.max(initial=0)) + 1
    whole = _counted(family.stratum[left], strata)
    none = np.zeros(0, dtype=np.int64)
    if family.is_within:
        of_cell = np.zeros(cells, dtype=np.int64)
        inside = family.cell >= 0
        of_cell[family.cell[inside]] = family.stratum[inside]
        return _Frame(family, _counted(family.cell[left], cells), whole, of_cell, none, none)
    by_pair = _by_pair(family, left, cells, strata)
    # What a prompt does is compared with nothing that another one does: where a prompt uses one model alone, its calls say
    # nothing about the model.
    is_alike = whole - by_pair >= _FEWEST_TO_COMPARE
    cell = np.where((family.cell >= 0) & is_alike[family.cell, family.stratum], family.cell, -1)
    by_pair = by_pair * is_alike
    pair = np.where(cell >= 0, cell * strata + family.stratum, -1)
    return _Frame(replace(family, cell=cell), by_pair.sum(axis=1), whole, none, pair, by_pair)


def _by_pair(family: Family, left: Ints, cells: int, strata: int) -> Ints:
    pair = np.where(family.cell >= 0, family.cell * strata + family.stratum, -1)
    found: Ints = _counted(pair[left], cells * strata).reshape(cells, strata)
    return found


def _hits(frame: _Frame, bad: Ints, signal: str) -> Iterator[_Hit]:
    """Return the cells that have far more bad calls than is usual."""
    family, counts = frame.family, frame.counts
    bad_counts = _counted(family.cell[bad], len(family.regions))
    if family.past is not None:
        rate, other_calls = _past_rates(family, signal)
        expected = counts * rate
    else:
        expected, other_calls = _expected(frame, bad, bad_counts)
    may_be = (bad_counts >= FEWEST_BAD) & (bad_counts > expected) & (other_calls >= _FEWEST_TO_COMPARE)
    if not may_be.any():
        return
    tolerance = max(family.tolerance, _natural_times(bad_counts, expected))
    at_least = times_at_least(bad_counts[may_be], expected[may_be])
    score = _gain(counts[may_be], bad_counts[may_be], expected[may_be])
    for place, low, gain in zip(np.flatnonzero(may_be), at_least, score, strict=True):
        if low > 1:
            yield _Hit(
                family, int(place), signal, int(counts[place]), int(bad_counts[place]), float(expected[place]),
                float(other_calls[place]), tolerance, float(gain),
            )  # fmt: skip


def _expected(frame: _Frame, bad: Ints, bad_counts: Ints) -> tuple[Floats, Floats]:
    """Return how many bad calls each cell would have at the rate of the others of its strata, and how many others there are."""
    whole_bad = _counted(frame.family.stratum[bad], len(frame.whole))
    if frame.family.is_within:
        others, others_bad = frame.whole[frame.of_cell] - frame.counts, whole_bad[frame.of_cell] - bad_counts
        return frame.counts * (others_bad / np.maximum(others, 1)), others.astype(np.float64)
    bad_by_pair = _counted(frame.pair[bad], frame.by_pair.size).reshape(frame.by_pair.shape)
    others, others_bad = frame.whole - frame.by_pair, whole_bad - bad_by_pair
    expected = frame.by_pair * (others_bad / np.maximum(others, 1))
    return expected.sum(axis=1), (others * (frame.by_pair > 0)).sum(axis=1).astype(np.float64)


def _past_rates(family: Family, signal: str) -> tuple[Floats, Floats]:
    past = family.past or {}
    found = np.array([past.get((cell, signal), (0, 0)) for cell in range(len(family.regions))], dtype=float)
    return (found[:, 1] + 0.5) / (found[:, 0] + 1.0), found[:, 0]


def times_at_least(bad: Ints | Floats, expected: Floats) -> Floats:
    """Return the lower bound (5 %) of how many times the usual rate it is, shrunk towards once (Gamma–Poisson)."""
    found: Floats = special.gammaincinv(_PRIOR + bad, _LOWER) / (_PRIOR + expected)
    return found


def _gain(counts: Ints, bad: Ints, expected: Floats) -> Floats:
    """Return how much likelier the counts are at a rate of the cell's own than at the usual one."""
    usual = np.clip(expected / counts, 1e-6, 1 - 1e-6)
    good = counts - bad
    found: Floats = bad * np.log(bad / counts / usual) + good * np.log(np.maximum(good, 0.5) / counts / (1 - usual))
    return found


def _natural_times(bad_counts: Ints, expected: Floats) -> float:
    """Return how many times the usual rate cells reach by their nature, from how far most of them stray."""
    is_enough = expected >= 5
    if is_enough.sum() < 8:
        return 1.0
    strayed = np.log((bad_counts[is_enough] + 0.5) / (expected[is_enough] + 0.5))
    spread = 1.4826 * float(np.median(np.abs(strayed - np.median(strayed))))
    by_chance = float(np.median(1 / (expected[is_enough] + 0.5)))
    return float(np.exp(2 * np.sqrt(max(0.0, spread * spread - by_chance))))


def _weigh(calls: Calls, hit: _Hit, is_left: NDArray[np.bool_]) -> Finding:
    """Count the calls as as many as they are worth as evidence, when some units have many and calls of a unit are alike."""
    members = np.flatnonzero((hit.family.cell == hit.cell) & is_left)
    is_bad = _is_bad(calls, hit.signal)
    _, unit = np.unique(calls.unit[members], return_inverse=True)
    of_unit = np.bincount(unit)
    bad_of_unit = np.bincount(unit, weights=is_bad[members])
    effect = design_effect(of_unit, bad_of_unit)
    worth, worth_bad = hit.calls / effect, hit.bad / effect
    region, part = hit.family.regions[hit.cell]
    return Finding(
        hit.signal, region, part, hit.calls, hit.bad, int((bad_of_unit > 0).sum()), hit.expected,
        float(times_at_least(np.array(worth_bad), np.array(hit.expected / effect))),
        _p_value(worth, worth_bad, hit.other_calls, hit.expected / hit.calls), hit.score / effect, False,
    )  # fmt: skip


def design_effect(of_unit: Ints, bad_of_unit: Ints | Floats) -> float:
    """Return how many calls are worth one independent call: how far the units stray beyond chance; at least 1."""
    count, bad = float(of_unit.sum()), float(bad_of_unit.sum())
    rate, units = bad / count, len(of_unit)
    least = 1 + _ALIKE_IN_UNIT * (float((of_unit.astype(float) ** 2).sum()) / count - 1)
    if units < 2 or not 0 < rate < 1:
        return least
    strayed = float(((bad_of_unit - of_unit * rate) ** 2).sum()) / (count * rate * (1 - rate)) * units / (units - 1)
    return max(least, strayed)


def _p_value(worth: float, worth_bad: float, other_calls: float, usual_rate: float) -> float:
    """Return how likely so many of the bad calls fall into the cell by chance (Fisher's exact test, one-sided)."""
    here, others = max(1, round(worth)), max(1, round(other_calls))
    bad, others_bad = min(here, int(worth_bad)), min(others, round(others * usual_rate))
    return at_least_by_chance(bad, here, bad + others_bad, here + others)


def at_least_by_chance(least: int, drawn: int, marked: int, whole: int) -> float:
    """Return how likely so many marked ones are among those drawn (hypergeometric); the package for this takes 40 MB to load."""
    counts = np.arange(max(least, drawn + marked - whole), min(marked, drawn) + 1, dtype=np.float64)
    if not len(counts):
        return 0.0
    logs = _log_choices(marked, counts) + _log_choices(whole - marked, drawn - counts) - _log_choices(whole, drawn)
    return min(1.0, float(np.exp(logs).sum()))


def _log_choices(of: int, some: Floats | int) -> Floats:
    found: Floats = special.gammaln(of + 1.0) - special.gammaln(some + 1.0) - special.gammaln(of - some + 1.0)
    return found


def _limit(p_values: Sequence[float], tested: int) -> float:
    """Return up to which p-value findings are significant (Benjamini–Hochberg); those that were not weighed count as 1."""
    limit = 0.0
    for place, p_value in enumerate(sorted(p_values), 1):
        if p_value <= FALSE_SHARE * place / max(tested, 1):
            limit = p_value
    return limit


def _is_large(found: Finding) -> bool:
    return found.bad >= FEWEST_BAD and found.users >= FEWEST_USERS


def _take_away(calls: Calls, hit: _Hit, is_left: NDArray[np.bool_]) -> None:
    """Leave out the conversations with the bad calls of the cell: whatever else went wrong in them has the same cause."""
    places = calls.bad[hit.signal]
    gone = calls.conversation[places[(hit.family.cell[places] == hit.cell) & is_left[places]]]
    is_left &= ~np.isin(calls.conversation, gone)


def _counted(codes: Ints, size: int) -> Ints:
    found: Ints = np.bincount(codes[codes >= 0], minlength=size)
    return found
