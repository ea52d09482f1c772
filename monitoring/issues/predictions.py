"""Holds what tests let us expect of fixes against what their rollouts showed."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.issues.fix_models import IssueFix
from projects.models import Project

# An end that is not known is drawn, and compared, here.
_FAR = 10.0


@dataclass(frozen=True, slots=True)
class Held:
    """One fix: how many times as often as before people were expected to meet the issue, and did, each with its interval."""

    fix: IssueFix
    expected: float
    expected_low: float
    expected_high: float
    shown: float
    shown_low: float
    shown_high: float

    @property
    def is_as_expected(self) -> bool:
        """Whether both can be true: the intervals meet."""
        return self.expected_low <= self.shown_high and self.shown_low <= self.expected_high


def of_project(*, project: Project, limit: int) -> list[Held]:
    """Return the fixes that were predicted and measured, the newest first."""
    rows = IssueFix.objects.for_project(project).filter(prediction__isnull=False, verdict__new_people__gt=0)
    found = (
        held(fix) for fix in rows.select_related("issue", "version", "rollout").order_by("-ended_at", "-pk")[:limit]
    )
    return [one for one in found if one is not None]


def held(fix: IssueFix) -> Held | None:
    """Return both sides of one fix; None while one of them is not known."""
    expected, shown = fix.prediction or {}, fix.verdict or {}
    if "times" not in expected or not shown.get("before"):
        return None
    high = shown["times_high"]
    return Held(
        fix, expected["times"], expected["times_low"], expected["times_high"], shown["after"] / shown["before"],
        shown["times_low"], _FAR if high is None else min(_FAR, high),
    )  # fmt: skip
