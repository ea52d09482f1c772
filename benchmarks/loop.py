"""Plays fixes of an issue, true ones and placebos, through the very code that rolls out, decides and says «proved».

What people ask shifts in the middle of each rollout: the questions that raise the issue become more, or fewer, for reasons that
have nothing to do with the fix. Beside it stands what most teams do: compare the rate of before with the rate of after.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks import figures
from benchmarks.figures import Figures
from prompt_registry.rollouts import benefits, plans
from prompt_registry.rollouts.benefits import ArmsAtStep, Effect
from prompt_registry.rollouts.decisions import Action, Metric, Part, Situation, decide
from prompt_registry.rollouts.plans import BUDGETS, Caution

ISSUE = "issue"
# Watched besides, and the same in both versions.
OTHERS = {"disliked": 0.04, "errors": 0.005, "slow": 0.05}
_WEIGHTS = {"disliked": 2.0, "errors": 2.0, "slow": 1.25, ISSUE: 0.75}
_KNOWN_AT_ONCE = ("errors", "slow")
TICK = 15 * 60.0
_TICKS_A_DAY = 96
_LONGEST_DAYS = 14
# The days that the before/after rule looks at, on each side.
_DAYS_BEFORE_AFTER = 3.0
_FELL_Z = 1.645


@dataclass(frozen=True, slots=True)
class Fix:
    """How many times as often people meet the issue with the new version, and how the traffic is."""

    times: float
    units_a_day: float = 10_000.0
    # Which share of people asks what may raise the issue, and how many of those meet it with the old version.
    asking: float = 0.2
    met: float = 0.3
    # How much the share of those who ask shifts: the standard deviation of its logarithm.
    shift: float = 0.5


@dataclass(frozen=True, slots=True)
class Played:
    """How one fix ended: proved or not, what the before/after rule says, and whether the intervals hold the truth."""

    is_proved: bool
    is_fooled: bool
    times_hold: bool
    points_hold: bool
    days: float


@dataclass(slots=True)
class _Step:
    share: float
    people: list[int] = field(default_factory=lambda: [0, 0])
    met: list[int] = field(default_factory=lambda: [0, 0])
    others: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OTHERS, 0))
    # The sum of the chances that people of this step meet the issue with the old version.
    expected: float = 0.0


def play(fix: Fix, *, seed: int) -> Played:
    """Return how one fix went."""
    random = np.random.default_rng(seed)
    shares = [step.share for step in plans.steps_for(fix.units_a_day)]
    shifts_at, later = random.uniform(0.2, 1.5), fix.asking * math.exp(random.normal(0.0, fix.shift))
    steps: list[_Step] = []
    others, action, since, day = dict.fromkeys(OTHERS, 0), Action.PROMOTE, 0.0, 0.0
    while action not in (Action.ROLL_BACK, Action.COMPLETE) and day < _LONGEST_DAYS:
        if action == Action.PROMOTE:
            steps.append(_Step(plans.new_share(shares, len(steps))))
            since = 0.0
        asking = min(0.9, later if day >= shifts_at else fix.asking)
        _arrive(random, fix, steps[-1], asking * fix.met, day, shares, others)
        since, day = since + TICK, day + 1 / _TICKS_A_DAY
        action = decide(_situation(fix, steps, others, since)).action
    effect = benefits.effect([_arms(step) for step in steps])
    proved = benefits.is_proved(
        effect, is_completed=action == Action.COMPLETE, is_taken_back=action == Action.ROLL_BACK,
        ended_for=benefits.SETTLED_AFTER,
    )  # fmt: skip
    is_fooled = _fell(random, fix, fix.asking * fix.met, min(0.9, later) * fix.met * fix.times)
    return Played(
        bool(proved),
        is_fooled,
        effect.times_low <= fix.times <= effect.times_high,
        _points_hold(fix, effect, steps),
        day,
    )


def _arrive(
    random: np.random.Generator, fix: Fix, step: _Step, chance: float, day: float, shares: Sequence[float],
    others: dict[str, int],
) -> None:  # fmt: skip
    """Let new people of a quarter of an hour come, and count what they meet."""
    place = next(index for index in range(len(shares)) if math.isclose(plans.new_share(shares, index), step.share))
    known = shares[place - 1] if place else 0.0
    mean = fix.units_a_day / _TICKS_A_DAY * (1 + 0.6 * math.sin(2 * math.pi * day)) * (1 - known)
    people = int(random.poisson(mean))
    new = int(random.binomial(people, step.share))
    for arm, count, risk in ((0, people - new, chance), (1, new, chance * fix.times)):
        step.people[arm] += count
        step.met[arm] += int(random.binomial(count, risk))
        for name, rate in OTHERS.items():
            events = int(random.binomial(count, rate))
            step.others[name] += events
            others[name] += events * arm
    step.expected += chance * people


def _situation(fix: Fix, steps: Sequence[_Step], others: dict[str, int], since: float) -> Situation:
    usual = fix.asking * fix.met
    metrics = [
        Metric(ISSUE, usual, (Part(sum(step.met[1] for step in steps), tuple(sum(step.met) for step in steps)),), _WEIGHTS[ISSUE],
               is_benefit=True)
    ]  # fmt: skip
    metrics += [
        Metric(
            name, rate, (Part(others[name], tuple(step.others[name] for step in steps)),), _WEIGHTS[name],
            call_rate=rate if name in _KNOWN_AT_ONCE else 0.0, first_call_events=others[name],
        )
        for name, rate in OTHERS.items()
    ]  # fmt: skip
    return Situation(
        steps=plans.steps_for(fix.units_a_day), index=len(steps) - 1, budget=BUDGETS[Caution.BALANCED], metrics=tuple(metrics),
        seconds_at_step=since, candidate_units=steps[-1].people[1], split_candidates=sum(step.people[1] for step in steps),
        split_units=tuple(sum(step.people) for step in steps),
    )  # fmt: skip


def _arms(step: _Step) -> ArmsAtStep:
    return ArmsAtStep(step.share, step.people[1], step.met[1], step.people[0], step.met[0])


def _fell(random: np.random.Generator, fix: Fix, before: float, after: float) -> bool:
    """Tell whether the rate of the days after is surely below that of the days before, by the usual test at 5 %."""
    people = round(fix.units_a_day * _DAYS_BEFORE_AFTER)
    old, new = random.binomial(people, before), random.binomial(people, min(1.0, after))
    rate = (old + new) / (2 * people)
    spread = math.sqrt(rate * (1 - rate) * 2 / people)
    return bool(spread > 0 and (old - new) / people / spread > _FELL_Z)


def _points_hold(fix: Fix, effect: Effect, steps: Sequence[_Step]) -> bool:
    """Tell whether the true difference of the rates, weighted as the effect is, lies in its interval."""
    weights = [step.people[0] * step.people[1] / max(1, sum(step.people)) for step in steps]
    chances = [step.expected / max(1, sum(step.people)) for step in steps]
    total = sum(weights)
    if not total:
        return True
    less = sum(weight * chance for weight, chance in zip(weights, chances, strict=True)) / total * (1 - fix.times)
    return effect.less_low <= less <= effect.less_high


@dataclass(frozen=True)
class Options:
    """How many fixes of each kind are played, and how much rarer a true one makes the issue."""

    runs: int = 200
    times: float = 0.3


def run(options: Options) -> Figures:
    """Return how many true fixes and placebos are called proved, and how often a before/after rule is fooled by a placebo."""
    true = [play(Fix(options.times), seed=seed) for seed in range(options.runs)]
    placebo = [play(Fix(1.0), seed=1_000_000 + seed) for seed in range(options.runs)]
    return {
        "runs": options.runs,
        "true_fix_verified": _share([one.is_proved for one in true]),
        "placebo_verified": _share([one.is_proved for one in placebo]),
        "before_after_fooled": _share([one.is_fooled for one in placebo]),
        "interval_holds_times": _share([one.times_hold for one in [*true, *placebo]]),
        "interval_holds_points": _share([one.points_hold for one in [*true, *placebo]]),
        "median_days": round(float(np.median([one.days for one in true])), 2),
        "machine": figures.machine(),
    }


def _share(found: Sequence[bool]) -> float:
    return round(sum(found) / len(found), 4)
