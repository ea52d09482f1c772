"""Why the people of a rollout may not split between its versions as planned, in words."""

from __future__ import annotations

from collections.abc import Sequence

from monitoring import rollout_counts
from monitoring.rollout_counts import Sender
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes, plans
from prompt_registry.rollouts.decisions import Decision
from prompt_registry.rollouts.evidence import Stage
from prompt_registry.rollouts.guardrails import Plan
from prompt_registry.rollouts.models import PPM
from prompt_registry.rollouts.sample_ratio import BROKEN_AT, ln_e_of_split
from webapp import formats


def cause(rollout: Rollout, plan: Plan, decision: Decision) -> str:
    """Return what the likely cause is where the split is broken; nothing otherwise."""
    if decision.split < BROKEN_AT or not rollout.is_active:
        return ""
    began, shares = changes.began(rollout), [step.share for step in plan.steps]
    senders = rollout_counts.senders(
        project_id=rollout.project_id, rollout_id=rollout.pk, began=began,
        shares_ppm=[round(share * PPM) for share in shares[: len(began)]],
    )  # fmt: skip
    return likely_cause(senders, plans.new_share(shares, rollout.step))


def likely_cause(senders: Sequence[Sender], share: float) -> str:
    """Return in which applications the split differs from the share, and what usually brings that about."""
    broken = [one for one in senders if _is_broken(one, share)]
    if not broken:
        return (
            "No application alone differs much, so calls are lost everywhere alike: see whether calls fail before they are "
            "logged, and whether tests or robots send some."
        )
    worst = max(broken, key=lambda one: ln_e_of_split(one.candidates, [Stage(share, one.units)]))
    seen = worst.candidates / worst.units
    which = "new" if seen < share else "old"
    name = f"«{worst.service}»" if worst.service else "an application without a name"
    where = (
        f"It comes from {name}"
        if len(broken) < len(senders) or len(senders) == 1
        else f"It is so everywhere, most in {name}"
    )
    return (
        f"{where}: there {formats.percent(seen)} of the people have the new version instead of {formats.percent(share)}. "
        f"Calls on the {which} version are missing: they may fail before they are logged, or only some of its code logs them."
    )


def _is_broken(sender: Sender, share: float) -> bool:
    return ln_e_of_split(sender.candidates, [Stage(share, sender.units)]) >= BROKEN_AT
