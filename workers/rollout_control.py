"""Looks at every running rollout: counts what happened, decides by the rule, and does what was decided.

Two of these at once do no harm: what is decided applies only to the rollout as it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from monitoring import rollout_counts
from monitoring.rollout_counts import Counts, Event, Watch
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes, records
from prompt_registry.rollouts.decisions import Action, Metric, Part, Situation, decide
from prompt_registry.rollouts.guardrails import Guardrail, Plan
from prompt_registry.rollouts.models import PPM

log = structlog.get_logger("callboard.rollouts")

# Without any call for this long, although there should be some, nothing is known.
_SILENCE = timedelta(minutes=30)
_EXPECTED_CALLS = 10


def look_at_all() -> None:
    """Look at each running rollout once; one that cannot be looked at does not keep the others waiting."""
    for rollout in changes.due(now=timezone.now()):
        try:
            look_at(rollout, now=timezone.now())
        except Exception:  # the edge of one rollout
            log.exception("a rollout could not be looked at", rollout=str(rollout.pk))


def look_at(rollout: Rollout, *, now: datetime) -> Action:
    """Decide about one rollout and do it."""
    plan = changes.plan_of(rollout)
    situation = situation_of(rollout, plan, counts_of(rollout, plan), now)
    decision = decide(situation)
    changes.apply(
        rollout=rollout, action=decision.action, reason=decision.reason,
        situation=records.situation_to_json(situation), evidence=records.decision_to_json(decision),
    )  # fmt: skip
    return decision.action


def counts_of(rollout: Rollout, plan: Plan) -> Counts:
    """Return what was counted of a rollout so far."""
    began = changes.began(rollout)
    shares = [round(step.share * PPM) for step in plan.steps[: len(began)]]
    return rollout_counts.of(
        project_id=rollout.project_id, rollout_id=rollout.pk, began=began, shares_ppm=shares,
        watches=[_watch(guardrail) for guardrail in plan.guardrails],
    )  # fmt: skip


def situation_of(rollout: Rollout, plan: Plan, counts: Counts, now: datetime) -> Situation:
    """Return all that the rule looks at."""
    began = changes.began(rollout)
    units = [ours.units + theirs.units for ours, theirs in zip(counts.candidate, counts.control, strict=True)]
    return Situation(
        steps=plan.steps, index=rollout.step, budget=plan.budget,
        metrics=tuple(_metrics(plan.guardrails, counts, _missing(plan, counts, began[-1], now))),
        seconds_at_step=(now - began[-1]).total_seconds(), candidate_units=counts.candidate[-1].units,
        split_candidates=sum(step.units for step in counts.candidate), split_units=tuple(units),
    )  # fmt: skip


def _watch(guardrail: Guardrail) -> Watch:
    return Watch(Event(guardrail.kind), guardrail.first_calls, guardrail.thresholds, guardrail.allowance)


def _metrics(guardrails: Sequence[Guardrail], counts: Counts, missing: str) -> Iterator[Metric]:
    place = 0
    for guardrail in guardrails:
        places = range(place, place + guardrail.parts)
        place += guardrail.parts
        yield Metric(
            name=guardrail.title, base_rate=guardrail.base_rate, weight=guardrail.weight, missing=missing,
            is_gate=guardrail.is_gate, is_immediate=guardrail.is_immediate,
            parts=tuple(_part(counts, at) for at in places),
        )  # fmt: skip


def _part(counts: Counts, place: int) -> Part:
    both = zip(counts.candidate, counts.control, strict=True)
    return Part(
        candidate_events=sum(step.events[place] for step in counts.candidate),
        events=tuple(ours.events[place] + theirs.events[place] for ours, theirs in both),
    )


def _missing(plan: Plan, counts: Counts, since: datetime, now: datetime) -> str:
    """Return why nothing can be known at the moment; nothing when calls arrive as usual."""
    silent_for = now - max(since, counts.last_call_at or since)
    expected = plan.units_a_day * (silent_for / timedelta(days=1))
    if silent_for >= _SILENCE and expected >= _EXPECTED_CALLS:
        return f"no call has arrived for {round(silent_for / timedelta(minutes=1))} minutes."
    return ""
