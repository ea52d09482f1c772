"""Puts a plan for a rollout together from what is usual for the version that is live now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from evals.online.models import OnlineEvaluation, OnlineState
from monitoring import rollout_baselines
from monitoring.issues import fixes, proof
from monitoring.issues.models import Issue, IssueScope
from monitoring.rollout_baselines import Baseline, Wanted
from monitoring.streams.scopes import Scope
from projects.models import Project
from prompt_registry import texts
from prompt_registry.models import PromptVersion
from prompt_registry.rollouts import plans
from prompt_registry.rollouts.guardrails import (
    ALLOWANCES,
    DEAR,
    ERROR,
    ISSUE,
    LATE_START,
    SLOW,
    WEIGHTS,
    Guardrail,
    Plan,
)
from prompt_registry.rollouts.plans import Caution, Step
from prompt_registry.rollouts.targeting import Targeting

# Where something hardly ever happened, waiting for it would take for ever: then it is watched for harm alone.
_FEWEST_EVENTS = 5
# With one threshold, and without waiting for anybody's feedback.
_KNOWN_AT_ONCE = (ERROR, SLOW, LATE_START)
_MOST_ISSUES = 3
_MOST_STEPS = 8
_LONGEST_HOURS = 24 * 14
# A last share that reaches half of the people or more stays for a day.
_HALF = 0.5
_MOST_TESTERS = 50


class PlanNotUsable(ValueError):
    """The plan cannot be read."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants of a plan; without steps the usual ones."""

    caution: Caution = Caution.BALANCED
    steps: tuple[Step, ...] = ()
    asks_at_end: bool = False
    targeting: Targeting = field(default_factory=Targeting)
    quiet_hours: tuple[int, int] = (0, 0)
    needs_test: bool = False
    # By which share calls may become dearer, because their text is longer or their model is; told before anything starts.
    dearer: float = 0.0


def steps_of(
    shares: Sequence[float], *, hours: Sequence[float] = (2.0,), asks_before: Collection[float] = ()
) -> tuple[Step, ...]:  # fmt: skip
    """Return the steps of these shares (0 to 1); raise PlanNotUsable where they make no sense.

    `hours` are the shortest times: one for all shares, or one for each. Before the shares of `asks_before` somebody has to say yes.
    """
    if not 1 <= len(shares) <= _MOST_STEPS or not all(0.0001 <= share < 1 for share in shares):
        raise PlanNotUsable(f"Give 1 to {_MOST_STEPS} shares between 0.01 and 99 percent.")
    if sorted(set(shares)) != list(shares):
        raise PlanNotUsable("Each share must be larger than the one before.")
    if len(hours) not in (1, len(shares)):
        raise PlanNotUsable("Give one number of hours for all shares, or one for each share.")
    if not all(0 < one <= _LONGEST_HOURS for one in hours):
        raise PlanNotUsable(f"The shortest time at a share is between a few minutes and {_LONGEST_HOURS} hours.")
    if unknown := [share for share in asks_before if share not in shares[1:] and share != plans.FULL]:
        raise PlanNotUsable(
            f"You want to be asked before {unknown[0] * 100:g} percent, which is none of the later shares."
        )
    each = list(hours) * len(shares) if len(hours) == 1 else list(hours)
    return tuple(
        Step(share, at_least=_at_least(share, least, is_last=share == shares[-1]), asks_first=share in asks_before)
        for share, least in zip(shares, each, strict=True)
    )


def _at_least(share: float, hours: float, *, is_last: bool) -> float:
    return (max(hours, 24.0) if is_last and share >= _HALF else hours) * plans.HOUR


def targeting_of(*, environments: str = "", attributes: str = "", testers: str = "") -> Targeting:
    """Return who a rollout is about, from lines as people write them: `plan = pro, team`; testers by their ids."""
    found: dict[str, tuple[str, ...]] = {}
    for line in filter(str.strip, attributes.splitlines()):
        name, equals, values = line.partition("=")
        if not equals or not name.strip() or not _listed(values):
            raise PlanNotUsable("Write each attribute on a line of its own, such as: plan = pro, team")
        found[name.strip()] = _listed(values)
    ids = _listed(testers)
    if len(ids) > _MOST_TESTERS:
        raise PlanNotUsable(f"There may be {_MOST_TESTERS} testers at most.")
    return Targeting(_listed(environments), found, dict.fromkeys(ids, "candidate"))


def _listed(text: str) -> tuple[str, ...]:
    cleaned = (part.strip() for part in texts.clean(text).replace("\n", ",").split(","))
    return tuple(dict.fromkeys(filter(None, cleaned)))


def propose(
    *, control: PromptVersion, candidate: PromptVersion, wishes: Wishes = Wishes(), now: datetime
) -> Plan:  # fmt: skip
    """Return the plan that suits the traffic of the live version."""
    project, prompt_name = control.prompt.project, control.prompt.name
    # What the version is meant to fix is watched first.
    meant = [fix.issue for fix in fixes.meant_for(prompt=control.prompt, version=candidate)]
    benefits = {proof.title_of(issue) for issue in meant}
    wanted = Wanted(
        scores=_scores(project, prompt_name),
        issues=_issues(project, prompt_name, meant),
        by_model=control.settings.get("model") == candidate.settings.get("model"),
        environments=wishes.targeting.environments,
    )
    found = rollout_baselines.of(
        project=project, prompt_name=prompt_name, version=control.number, now=now, wanted=wanted
    )
    usual = plans.steps_for(found.units_a_day) if found.units_a_day else plans.USUAL_STEPS
    return Plan(
        steps=wishes.steps or usual, caution=wishes.caution,
        guardrails=tuple(_guardrail(baseline, benefits, wishes) for baseline in found.events),
        units_a_day=found.units_a_day, calls_before=found.calls, asks_at_end=wishes.asks_at_end, targeting=wishes.targeting,
        quiet_hours=wishes.quiet_hours, needs_test=wishes.needs_test,
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


def _issues(project: Project, prompt_name: str, meant: Sequence[Issue]) -> Mapping[str, Sequence[Scope]]:
    """Return what the issues that the version is meant to fix, and the prompt's worst open ones, are about now, by title."""
    rows = (
        IssueScope.objects.filter(project=project, prompt_name=prompt_name, issue__merged_into=None)
        .exclude(issue__state="muted")
        .select_related("issue")
        .order_by("-issue__harm", "issue_id", "pk")
    )
    worst = dict.fromkeys(row.issue for row in rows)
    chosen = list(dict.fromkeys([*meant, *list(worst)[:_MOST_ISSUES]]))
    return {proof.title_of(issue): proof.scopes_now(issue) for issue in chosen}


def _guardrail(baseline: Baseline, benefits: Collection[str], wishes: Wishes) -> Guardrail:
    kind = str(baseline.event)
    allowance = ALLOWANCES.get(kind, 0.0) + (wishes.dearer if kind == DEAR else 0.0)
    is_known_at_once = kind in _KNOWN_AT_ONCE
    return Guardrail(
        kind=kind, base_rate=baseline.rate, first_calls=baseline.first_calls, thresholds=dict(baseline.thresholds),
        weight=WEIGHTS[kind], allowance=allowance, call_rate=baseline.call_rate if is_known_at_once else 0.0,
        is_gate=is_known_at_once or baseline.events >= _FEWEST_EVENTS, subject=baseline.subject,
        scopes=tuple(asdict(scope) for scope in baseline.scopes), coverage=baseline.coverage,
        is_benefit=kind == ISSUE and baseline.subject in benefits,
    )  # fmt: skip
