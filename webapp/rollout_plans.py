"""Puts a plan for a rollout together from what is usual for the version that is live now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from evals.online.models import OnlineEvaluation, OnlineState
from monitoring import rollout_baselines
from monitoring.issues.models import IssueScope
from monitoring.rollout_baselines import Baseline, Wanted
from monitoring.streams.scopes import Scope
from projects.models import Project
from prompt_registry.models import PromptVersion
from prompt_registry.rollouts import plans
from prompt_registry.rollouts.guardrails import ALLOWANCES, ERROR, LATE_START, SLOW, WEIGHTS, Guardrail, Plan
from prompt_registry.rollouts.plans import Caution, Step

# Where something hardly ever happened, waiting for it would take for ever: then it is watched for harm alone.
_FEWEST_EVENTS = 5
# With one threshold, and without waiting for anybody's feedback.
_KNOWN_AT_ONCE = (ERROR, SLOW, LATE_START)
_MOST_ISSUES = 5


def propose(
    *, control: PromptVersion, candidate: PromptVersion, caution: Caution = Caution.BALANCED, steps: Sequence[Step] = (), now: datetime,
    asks_at_end: bool = False,
) -> Plan:  # fmt: skip
    """Return the plan that suits the traffic of the live version; `steps` replace the usual ones."""
    project, prompt_name = control.prompt.project, control.prompt.name
    wanted = Wanted(
        scores=_scores(project, prompt_name),
        issues=_issues(project, prompt_name),
        by_model=control.settings.get("model") == candidate.settings.get("model"),
    )
    found = rollout_baselines.of(
        project=project, prompt_name=prompt_name, version=control.number, now=now, wanted=wanted
    )
    usual = plans.steps_for(found.units_a_day) if found.units_a_day else plans.USUAL_STEPS
    return Plan(
        steps=tuple(steps) or usual, caution=caution, guardrails=tuple(_guardrail(baseline) for baseline in found.events),
        units_a_day=found.units_a_day, calls_before=found.calls, asks_at_end=asks_at_end,
    )  # fmt: skip


def _scores(project: Project, prompt_name: str) -> list[str]:
    """Return the names of the scores that evaluators give to live calls of the prompt."""
    online = OnlineEvaluation.objects.filter(
        project=project, state=OnlineState.ACTIVE, prompt_name__in=("", prompt_name)
    )
    names = online.order_by("evaluator_version__evaluator__name").values_list(
        "evaluator_version__evaluator__name", flat=True
    )
    return list(dict.fromkeys(names))


def _issues(project: Project, prompt_name: str) -> Mapping[str, Sequence[Scope]]:
    """Return the parts of the traffic that the prompt's worst open issues are about, by title."""
    rows = (
        IssueScope.objects.filter(project=project, prompt_name=prompt_name, issue__merged_into=None)
        .exclude(issue__state="muted")
        .select_related("issue")
        .order_by("-issue__harm", "issue_id", "pk")
    )
    found: dict[str, list[Scope]] = {}
    for row in rows:
        found.setdefault(f"#{row.issue.number} {row.issue.title}", []).append(row.as_scope())
    return dict(list(found.items())[:_MOST_ISSUES])


def _guardrail(baseline: Baseline) -> Guardrail:
    kind = str(baseline.event)
    is_known_at_once = kind in _KNOWN_AT_ONCE
    return Guardrail(
        kind=kind, base_rate=baseline.rate, first_calls=baseline.first_calls, thresholds=dict(baseline.thresholds),
        weight=WEIGHTS[kind], allowance=ALLOWANCES.get(kind, 0.0), call_rate=baseline.call_rate if is_known_at_once else 0.0,
        is_gate=is_known_at_once or baseline.events >= _FEWEST_EVENTS, subject=baseline.subject,
        scopes=tuple(asdict(scope) for scope in baseline.scopes), coverage=baseline.coverage,
    )  # fmt: skip
