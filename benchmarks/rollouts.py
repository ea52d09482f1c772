"""Plays thousands of rollouts through the very code that decides about real ones, and a peeked test on the same runs.

Traffic follows a daily cycle; every unit has an adverse event of each of six metrics with a fixed probability, which
the candidate multiplies in one of them. Feedback may come hours late. Decisions every five minutes, for two weeks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks import figures
from benchmarks.figures import Figures
from prompt_registry.rollouts import plans
from prompt_registry.rollouts.decisions import Action, Metric, Part, Situation, decide
from prompt_registry.rollouts.plans import BUDGETS, Caution, HarmBudget, Step

TICK = 5 * 60.0
TICKS_A_DAY = 288
DAYS = 14
UNITS_A_DAY = 20_000
# Thumbs down, refusals, errors, hallucinations, slow answers (beyond the control's p95), dear ones (beyond its p90).
RATES: Mapping[str, float] = {
    "disliked": 0.04, "refusals": 0.01, "errors": 0.005, "hallucinations": 0.03, "slow": 0.05, "dear": 0.10,
}  # fmt: skip
WEIGHTS: Mapping[str, float] = {"disliked": 2.0, "refusals": 2.0, "errors": 2.0, "slow": 1.25, "dear": 0.5}
# What is known with the call, so that people to whom it did not happen say something as well.
KNOWN_AT_ONCE = ("errors", "slow")
# What one-sided 5 % looked at after every decision would do.
_NAIVE_Z = 1.645


@dataclass(frozen=True, slots=True)
class Harm:
    """The rate of one metric under the candidate."""

    metric: str
    rate: float


# p95 +30 %: 11.4 instead of 5 of 100 answers are slower than the control's p95 (lognormal).
HARMS: Mapping[str, Harm] = {
    "disliked 4 to 8 %": Harm("disliked", 0.08), "disliked 4 to 6 %": Harm("disliked", 0.06),
    "refusals 1 to 3 %": Harm("refusals", 0.03), "p95 +30 %": Harm("slow", 0.114), "errors x10": Harm("errors", 0.05),
    "errors x100": Harm("errors", 0.5),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the candidate does, how much traffic there is, and how many hours feedback takes on average."""

    harm: Harm | None = None
    units_a_day: float = UNITS_A_DAY
    steps: tuple[Step, ...] = plans.USUAL_STEPS
    budget: HarmBudget = BUDGETS[Caution.BALANCED]
    late_hours: float = 0.0


@dataclass(slots=True)
class Played:
    """How one rollout ended: by itself (completed, rolled back) or with the two weeks."""

    action: Action = Action.WAIT
    candidate_units: int = 0
    days: float = float(DAYS)
    # Whether a test at 5 % that is looked at after every decision would ever have called the candidate worse.
    naive_rolled_back: bool = False


@dataclass(slots=True)
class _Counts:
    """Events of each metric so far: in the candidate arm, and in both arms by step."""

    candidate: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RATES, 0))
    by_step: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in RATES})
    candidates: int = 0
    units: list[int] = field(default_factory=list)


def play(scenario: Scenario, *, seed: int) -> Played:
    """Return how one rollout went."""
    random = np.random.default_rng(seed)
    counts, played, pooled = _Counts(), Played(), _Pooled()
    late: dict[int, list[tuple[str, int, bool]]] = {}
    shares = [step.share for step in scenario.steps]
    index, since, at_step = -1, 0.0, 0
    begins_at = random.random()
    for tick in range(DAYS * TICKS_A_DAY):
        if index < 0 or played.action == Action.PROMOTE:
            index, since, at_step = index + 1, 0.0, 0
            counts.units.append(0)
            for events in counts.by_step.values():
                events.append(0)
        arrived = _arrive(random, scenario, tick / TICKS_A_DAY + begins_at, shares, index)
        since += TICK
        at_step += arrived.candidates
        counts.candidates += arrived.candidates
        counts.units[index] += arrived.candidates + arrived.controls
        played.candidate_units += arrived.candidates
        _count(random, scenario, arrived, tick, index, late, counts)
        pooled.add(arrived, counts)
        played.naive_rolled_back = played.naive_rolled_back or pooled.is_worse()
        decision = decide(_situation(scenario, index, since, at_step, counts))
        played.action, played.days = decision.action, (tick + 1) / TICKS_A_DAY
        if played.action in (Action.ROLL_BACK, Action.COMPLETE):
            break
    return played


@dataclass(frozen=True, slots=True)
class _Arrived:
    """Units of five minutes: new to the candidate, in the control, and known from an earlier step."""

    candidates: int
    controls: int
    known: int


