"""How long a rollout will about take when the candidate is as good as the control."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from prompt_registry.rollouts import plans
from prompt_registry.rollouts.decisions import FEWEST_UNITS, PROMOTE_AT
from prompt_registry.rollouts.evidence import as_good_as_control
from prompt_registry.rollouts.guardrails import Guardrail, Plan
from prompt_registry.rollouts.plans import FULL

_DAY = 86_400.0


def units_needed(*, share: float, margin: float, base_rate: float) -> float:
    """Return about how many new units of both arms show that a metric is not worse than its margin allows.

    Each event of an equally good candidate moves the evidence by the mean of its logarithm; the alternative that gets
    there first decides, for the evidence is a mixture. The mixture itself is faster, so that most rollouts need fewer.
    """
    bets = as_good_as_control(margin)
    events = min(
        _events(share, margin, times, weight) for times, weight in zip(bets.times, bets.weights, strict=True)
    )  # fmt: skip
    return events / base_rate


def seconds_per_step(plan: Plan) -> list[float]:
    """Return about how long each step takes at the traffic of before; infinity without traffic."""
    shares = [step.share for step in plan.steps]
    return [_seconds(plan, shares, index) for index in range(len(shares))]


def seconds_left(plan: Plan, *, index: int, titles: Collection[str], units: int) -> float:
    """Return about how long it takes until enough is known about some of what is watched, with so many new units at the step."""
    shares = [step.share for step in plan.steps]
    needed = [_needed(plan, shares, index, one) for one in plan.guardrails if one.title in titles]
    new_a_day = _new_a_day(plan, shares, index)
    return max(0.0, max(needed, default=0.0) - units) / new_a_day * _DAY if new_a_day > 0 else math.inf


def _seconds(plan: Plan, shares: Sequence[float], index: int) -> float:
    fresh = plans.new_share(shares, index)
    needed = [_needed(plan, shares, index, one) for one in plan.guardrails if one.is_gate]
    units, new_a_day = max([*needed, FEWEST_UNITS / fresh]), _new_a_day(plan, shares, index)
    return max(plan.steps[index].at_least, units / new_a_day * _DAY) if new_a_day > 0 else math.inf


def _needed(plan: Plan, shares: Sequence[float], index: int, guardrail: Guardrail) -> float:
    following = shares[index + 1] if index + 1 < len(shares) else FULL
    margin = plans.margin(plan.budget, next_share=following, base_rate=guardrail.base_rate)
    return units_needed(share=plans.new_share(shares, index), base_rate=guardrail.base_rate, margin=margin)


def _new_a_day(plan: Plan, shares: Sequence[float], index: int) -> float:
    # Who had the candidate at an earlier step is not new any more.
    return plan.units_a_day * (1 - (shares[index - 1] if index else 0.0))


def _events(share: float, margin: float, times: float, weight: float) -> float:
    worst = 1 - share + share * margin
    growth = share * math.log(times) - math.log((1 - share + share * margin * times) / worst)
    return (PROMOTE_AT - math.log(weight)) / growth if growth > 0 else math.inf
