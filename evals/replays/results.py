"""What a replay says about the traffic: how often calls had each problem as they were answered, and how often they would.

Every item counts as many calls as it stands for, and is its own control: the same question, answered then and now. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.statistics import verdicts, weighted
from evals.statistics.paired import Difference
from evals.statistics.verdicts import Finding, Verdict

# Fewer items of a topic show only that there are few.
FEW = 20
MOST_TOPICS = 15


@dataclass(frozen=True, slots=True)
class Pair:
    """One question by one check: how many calls it stands for, what it is about, and whether each answer has the problem."""

    stands_for: float
    topic: int
    was_bad: bool
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """The shares of calls with a problem, then and now, and by how much it became rarer (above 0) or more frequent."""

    then: float
    now: float
    fewer: Difference
    finding: Finding
    items: int
    calls: float

    @property
    def verdict(self) -> Verdict:
        return self.finding.verdict

    @property
    def is_small(self) -> bool:
        return self.items < FEW

    @property
    def is_absent(self) -> bool:
        """Whether no answer had the problem, neither then nor now."""
        return self.then == self.now == 0


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of the traffic: the calls it has, and the effect by each check, None where nothing of it was judged."""

    topic: int
    calls: float
    items: int
    effects: tuple[Effect | None, ...]

    @property
    def is_small(self) -> bool:
        return self.items < FEW


def overall(pairs: Sequence[Sequence[Pair]]) -> list[Effect | None]:
    """Return the effect by each check, in their order; all of them are one family of comparisons."""
    return _settled(pairs)


def by_topic(pairs: Sequence[Sequence[Pair]], calls: Mapping[int, tuple[float, int]]) -> list[Topic]:
    """Return the effects topic by topic, the largest first; `calls` has the calls and items of each topic."""
    largest = sorted(calls, key=lambda topic: (-calls[topic][0], topic))[:MOST_TOPICS]
    cells = [[pair for pair in some if pair.topic == topic] for topic in largest for some in pairs]
    effects, width = _settled(cells), len(pairs)
    return [
        Topic(topic, *calls[topic], tuple(effects[place * width : (place + 1) * width]))
        for place, topic in enumerate(largest)
    ]  # fmt: skip


def _settled(cells: Sequence[Sequence[Pair]]) -> list[Effect | None]:
    differences = [_fewer(pairs) for pairs in cells]
    known = [difference for pairs, difference in zip(cells, differences, strict=True) if pairs]
    findings = iter(verdicts.settle(known))
    return [
        _effect(pairs, difference, next(findings)) if pairs else None
        for pairs, difference in zip(cells, differences, strict=True)
    ]  # fmt: skip


def _fewer(pairs: Sequence[Pair]) -> Difference:
    return weighted.difference(
        [float(pair.was_bad) - float(pair.is_bad) for pair in pairs], [pair.stands_for for pair in pairs]
    )  # fmt: skip


def _effect(pairs: Sequence[Pair], fewer: Difference, finding: Finding) -> Effect:
    weights = np.array([pair.stands_for for pair in pairs])
    share = weights / weights.sum()
    then = float((share * [pair.was_bad for pair in pairs]).sum())
    now = float((share * [pair.is_bad for pair in pairs]).sum())
    return Effect(then, now, fewer, finding, len(pairs), float(weights.sum()))
