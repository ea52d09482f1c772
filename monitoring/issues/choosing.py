"""Decides which of the harmful parts of the traffic may become issues, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring.issues.evidence import Count, surprise
from monitoring.issues.models import Signal
from monitoring.streams.harm import Harm

FEWEST_CALLS, FEWEST_BAD, FEWEST_PEOPLE = 15, 8, 5
# The ranking is looked at every few minutes, so whatever chance allows once would come sooner or later. A problem that is
# real gets far below this within a day.
_MOST_SURPRISE = 1e-3
# What users do about a bad answer tells less of what is wrong than the answer itself: it stands in line behind that.
_REACTIONS = (Signal.DISLIKED, Signal.FRUSTRATED, Signal.ASKED_AGAIN)
# Some questions take longer and cost more than others, and always did.
_DIFFER_BY_NATURE = (Signal.SLOW, Signal.LATE_START, Signal.DEAR, Signal.LONG_WINDED)


def candidates(ranking: Sequence[Harm]) -> list[Harm]:
    """Return the parts that are surely worse than usual, in the order in which they may become issues."""
    sure = [harm for harm in ranking if _is_sure(harm, of=len(ranking))]
    return sorted(sure, key=_order)


def is_surprising(count: Count, *, level: float, of: int) -> bool:
    """Tell whether so many bad calls are not to be expected at the level in any of so many parts."""
    return surprise(count, level=level) * max(1, of) <= _MOST_SURPRISE


def is_natural(harm: Harm, *, has_begun: bool) -> bool:
    """Tell whether a group of questions only is as it always was: slower, dearer or longer than others, in all versions."""
    differs = harm.scope.signal in _DIFFER_BY_NATURE and harm.scope.cluster_id is not None
    return differs and not has_begun and harm.part is None


def _is_sure(harm: Harm, *, of: int) -> bool:
    if not harm.is_significant or harm.calls < FEWEST_CALLS or harm.bad < FEWEST_BAD:
        return False
    return is_surprising(Count(harm.calls, harm.bad), level=harm.usual_rate, of=of)


def _order(harm: Harm) -> tuple[object, ...]:
    # The worst first; of equals any, but the same for everybody who looks.
    scope = harm.scope
    return (
        scope.signal in _REACTIONS, -harm.harm, scope.signal, scope.cluster_id or 0, scope.prompt_name, scope.model,
        scope.environment,
    )  # fmt: skip
