"""The verdict on a fix, from two differences: better on calls with the problem, and no worse on good ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evals.statistics.paired import Difference

# So much worse a check may be on good calls: five more bad answers in a hundred.
TOLERATED = 0.05
# With so many good items that all stay good, it is known that no more than the tolerated ones get worse.
ENOUGH_GOOD = 60
FEWEST_PROBLEMS = 8


class GateState(StrEnum):
    """What the test says."""

    PASSED = "passed"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdict, why, and both differences: how much oftener answers are right with the new text."""

    state: GateState
    why: str
    problems: Difference | None = None
    good: Difference | None = None


def judge(problems: Difference | None, good: Difference | None) -> Gate:
    """Return the verdict on two differences."""
    if problems is None or problems.items < FEWEST_PROBLEMS:
        why = f"Too few calls with the problem were held out: {problems.items if problems else 0} of at least {FEWEST_PROBLEMS}."
        return Gate(GateState.UNSURE, why, problems, good)
    if problems.interval.low <= 0:
        known = problems.interval.high < 0
        why = (
            "It is worse on calls with the problem." if known else "It is not surely better on calls with the problem."
        )
        return Gate(GateState.FAILED, why, problems, good)
    if good is None or not good.items:
        return Gate(
            GateState.UNSURE, "It is better, but there were no good calls to see whether it breaks any.", problems, good
        )
    if good.interval.high < 0:
        return Gate(GateState.FAILED, "It is better on calls with the problem, and worse on good ones.", problems, good)
    if good.interval.low <= -TOLERATED:
        why = "It is better, but there were too few good calls to be sure that it does not break them."
        return Gate(GateState.UNSURE, why, problems, good)
    return Gate(GateState.PASSED, "Better on calls with the problem, and no worse on good ones.", problems, good)
