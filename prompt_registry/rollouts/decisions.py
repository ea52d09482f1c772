"""Decides what a rollout does next, from numbers alone: the same numbers always give the same decision.

Every metric counts units (people, else sessions) with at least one adverse event, and whether they had the candidate.
The evidence of all metrics is averaged, which stays valid however they depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from prompt_registry.rollouts import plans
from prompt_registry.rollouts.benefits import PROVED_AT, ln_e_of_fall
from prompt_registry.rollouts.evidence import HARM, Stage, as_good_as_control, ln_e, rate_below
from prompt_registry.rollouts.plans import FULL, HarmBudget, Step
from prompt_registry.rollouts.sample_ratio import BROKEN_AT, ln_e_of_split

ROLL_BACK_AT = math.log(1 / 0.05)
WARN_AT = math.log(4)
PROMOTE_AT = math.log(1 / 0.10)
FEWEST_UNITS = 30


class Action(StrEnum):
    """What the rollout does next."""

    ROLL_BACK = "roll back"
    FREEZE = "freeze"
    WARN = "warn"
    PROMOTE = "promote"
    COMPLETE = "complete"
    ASK = "ask"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Part:
    """Events of one threshold or kind: of candidate units, and of all units at each step so far."""

    candidate_events: int
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Try:
    """What an earlier rollout of the same two versions found about a metric: its shares of new units, and its counts."""

    shares: tuple[float, ...]
    parts: tuple[Part, ...]
    candidate_units: int = 0
    first_call_events: int = 0


@dataclass(frozen=True, slots=True)
class Metric:
    """One guardrail: its frozen base rate (share of units with an event), its weight, and what was counted.

    Most have one part; cost has four thresholds, whose evidence is averaged. `missing` says why nothing can be known now.
    """

    name: str
    base_rate: float
    parts: tuple[Part, ...]
    weight: float = 1.0
    tolerated: float = 1.0
    missing: str = ""
    # Whether the next share waits until this is known not to be worse; harm is looked for anyway.
    is_gate: bool = True
    # Where an event is known with the call: how often a single call usually is one, and for how many of the candidate's
    # units the very first call was. Units without an event then say something as well.
    call_rate: float = 0.0
    first_call_events: int = 0
    # Their evidence goes on here: as events of shares before the first one.
    earlier: tuple[Try, ...] = ()
    # Whether the version is meant to make it rarer.
    is_benefit: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision rests on."""

    steps: tuple[Step, ...]
    index: int
    budget: HarmBudget
    metrics: tuple[Metric, ...]
    seconds_at_step: float
    # Units first seen with the candidate at this step; and of all steps, with those of the control, for the split.
    candidate_units: int
    split_candidates: int
    split_units: tuple[int, ...]
    # Whether a person has to say yes before everybody gets it.
    asks_at_end: bool = False
    # Whether it is an hour at which nothing moves on by itself.
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one metric says: evidence of harm, evidence that it is not worse than the margin, that margin, and whether it fell."""

    name: str
    harm: float
    not_worse: float
    margin: float
    fell: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, why, and the numbers behind it (natural logarithms of e-values)."""

    action: Action
    reason: str
    harm: float = 0.0
    split: float = 0.0
    evidence: tuple[Evidence, ...] = field(default=())


def decide(situation: Situation) -> Decision:
    """Return the next action: harm first, then whether the data can be trusted, then whether it suffices to go on."""
    shares = [plans.new_share([step.share for step in situation.steps], index) for index in range(situation.index + 1)]
    found = tuple(_evidence(metric, situation, shares) for metric in situation.metrics)
    harm = _average(found, [metric.weight for metric in situation.metrics])
    split = ln_e_of_split(situation.split_candidates, _stages(shares, situation.split_units))
    action, reason = _next(situation, found, harm, split)
    return Decision(action, reason, harm, split, found)


def counted(metric: Metric, place: int, shares: Sequence[float]) -> tuple[int, list[Stage]]:
    """Return the candidate's events of one part, and all events of each share, those of earlier tries first."""
    part = metric.parts[place]
    events, stages = part.candidate_events, _stages(shares, part.events)
    for one in metric.earlier:
        if place < len(one.parts):
            events += one.parts[place].candidate_events
            stages = [*_stages(one.shares, one.parts[place].events), *stages]
    return events, stages


