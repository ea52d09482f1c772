"""Decides what a search for a fix does next, from what it has seen: which suggestions are tried on which items, and the verdict.

Half as many suggestions stay after each round. Only the last one ever meets the calls that were held out, and only once, so that
its success there is worth what it looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from evals.experiments import fix_verdicts
from evals.experiments.fix_verdicts import TOLERATED, Gate, GateState
from evals.proposals.budgets import KEPT, Items, Sizes
from evals.statistics.paired import Difference, pass_difference

# Whether an answer is right, for each item; None where nobody can tell.
Rights = Sequence[bool | None]


class Stage(StrEnum):
    """The rounds, in their order."""

    FIRST = "first"
    SECOND = "second"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Round:
    """Suggestions to be tried beside the text as it is, and the items to try them on."""

    stage: Stage
    candidates: tuple[int, ...]
    problems: tuple[int, ...]
    good: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """How one text did in a round: on calls with the problem by the checks that tell, on good ones by each check."""

    problems: Rights
    good: Mapping[str, Rights] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round showed: the text as it is, and each suggestion by its place."""

    stage: Stage
    base: Tried
    tried: Mapping[int, Tried]


@dataclass(frozen=True, slots=True)
class Rank:
    """How much oftener a suggestion is right than the text as it is on calls with the problem, and how much it breaks."""

    place: int
    gain: float
    harm: float
    added: int = 0

    @property
    def net(self) -> float:
        return self.gain + self.harm


@dataclass(frozen=True, slots=True)
class Verdict:
    """The suggestion that may be shown to people, or the reason why there is none."""

    why: str
    finalist: int | None = None
    gate: Gate | None = None

    @property
    def is_accepted(self) -> bool:
        return self.gate is not None and self.gate.state == GateState.PASSED


def next_step(*, items: Items, sizes: Sizes, added: Mapping[int, int], outcomes: Sequence[Outcome]) -> Round | Verdict:
    """Return the next round, or the verdict; `added` says how much longer each usable suggestion makes the prompt."""
    if not added:
        return Verdict("None of the suggestions may be tried.")
    if not outcomes:
        # Who would all be looked at more closely need no first look.
        stage = Stage.FIRST if len(added) > KEPT else Stage.SECOND
        return _round(stage, sorted(added)[: sizes.candidates], items, sizes)
    last = outcomes[-1]
    if last.stage == Stage.PROOF:
        (finalist,) = last.tried
        found = gate(last.base, last.tried[finalist])
        return Verdict(found.why, finalist, found)
    is_first = last.stage == Stage.FIRST
    kept = survivors(last, keep=KEPT if is_first else 1, added=added)
    if not kept:
        return Verdict(
            "None of the suggestions did better than the text as it is, on the calls that they were written by."
        )
    return _round(Stage.SECOND if is_first else Stage.PROOF, kept, items, sizes)


def survivors(outcome: Outcome, *, keep: int, added: Mapping[int, int]) -> list[int]:
    """Return the best suggestions of a round, the best first; none that is no better than the text as it is."""
    ranks = [rank(place, outcome.base, tried, added=added.get(place, 0)) for place, tried in outcome.tried.items()]
    better = [one for one in ranks if one.net > 0]
    return [one.place for one in sorted(better, key=lambda one: (-one.net, one.added, one.place))[:keep]]


def rank(place: int, base: Tried, tried: Tried, *, added: int = 0) -> Rank:
    """Return how a suggestion did; breaking good answers counts as much as mending bad ones."""
    changes = [_mean(base.good.get(name, ()), rights) for name, rights in tried.good.items()]
    return Rank(place, _mean(base.problems, tried.problems), min([0.0, *changes]), added)


def gate(base: Tried, tried: Tried) -> Gate:
    """Return whether a suggestion may go to people: surely better on what was held out, and by no check worse on good calls."""
    found = fix_verdicts.judge(
        _difference(base.problems, tried.problems), _difference(_all(base.good), _all(tried.good))
    )
    if found.problems is None or found.problems.interval.low <= 0:
        return found
    by_check = {name: _difference(base.good.get(name, ()), rights) for name, rights in tried.good.items()}
    for name, one in by_check.items():
        if one.items and one.interval.high < 0:
            why = f"It is better on calls with the problem, and worse on good ones by «{name}»."
            return Gate(GateState.FAILED, why, found.problems, one)
    if found.state != GateState.PASSED:
        return found
    for name, one in by_check.items():
        if one.items and one.interval.low <= -TOLERATED:
            why = f"It is better, but it is not sure that it breaks no good call by «{name}»."
            return Gate(GateState.UNSURE, why, found.problems, one)
    return found


def _round(stage: Stage, candidates: Sequence[int], items: Items, sizes: Sizes) -> Round:
    problems, good = {
        Stage.FIRST: (items.tune_problems[: sizes.first[0]], items.tune_good[: sizes.first[1]]),
        Stage.SECOND: (items.tune_problems[: sizes.second[0]], items.tune_good[: sizes.second[1]]),
        Stage.PROOF: (items.held_out[: sizes.proof[0]], items.good[: sizes.proof[1]]),
    }[stage]
    return Round(stage, tuple(candidates), problems, good)


def _all(good: Mapping[str, Rights]) -> Rights:
    """Return for each item whether all checks pass that say anything."""
    rows = list(good.values())
    if not rows:
        return []
    found: list[bool | None] = []
    for rights in zip(*rows, strict=True):
        known = [right for right in rights if right is not None]
        found.append(all(known) if known else None)
    return found


def _known(before: Rights, after: Rights) -> list[tuple[bool, bool]]:
    both = zip(before, after, strict=True)
    return [(old, new) for old, new in both if old is not None and new is not None]


def _mean(before: Rights, after: Rights) -> float:
    known = _known(before, after)
    return sum(int(new) - int(old) for old, new in known) / len(known) if known else 0.0


def _difference(before: Rights, after: Rights) -> Difference:
    known = _known(before, after)
    return pass_difference([old for old, _ in known], [new for _, new in known])
