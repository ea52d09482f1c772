"""The plan of a rollout: its shares, how long it stays at each, and how much harm each next share may do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

HOUR = 3600.0
FULL = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One share of the units that gets the candidate, and the least and longest time there, in seconds."""

    share: float
    at_least: float = 2 * HOUR
    at_most: float = 72 * HOUR
    # Whether a person has to say yes before this share.
    asks_first: bool = False


class Caution(StrEnum):
    """How much additional harm is acceptable while a rollout goes on."""

    CAUTIOUS = "cautious"
    BALANCED = "balanced"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class HarmBudget:
    """Which share of all requests may go wrong additionally, and the smallest multiple of a risk that is ever looked for."""

    share_of_requests: float
    smallest_multiple: float


BUDGETS = {
    Caution.CAUTIOUS: HarmBudget(0.005, 1.25),
    Caution.BALANCED: HarmBudget(0.01, 1.5),
    Caution.FAST: HarmBudget(0.02, 2.0),
}
# The last step keeps a control group for a day: without one nothing can be compared.
USUAL_STEPS = (Step(0.01), Step(0.05), Step(0.25), Step(0.95, at_least=24 * HOUR))
SMALL_TRAFFIC_STEPS = (Step(0.10), Step(0.50, at_least=24 * HOUR))
# Below this many units a day the usual steps would take weeks.
SMALL_TRAFFIC = 800
_FIRST_UNITS_A_DAY = 50


def steps_for(units_a_day: float) -> tuple[Step, ...]:
    """Return the steps that suit this much traffic; the first one reaches at least fifty units a day."""
    if units_a_day < SMALL_TRAFFIC:
        return SMALL_TRAFFIC_STEPS
    # A tenth of a percent is as exactly as anybody wants to read it.
    first = max(USUAL_STEPS[0].share, math.ceil(round(_FIRST_UNITS_A_DAY / units_a_day * 1_000, 6)) / 1_000)
    return (Step(first), *(step for step in USUAL_STEPS[1:] if step.share > first))


def new_share(shares: Sequence[float], index: int) -> float:
    """Return which share of the units that had not had the candidate before gets it at this step.

    Only those are compared at this step: whoever had the candidate before is known already.
    """
    before = shares[index - 1] if index else 0.0
    return (shares[index] - before) / (1 - before)


def margin(budget: HarmBudget, *, next_share: float, base_rate: float) -> float:
    """Return up to which multiple of the control's risk a metric may be worse for the next share to be allowed.

    Rare events may multiply more than frequent ones: the harm budget is a share of requests, max(ρ_min, 1 + h / (r·p̄)).
    """
    return max(budget.smallest_multiple, 1 + budget.share_of_requests / (next_share * base_rate))