def _next(situation: Situation, found: Sequence[Evidence], harm: float, split: float) -> tuple[Action, str]:
    step = situation.steps[situation.index]
    if harm >= ROLL_BACK_AT:
        return Action.ROLL_BACK, f"{_worst(situation, found)} got worse."
    if split >= BROKEN_AT:
        return Action.FREEZE, "The two versions do not get the share of people that they should."
    if missing := [metric for metric in situation.metrics if metric.missing]:
        return Action.FREEZE, _why_missing(situation, missing)
    if harm >= WARN_AT:
        if situation.seconds_at_step >= step.at_most:
            return Action.ASK, f"{_worst(situation, found)} may have got worse, and more time did not tell."
        return Action.WARN, f"{_worst(situation, found)} may have got worse."
    if situation.seconds_at_step < step.at_least:
        return Action.WAIT, "The shortest time at this share is not over."
    if situation.candidate_units < FEWEST_UNITS:
        return _or_ask(situation, "Too few people have had the new version at this share.")
    gates = zip(situation.metrics, found, strict=True)
    if unsure := [one.name for metric, one in gates if metric.is_gate and one.not_worse < PROMOTE_AT]:
        return _or_ask(situation, f"Not enough is known yet about: {', '.join(unsure)}.")
    if situation.is_quiet:
        return Action.WAIT, "Nothing got worse than allowed. Nothing moves on in quiet hours."
    if situation.index + 1 == len(situation.steps):
        if unproved := _unproved(situation, found):
            return (
                Action.WAIT,
                f"Some people keep the old version until it is known whether this got rarer: {unproved}.",
            )
        if situation.asks_at_end:
            return Action.ASK, "Nothing got worse than allowed. The plan asks for a yes before everybody gets it."
        return Action.COMPLETE, "Nothing got worse than allowed at any share."
    if situation.steps[situation.index + 1].asks_first:
        return Action.ASK, "Nothing got worse than allowed. The plan asks for a yes before the next share."
    return Action.PROMOTE, "Nothing got worse than allowed at this share."


def _unproved(situation: Situation, found: Sequence[Evidence]) -> str:
    """Return what the version is meant to make rarer and did not surely, while there is time to wait for that."""
    if situation.seconds_at_step >= situation.steps[situation.index].at_most:
        return ""
    both = zip(situation.metrics, found, strict=True)
    return ", ".join(one.name for metric, one in both if metric.is_benefit and one.fell < PROVED_AT)


def _why_missing(situation: Situation, missing: Sequence[Metric]) -> str:
    """Return why something cannot be known, of everything alike without the name of one."""
    reason = missing[0].missing
    is_about_all = len({metric.missing for metric in situation.metrics}) == 1 < len(situation.metrics)
    return f"{reason[0].upper()}{reason[1:]}" if is_about_all else f"{missing[0].name}: {reason}"


def _or_ask(situation: Situation, reason: str) -> tuple[Action, str]:
    is_too_long = situation.seconds_at_step >= situation.steps[situation.index].at_most
    return (Action.ASK if is_too_long else Action.WAIT), reason


def _evidence(metric: Metric, situation: Situation, shares: Sequence[float]) -> Evidence:
    following = situation.steps[situation.index + 1].share if situation.index + 1 < len(situation.steps) else FULL
    allowed = plans.margin(situation.budget, next_share=following, base_rate=metric.base_rate)
    harm, not_worse = [], []
    for place in range(len(metric.parts)):
        events, stages = counted(metric, place, shares)
        harm.append(ln_e(events, stages, tolerated=metric.tolerated, alternatives=HARM))
        bets = as_good_as_control(allowed)
        not_worse.append(ln_e(events, stages, tolerated=allowed, alternatives=bets))
    # The first threshold is the one that the base rate is about; the others only look for harm.
    known = not_worse[0] if not_worse else 0.0
    if metric.call_rate:
        limit = metric.call_rate * plans.margin(situation.budget, next_share=following, base_rate=metric.call_rate)
        events = metric.first_call_events + sum(one.first_call_events for one in metric.earlier)
        units = situation.split_candidates + sum(one.candidate_units for one in metric.earlier)
        seldom = rate_below(events, units, limit=limit, usual=metric.call_rate)
        known = _mean([known, seldom], [1.0, 1.0])
    fell = (
        ln_e_of_fall(metric.parts[0].candidate_events, _stages(shares, metric.parts[0].events)) if metric.parts else 0.0
    )
    return Evidence(metric.name, _mean(harm, [1.0] * len(harm)), known, allowed, fell)


def _stages(shares: Sequence[float], events: Sequence[int]) -> list[Stage]:
    return [Stage(share, count) for share, count in zip(shares, events, strict=True)]


def _average(found: Sequence[Evidence], weights: Sequence[float]) -> float:
    return _mean([one.harm for one in found], weights)


def _mean(logarithms: Sequence[float], weights: Sequence[float]) -> float:
    """Return the logarithm of the weighted mean of what these are the logarithms of; 0 (no evidence) of nothing."""
    total = sum(weights)
    if not logarithms or total <= 0:
        return 0.0
    top = max(logarithms)
    parts = (weight / total * math.exp(one - top) for one, weight in zip(logarithms, weights, strict=True))
    return top + math.log(math.fsum(parts))


def _worst(situation: Situation, found: Sequence[Evidence]) -> str:
    weighted = [
        (math.log(metric.weight) + one.harm, one.name) for metric, one in zip(situation.metrics, found, strict=True)
    ]
    return max(weighted)[1]
