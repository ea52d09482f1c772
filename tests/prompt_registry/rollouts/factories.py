"""Rollouts to test with; a test overrides only what it is about."""

from __future__ import annotations

from typing import Any

from projects.models import User
from projects.roles import Role
from prompt_registry import labels
from prompt_registry.models import Prompt, Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.guardrails import DISLIKED, ERROR, SLOW, WEIGHTS, Guardrail, Plan
from prompt_registry.rollouts.plans import Caution, Step
from tests.prompt_registry.factories import make_member, make_prompt, make_version

STEPS = (Step(0.01), Step(0.25), Step(0.95))
GUARDRAILS = (
    Guardrail(DISLIKED, 0.04, 8, weight=WEIGHTS[DISLIKED]),
    Guardrail(ERROR, 0.01, 30, weight=WEIGHTS[ERROR]),
    Guardrail(SLOW, 0.05, 6, {"": (2e9,), "gpt-5-mini": (1e9,)}, weight=WEIGHTS[SLOW], allowance=0.1),
)


def make_plan(**values: Any) -> Plan:
    return Plan(
        **{"steps": STEPS, "caution": Caution.BALANCED, "guardrails": GUARDRAILS, "units_a_day": 5_000.0} | values
    )


def make_live_prompt(by: User | None = None, **values: Any) -> Prompt:
    """Return a prompt whose first version is live in production, and that has a second one."""
    prompt = make_prompt(**values)
    first = make_version(prompt)
    make_version(prompt)
    labels.publish(prompt=prompt, version=first, label="production", by=by or make_approver(prompt))
    return prompt


def make_approver(prompt: Prompt) -> User:
    return make_member(prompt.project, Role.APPROVER)


def make_rollout(prompt: Prompt | None = None, **values: Any) -> Rollout:
    prompt = prompt or make_live_prompt()
    defaults = {
        "prompt": prompt,
        "candidate": values.pop("candidate", None) or prompt.versions.get(number=2),
        "label": "production",
        "plan": make_plan(),
        "by": values.pop("by", None) or make_approver(prompt),
    }
    return changes.start(**defaults | values)
