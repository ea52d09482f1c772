"""How many answers a search for a fix takes: known before the first one is asked, and never passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from evals.errors import EvalsError
from evals.experiments.fix_verdicts import ENOUGH_GOOD, FEWEST_PROBLEMS

# The model is asked for suggestions once, and once more when its answer cannot be read.
ASKS = 2
MOST_CANDIDATES, FEWEST_CANDIDATES = 5, 2
# So many of the first round are looked at more closely.
KEPT = 2
USUAL_ANSWERS = 500
_FIRST, _FEWEST_FIRST = (14, 6), (6, 2)
_SECOND = (40, 20)
_PROOF, _FEWEST_HELD_OUT = (60, 100), 12
_STEP = 2


class BudgetTooSmall(EvalsError):
    """So few answers cannot prove anything."""


class ItemsMissing(EvalsError):
    """The dataset holds too few calls to prove a fix on."""


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a dataset by their use, in the order in which they are taken; `good` proves that nothing breaks."""

    tune_problems: tuple[int, ...]
    tune_good: tuple[int, ...]
    held_out: tuple[int, ...]
    good: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many suggestions are tried on how many items: calls with the problem and good ones, in each round."""

    candidates: int
    first: tuple[int, int]
    second: tuple[int, int]
    proof: tuple[int, int]

    @property
    def answers(self) -> int:
        """Return how many answers that takes at most; those of the first round are not asked for again in the second."""
        first, second, proof = (sum(one) for one in (self.first, self.second, self.proof))
        return (self.candidates + 1) * first + (KEPT + 1) * (second - first) + 2 * proof

    @property
    def calls(self) -> int:
        """Return the same with the questions for suggestions."""
        return self.answers + ASKS


def sizes_for(items: Items, *, most_calls: int) -> Sizes:
    """Return what is tried with so many calls: less of what matters less until it fits, or BudgetTooSmall."""
    _check(items)
    sizes = _most(items)
    for smaller in (sizes, *_smaller(sizes)):
        if smaller.calls <= most_calls:
            return smaller
        sizes = smaller
    raise BudgetTooSmall(f"A fix cannot be proved with so few calls. At least {sizes.calls} are needed.")


def _check(items: Items) -> None:
    if len(items.tune_problems) < _FEWEST_FIRST[0] or len(items.held_out) < FEWEST_PROBLEMS:
        raise ItemsMissing(
            f"There are too few calls with the problem: {len(items.tune_problems)} to write by and {len(items.held_out)} held out. "
            f"At least {_FEWEST_FIRST[0]} and {FEWEST_PROBLEMS} are needed. Make the dataset larger."
        )
    if len(items.good) < ENOUGH_GOOD:
        raise ItemsMissing(
            f"There are too few good calls to see whether a fix breaks any: {len(items.good)} of at least {ENOUGH_GOOD}. "
            "Make the dataset larger."
        )


def _most(items: Items) -> Sizes:
    tune = len(items.tune_problems), len(items.tune_good)
    proof = len(items.held_out), len(items.good)
    second = _least(tune, _SECOND)
    return Sizes(MOST_CANDIDATES, _least(second, _FIRST), second, _least(proof, _PROOF))


def _smaller(sizes: Sizes) -> Iterator[Sizes]:
    """Yield ever smaller sizes: the closer look goes before the proof, and the proof before the variety."""
    while sizes.proof[1] > ENOUGH_GOOD:
        sizes = replace(sizes, proof=(sizes.proof[0], max(ENOUGH_GOOD, sizes.proof[1] - _STEP)))
        yield sizes
    while sizes.second != sizes.first:
        sizes = replace(sizes, second=_shrunk(sizes.second, sizes.first))
        yield sizes
    while sizes.candidates > FEWEST_CANDIDATES + 1:
        sizes = replace(sizes, candidates=sizes.candidates - 1)
        yield sizes
    while sizes.first != (least := _least(sizes.first, _FEWEST_FIRST)):
        shrunk = _shrunk(sizes.first, least)
        sizes = replace(sizes, first=shrunk, second=shrunk)
        yield sizes
    while sizes.proof[0] > _FEWEST_HELD_OUT:
        sizes = replace(sizes, proof=(max(_FEWEST_HELD_OUT, sizes.proof[0] - _STEP), sizes.proof[1]))
        yield sizes
    yield replace(sizes, candidates=FEWEST_CANDIDATES)


def _shrunk(pair: tuple[int, int], least: tuple[int, int]) -> tuple[int, int]:
    return max(least[0], pair[0] - _STEP), max(least[1], pair[1] - _STEP)


def _least(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return min(one[0], other[0]), min(one[1], other[1])
