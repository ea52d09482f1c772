"""Which calls of a period are asked again: some of every kind, the same ones every time, each standing for others of its kind.

Calls are divided by topic, and by whether something was wrong with them: a detector flagged them or a user disliked them. Of
both halves of every topic some are taken, and more of those with something wrong, for there a new text makes a difference.
Pure, over plain values.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

# A kind of calls is seen with at least so many of them, as far as it has them.
FLOOR = 3
# So many times as often as their share are calls taken that had something wrong.
WRONG_TIMES = 4
# Fewer items a topic say nothing about it: the smallest topics go together.
_ITEMS_A_TOPIC = 12
NO_TOPIC, SMALLER_TOPICS = 0, -1


@dataclass(frozen=True, slots=True, order=True)
class Stratum:
    """One kind of calls: a topic, and whether something was wrong."""

    topic: int
    was_wrong: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that could be taken; those with low lots, which are a hash of the trace, are taken first."""

    trace_id: UUID
    span_id: int
    lot: int
    stratum: Stratum


def gathered(sizes: Mapping[Stratum, int], *, wanted: int) -> dict[int, int]:
    """Return under which topic each topic is counted: the largest under themselves, the others under one."""
    calls: dict[int, int] = {}
    for stratum, size in sizes.items():
        calls[stratum.topic] = calls.get(stratum.topic, 0) + size
    named = [topic for topic in calls if topic not in (NO_TOPIC, SMALLER_TOPICS)]
    largest = sorted(named, key=lambda topic: (-calls[topic], topic))[: max(1, wanted // _ITEMS_A_TOPIC)]
    return {topic: topic if topic in largest or topic == NO_TOPIC else SMALLER_TOPICS for topic in calls}


def shares(sizes: Mapping[Stratum, int], *, wanted: int) -> dict[Stratum, int]:
    """Return how many calls of each kind are taken: a few of every kind, the rest by size, more of those with something wrong."""
    taken = dict.fromkeys(sorted(sizes), 0)
    left = min(wanted, sum(sizes.values()))
    for stratum in sorted(sizes, key=lambda one: (-sizes[one], one)):
        taken[stratum] = min(FLOOR, sizes[stratum], left)
        left -= taken[stratum]
    while left:
        open_ones = [one for one in taken if taken[one] < sizes[one]]
        weights = {one: sizes[one] * (WRONG_TIMES if one.was_wrong else 1) for one in open_ones}
        more = _divided(left, weights)
        for one in open_ones:
            more[one] = min(more[one], sizes[one] - taken[one])
            taken[one] += more[one]
        left -= sum(more.values())
    return taken


def draw(candidates: Sequence[Candidate], sizes: Mapping[Stratum, int], *, wanted: int) -> list[Candidate]:
    """Return the calls with the lowest lots of each kind."""
    by_stratum: dict[Stratum, list[Candidate]] = {}
    for one in sorted(candidates, key=lambda one: (one.lot, one.trace_id, one.span_id)):
        by_stratum.setdefault(one.stratum, []).append(one)
    wanted_of = shares(sizes, wanted=wanted)
    return [one for stratum, count in wanted_of.items() for one in by_stratum.get(stratum, [])[:count]]


def weigh(taken: Sequence[Candidate], sizes: Mapping[Stratum, int]) -> list[float]:
    """Return how many calls each of these stands for: together they stand for all calls of their kinds."""
    counted = Counter(one.stratum for one in taken)
    return [sizes[one.stratum] / counted[one.stratum] for one in taken]


def speaker(same: Sequence[tuple[Candidate, float]]) -> Candidate:
    """Return which of several calls with the same question is asked: by lot, each in proportion to what it stands for."""
    return min(same, key=lambda pair: _turn(*pair))[0]


def _turn(call: Candidate, stands_for: float) -> float:
    digest = hashlib.sha256(f"{call.trace_id.hex}{call.span_id}".encode()).digest()
    # The first of several that come at random, each as often as its weight says.
    return -math.log((int.from_bytes(digest[:6], "big") + 1) / (2**48 + 1)) / stands_for


def _divided(amount: int, weights: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """Divide a number in proportion; what rounding leaves goes to the largest remainders."""
    total = sum(weights.values())
    exact = {one: amount * weight / total for one, weight in weights.items()}
    found = {one: int(value) for one, value in exact.items()}
    rest = amount - sum(found.values())
    for one in sorted(exact, key=lambda one: (found[one] - exact[one], one))[:rest]:
        found[one] += 1
    return found
