"""Checks that the units split between the arms as the plan says; when they do not, no comparison can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

from prompt_registry.rollouts.evidence import Alternatives, Stage, ln_e

# False once in a thousand rollouts, however often it is looked at.
BROKEN_AT = math.log(1000)
_TIMES = (1.02, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0)
_BOTH_WAYS = Alternatives((*_TIMES, *(1 / times for times in _TIMES)), (1 / (2 * len(_TIMES)),) * (2 * len(_TIMES)))


def ln_e_of_split(candidate_units: int, stages: Sequence[Stage]) -> float:
    """Return the logarithm of the evidence that candidate and control do not get the share of units that they should."""
    return ln_e(candidate_units, stages, tolerated=1.0, alternatives=_BOTH_WAYS)