def _arrive(
    random: np.random.Generator, scenario: Scenario, day: float, shares: Sequence[float], index: int
) -> _Arrived:
    mean = scenario.units_a_day / TICKS_A_DAY * (1 + 0.6 * math.sin(2 * math.pi * day))
    before = shares[index - 1] if index else 0.0
    candidates, controls, known = random.multinomial(
        random.poisson(mean), [shares[index] - before, 1 - shares[index], before]
    )
    return _Arrived(int(candidates), int(controls), int(known))


def _count(
    random: np.random.Generator, scenario: Scenario, arrived: _Arrived, tick: int, index: int,
    late: dict[int, list[tuple[str, int, bool]]], counts: _Counts,
) -> None:  # fmt: skip
    """Draw the events of the units that arrived; those that come late are booked when they come, to their own step."""
    for name, rate in RATES.items():
        worse = scenario.harm.rate if scenario.harm and scenario.harm.metric == name else rate
        for is_candidate, units, risk in ((True, arrived.candidates, worse), (False, arrived.controls, rate)):
            events = int(random.binomial(units, risk))
            if not scenario.late_hours:
                _book(counts, name, index, is_candidate, events)
                continue
            for delay in random.exponential(scenario.late_hours * 3600 / TICK, events):
                late.setdefault(tick + int(delay), []).append((name, index, is_candidate))
    for name, step, is_candidate in late.pop(tick, ()):
        _book(counts, name, step, is_candidate, 1)


def _book(counts: _Counts, name: str, step: int, is_candidate: bool, events: int) -> None:
    counts.by_step[name][step] += events
    if is_candidate:
        counts.candidate[name] += events


def _situation(scenario: Scenario, index: int, since: float, at_step: int, counts: _Counts) -> Situation:
    metrics = tuple(
        Metric(
            name, rate, (Part(counts.candidate[name], tuple(counts.by_step[name])),), WEIGHTS.get(name, 1.0),
            call_rate=rate if name in KNOWN_AT_ONCE else 0.0, first_call_events=counts.candidate[name],
        )
        for name, rate in RATES.items()
    )  # fmt: skip
    return Situation(
        steps=scenario.steps, index=index, budget=scenario.budget, metrics=metrics, seconds_at_step=since,
        candidate_units=at_step, split_candidates=counts.candidates, split_units=tuple(counts.units),
    )  # fmt: skip


@dataclass(slots=True)
class _Pooled:
    """The usual test, looked at again and again: all units of all steps together, a z-test for each metric."""

    candidates: int = 0
    controls: int = 0
    counts: _Counts = field(default_factory=_Counts)

    def add(self, arrived: _Arrived, counts: _Counts) -> None:
        self.candidates += arrived.candidates
        self.controls += arrived.controls
        self.counts = counts

    def is_worse(self) -> bool:
        if min(self.candidates, self.controls) < 30:
            return False
        return any(self._z(name) > _NAIVE_Z for name in RATES)

    def _z(self, name: str) -> float:
        ours = self.counts.candidate[name]
        theirs = sum(self.counts.by_step[name]) - ours
        rate = (ours + theirs) / (self.candidates + self.controls)
        spread = rate * (1 - rate) * (1 / self.candidates + 1 / self.controls)
        return (ours / self.candidates - theirs / self.controls) / math.sqrt(spread) if spread > 0 else 0.0


@dataclass(frozen=True)
class Options:
    """How many rollouts of each kind are played."""

    rounds: int = 200


def run(options: Options) -> Figures:
    """Return how often nothing was taken for harm, how many units met each harm before it was undone, and how long it takes."""
    nothing = [play(Scenario(), seed=seed) for seed in range(options.rounds)]
    harms = {
        name: [play(Scenario(harm=harm), seed=seed) for seed in range(options.rounds)] for name, harm in HARMS.items()
    }
    late = [play(Scenario(late_hours=6), seed=seed) for seed in range(options.rounds // 4)]
    return {
        "rounds": options.rounds,
        "false_rollback_rate": _share(nothing, Action.ROLL_BACK),
        "naive_false_rollback_rate": round(sum(one.naive_rolled_back for one in nothing) / len(nothing), 4),
        "false_rollback_rate_late_feedback": _share(late, Action.ROLL_BACK),
        "median_days_to_everybody": round(float(np.median([one.days for one in nothing])), 2),
        "harms": {name: _harm(runs) for name, runs in harms.items()},
        "machine": figures.machine(),
    }


def _harm(runs: Sequence[Played]) -> dict[str, float]:
    units = [one.candidate_units for one in runs if one.action == Action.ROLL_BACK]
    return {
        "median_units_to_rollback": float(np.median(units)) if units else math.inf,
        "p90_units_to_rollback": float(np.percentile(units, 90)) if units else math.inf,
        "rolled_back": _share(runs, Action.ROLL_BACK),
        "shipped": _share(runs, Action.COMPLETE),
    }


def _share(runs: Sequence[Played], action: Action) -> float:
    return round(sum(one.action == action for one in runs) / len(runs), 4)
