"""What feedback lets one conclude about everybody, when most say nothing: bounds on the share of good answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# How much likelier, in odds, the silent may be to think otherwise than those who answered about the same kind of call.
USUAL_ODDS = 3.0
# A kind of call with few answers leans on the share among all answers, as if so many more had come from there.
_LENT = 2.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of call: how many there were, and how many people were pleased and displeased with."""

    calls: int
    up: int
    down: int

    @property
    def answered(self) -> int:
        return self.up + self.down

    @property
    def silent(self) -> int:
        return max(0, self.calls - self.answered)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The lowest and the highest share of good answers among all calls."""

    low: float
    high: float


def among_answered(kinds: Sequence[Kind]) -> float | None:
    """Return the share of good answers among the calls that people said anything about; None where nobody did."""
    answered = sum(kind.answered for kind in kinds)
    return sum(kind.up for kind in kinds) / answered if answered else None


def worst_case(kinds: Sequence[Kind]) -> Bounds | None:
    """Return the bounds without any assumption: all silent ones displeased, or all of them pleased.

    C. F. Manski, "Anatomy of the selection problem", Journal of Human Resources 24 (1989), 343-360; J. L. Horowitz and
    C. F. Manski, "Censoring of outcomes and regressors due to survey nonresponse", Journal of Econometrics 84 (1998), 37-58.
    """
    calls = sum(kind.answered + kind.silent for kind in kinds)
    if not calls:
        return None
    up, silent = sum(kind.up for kind in kinds), sum(kind.silent for kind in kinds)
    return Bounds(up / calls, (up + silent) / calls)


def evened_out(kinds: Sequence[Kind]) -> float | None:
    """Return the share when the silent ones think like those who answered about the same kind of call.

    This is weighting by response within classes: R. J. A. Little, "Survey nonresponse adjustments for estimates of means",
    International Statistical Review 54 (1986), 139-157.
    """
    found = plausible(kinds, odds=1.0)
    return found.low if found else None


def plausible(kinds: Sequence[Kind], *, odds: float = USUAL_ODDS) -> Bounds | None:
    """Return the bounds when, within a kind of call, the odds of the silent being pleased differ at most by the factor `odds`.

    The factor says how much silence may depend on the opinion itself (exponential tilting): D. O. Scharfstein,
    A. Rotnitzky and J. M. Robins, "Adjusting for nonignorable drop-out using semiparametric nonresponse models", Journal
    of the American Statistical Association 94 (1999), 1096-1120. None where nobody answered.
    """
    overall = among_answered(kinds)
    if overall is None:
        return None
    calls = sum(kind.answered + kind.silent for kind in kinds)
    low = sum(kind.up + kind.silent * tilted(_share(kind, overall), 1 / odds) for kind in kinds) / calls
    high = sum(kind.up + kind.silent * tilted(_share(kind, overall), odds) for kind in kinds) / calls
    return Bounds(min(low, high), min(1.0, max(low, high)))


def tilted(share: float, odds: float) -> float:
    """Return the share whose odds are `odds` times those of another share."""
    return share * odds / (1 - share + share * odds)


def _share(kind: Kind, overall: float) -> float:
    return (kind.up + _LENT * overall) / (kind.answered + _LENT)
