"""What the pages about checks on live calls show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone

from evals.errors import EvalsError
from evals.evaluators import definitions
from evals.evaluators.cases import as_model_evaluator
from evals.judges import once
from evals.judges.catalogue import JUDGES
from evals.online import live_calls, running
from evals.online.models import OnlineEvaluation, OnlineJudgement, OnlineState
from projects.models import Project
from prompt_registry.trial_money import Cost

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a check on live calls is doing: what it judged in a day, how far behind it is, and what it spent today."""

    online: OnlineEvaluation
    judged: int
    passed: int
    failed: int
    lag_seconds: float
    spent_nano_usd: int

    @property
    def pass_share(self) -> float | None:
        return self.passed / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Preview:
    """About how many calls of the last 24 hours it would have judged, and for how much; None when nobody can tell."""

    calls: int
    cost: Cost | None


def standings(project: Project) -> list[Standing]:
    """Return every check on live calls, the newest first."""
    rows = OnlineEvaluation.objects.for_project(project).select_related("project", "evaluator_version__evaluator")
    return [standing(online) for online in rows.order_by("-pk")]


def standing(online: OnlineEvaluation) -> Standing:
    """Return how one is doing."""
    since = timezone.now() - _DAY
    counts = online.judgements.filter(judged_at__gte=since).aggregate(
        judged_count=Count("pk", filter=Q(passed__isnull=False)), passed_count=Count("pk", filter=Q(passed=True)),
        failed_count=Count("pk", filter=Q(passed=None)),
    )  # fmt: skip
    return Standing(
        online, counts["judged_count"], counts["passed_count"], counts["failed_count"], _lag(online), running.spent_today(online)
    )  # fmt: skip


def newest(online: OnlineEvaluation, *, limit: int, only_failed: bool = False) -> Sequence[OnlineJudgement]:
    """Return what was said last."""
    rows = online.judgements.select_related("evaluator_version")
    if only_failed:
        rows = rows.filter(passed=False)
    return list(rows.order_by("-judged_at", "-pk")[:limit])


def preview(online: OnlineEvaluation) -> Preview:
    """Return what a day would be like; `online` need not be stored."""
    calls = live_calls.count_of_a_day(online)
    if online.evaluator_version.kind not in JUDGES:
        return Preview(calls, Cost(0))
    return Preview(calls, _cost(online, calls))


def _cost(online: OnlineEvaluation, calls: int) -> Cost | None:
    """Return what judges would ask for that many calls, going by the newest one."""
    sample = live_calls.newest_case(online)
    if sample is None:
        return None
    try:
        judge = as_model_evaluator(definitions.built(online.evaluator_version))
        if judge is None:
            return Cost(0)
        one = once.estimate(project=online.project, judge=judge, case=sample).expected
    except EvalsError:
        return None
    return Cost(one.nano_usd * calls, one.is_price_known)


def _lag(online: OnlineEvaluation) -> float:
    """Return how far the last look is behind the newest call; 0 when nothing waits, or nothing is to be judged."""
    at = live_calls.newest_at(online)
    if at is None or online.state == OnlineState.PAUSED:
        return 0.0
    behind = (at - online.cursor_at).total_seconds()
    return max(0.0, behind - live_calls.SETTLED.total_seconds())
