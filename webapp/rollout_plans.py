"""Puts a plan for a rollout together from what is usual for the version that is live now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitoring import rollout_baselines
from monitoring.rollout_baselines import Baseline
from prompt_registry.models import PromptVersion
from prompt_registry.rollouts import plans
from prompt_registry.rollouts.guardrails import ALLOWANCES, DISLIKED, ERROR, LATE_START, SLOW, WEIGHTS, Guardrail, Plan
from prompt_registry.rollouts.plans import Caution, Step

# Where people hardly give thumbs, waiting for them would take for ever.
_FEWEST_DISLIKES = 5
# With one threshold, and without waiting for anybody's feedback.
_KNOWN_AT_ONCE = (ERROR, SLOW, LATE_START)


def propose(
    *, control: PromptVersion, caution: Caution = Caution.BALANCED, steps: Sequence[Step] = (), now: datetime, asks_at_end: bool = False
) -> Plan:  # fmt: skip
    """Return the plan that suits the traffic of the live version; `steps` replace the usual ones."""
    found = rollout_baselines.of(
        project=control.prompt.project, prompt_name=control.prompt.name, version=control.number, now=now
    )
    usual = plans.steps_for(found.units_a_day) if found.units_a_day else plans.USUAL_STEPS
    return Plan(
        steps=tuple(steps) or usual, caution=caution, guardrails=tuple(_guardrail(baseline) for baseline in found.events),
        units_a_day=found.units_a_day, calls_before=found.calls, asks_at_end=asks_at_end,
    )  # fmt: skip


def _guardrail(baseline: Baseline) -> Guardrail:
    kind = str(baseline.event)
    return Guardrail(
        kind=kind, base_rate=baseline.rate, first_calls=baseline.first_calls, thresholds=dict(baseline.thresholds),
        weight=WEIGHTS[kind], allowance=ALLOWANCES.get(kind, 0.0),
        call_rate=baseline.call_rate if kind in _KNOWN_AT_ONCE else 0.0, is_gate=kind != DISLIKED or baseline.events >= _FEWEST_DISLIKES,
    )  # fmt: skip
