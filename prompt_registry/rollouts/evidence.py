"""Evidence that may be looked at any time: e-values of events that fall on one side or the other.

When an adverse event happens, its unit is in the candidate arm with a known probability. Only which arm matters, so
time of day, delays and the base rate cancel. Under the hypothesis the e-value exceeds 1/α with probability α at most,
however often it is looked at (Ville 1939; the likelihood ratio mixed over alternatives is a test martingale).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Events seen while a share of the units was in the candidate arm."""

    share: float
    events: int


@dataclass(frozen=True, slots=True)
class Alternatives:
    """How many times the tolerated risk the real one may be, and how much weight each possibility has (adds up to 1)."""

    times: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.times) != len(self.weights) or not math.isclose(sum(self.weights), 1.0, abs_tol=1e-9):
            raise ValueError("Every alternative needs a weight, and the weights must add up to 1.")


_SHARES_OF_USUAL = (1.0, 0.5, 0.2)
# Between these multiples an interval is looked for.
_LOWEST, _HIGHEST = 1e-4, 1e4

# Weight on harm that is inside every margin would only make real harm be seen later (docs/adr/0013).
HARM = Alternatives((1.25, 1.5, 2.0, 3.0, 5.0, 10.0), (0.10, 0.25, 0.25, 0.20, 0.10, 0.10))
NOT_WORSE = Alternatives((0.9, 0.8, 0.65, 0.5, 0.33, 0.2), (0.15, 0.25, 0.25, 0.20, 0.10, 0.05))


def as_good_as_control(tolerated: float) -> Alternatives:
    """Return the bets that a candidate which may be `tolerated` times as bad (more than 1) is as good as the control.

    Most of the weight is on «no difference», which also is the fastest bet against a margin when the candidate is better
    (the likelihood ratio rises with every event less); the rest is on half-way to the margin.
    """
    return Alternatives((1 / tolerated, 1 / math.sqrt(tolerated)), (0.8, 0.2))


def ln_e(candidate_events: int, stages: Sequence[Stage], *, tolerated: float, alternatives: Alternatives) -> float:
    """Return the logarithm of the e-value against «the candidate's risk is at most (or, for NOT_WORSE, at least)
    `tolerated` times the control's», from the events in the candidate arm and all events of each stage."""
    terms = []
    for times, weight in zip(alternatives.times, alternatives.weights, strict=True):
        term = math.log(weight) + candidate_events * math.log(times)
        for stage in stages:
            of_all = 1 - stage.share + stage.share * tolerated
            term -= stage.events * math.log((1 - stage.share + stage.share * tolerated * times) / of_all)
        terms.append(term)
    top = max(terms)
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def rate_below(events: int, units: int, *, limit: float, usual: float) -> float:
    """Return the logarithm of the e-value against «at least `limit` of the candidate's units have the event».

    A likelihood ratio of Bernoulli trials, mixed over the usual rate and lower ones (Wald 1945). Where an event hardly
    ever happens in either arm, the arms of the few events say nothing, but the many units without one do.
    """
    highest = min(limit, 0.99)
    terms = []
    for share in _SHARES_OF_USUAL:
        rate = min(usual * share, highest)
        term = events * math.log(rate / highest) + (units - events) * math.log((1 - rate) / (1 - highest))
        terms.append(term - math.log(len(_SHARES_OF_USUAL)))
    top = max(terms)
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def risk_interval(candidate_events: int, stages: Sequence[Stage], *, alpha: float = 0.05) -> tuple[float, float]:
    """Return between which multiples of the control's risk the candidate's lies, at any time, with confidence 1 − α.

    A multiple belongs to the interval while neither «at most that» nor «at least that» is rejected at α/2.
    """
    threshold = math.log(2 / alpha)

    def is_too_low(ratio: float) -> bool:
        return ln_e(candidate_events, stages, tolerated=ratio, alternatives=HARM) >= threshold

    def is_too_high(ratio: float) -> bool:
        return ln_e(candidate_events, stages, tolerated=ratio, alternatives=NOT_WORSE) >= threshold

    return _border(is_too_low, rising=False), _border(is_too_high, rising=True)


def _border(is_rejected: Callable[[float], bool], *, rising: bool) -> float:
    """Find by bisection where rejection begins (`rising`) or ends; 0 or infinity when nothing is rejected."""
    low, high = math.log(_LOWEST), math.log(_HIGHEST)
    if not is_rejected(math.exp(high if rising else low)):
        return math.inf if rising else 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if is_rejected(math.exp(middle)) == rising:
            high = middle
        else:
            low = middle
    return math.exp((low + high) / 2)
