"""Looks at every running rollout: counts what happened, decides by the rule, and does what was decided.

Two of these at once do no harm: what is decided applies only to the rollout as it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from django.db import DatabaseError
from django.utils import timezone

from monitoring.rollout_counts import Counts, Coverage
from monitoring.rollout_events import FLAGS
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes, plans, records
from prompt_registry.rollouts.decisions import Action, Metric, Part, Situation, Try, decide
from prompt_registry.rollouts.guardrails import DEAR, ISSUE, JUDGED_BAD, LATE_START, Guardrail, Plan
from workers import rollout_counting
from workers.rollout_counting import Tried

log = structlog.get_logger("callboard.rollouts")

# Without any call for this long, although there should be some, nothing is known.
_SILENCE = timedelta(minutes=30)
_EXPECTED_CALLS = 10
# By so much more of the candidate's calls than of the control's may lack a measure.
_FEWEST_CALLS = 30
_MOST_LOST = 0.1
# Of so few calls it cannot be told whether detectors and judges come to them; and how many of them they must have seen.
_FEWEST_SETTLED = 10
_LEAST_SEEN = 0.5


def look_at_all() -> None:
    """Look at each running rollout once; one that cannot be looked at does not keep the others waiting."""
    for rollout in changes.due(now=timezone.now()):
        try:
            look_at(rollout, now=timezone.now())
        except Exception as error:  # the edge of one rollout
            log.exception("a rollout could not be looked at", rollout=str(rollout.pk))
            _write_down(rollout, f"{type(error).__name__}.")
    rollout_counting.close_books(now=timezone.now())


def _write_down(rollout: Rollout, trouble: str) -> None:
    try:
        changes.cannot_look(rollout=rollout, trouble=trouble)
    except (
        DatabaseError
    ):  # what kept it from being looked at may keep this from being written: the next look tries again
        log.exception("the trouble with a rollout could not be written down", rollout=str(rollout.pk))


def look_at(rollout: Rollout, *, now: datetime) -> Action:
    """Decide about one rollout and do it."""
    plan = changes.plan_of(rollout)
    situation = situation_of(rollout, plan, rollout_counting.counts_of(rollout, plan), now)
    decision = decide(situation)
    changes.apply(
        rollout=rollout, action=decision.action, reason=decision.reason,
        situation=records.situation_to_json(situation), evidence=records.decision_to_json(decision),
    )  # fmt: skip
    return decision.action


def situation_of(rollout: Rollout, plan: Plan, counts: Counts, now: datetime) -> Situation:
    """Return all that the rule looks at."""
    began = changes.began(rollout)
    found = _metrics(plan.guardrails, counts, _missing(plan, counts, began[-1], now))
    units = [ours.units + theirs.units for ours, theirs in zip(counts.candidate, counts.control, strict=True)]
    return Situation(
        steps=plan.steps, index=rollout.step, budget=plan.budget,
        metrics=tuple(_continued(plan.guardrails, found, rollout_counting.earlier_tries(rollout))),
        seconds_at_step=(now - began[-1]).total_seconds() - changes.paused_for(rollout, now),
        candidate_units=counts.candidate[-1].units,
        split_candidates=sum(step.units for step in counts.candidate), split_units=tuple(units),
        asks_at_end=plan.asks_at_end, is_quiet=plan.is_quiet(now.astimezone(UTC).hour),
    )  # fmt: skip


def _metrics(guardrails: Sequence[Guardrail], counts: Counts, missing: str) -> Iterator[Metric]:
    place, first_place = 0, sum(guardrail.parts for guardrail in guardrails)
    for guardrail in guardrails:
        places = range(place, place + guardrail.parts)
        place += guardrail.parts
        first_events = 0
        if guardrail.call_rate:
            first_events = sum(step.events[first_place] for step in counts.candidate)
            first_place += 1
        yield Metric(
            name=guardrail.title, base_rate=guardrail.base_rate, weight=guardrail.weight,
            missing=missing or _unmeasured(guardrail, counts), is_gate=guardrail.is_gate,
            call_rate=guardrail.call_rate, first_call_events=first_events,
            parts=tuple(_part(counts, at) for at in places), is_benefit=guardrail.is_benefit,
        )  # fmt: skip


def _continued(
    guardrails: Sequence[Guardrail], metrics: Iterable[Metric], tries: Sequence[Tried]
) -> Iterator[Metric]:  # fmt: skip
    """Add to each metric what earlier rollouts of the same two versions found about the same thing."""
    for guardrail, metric in zip(guardrails, metrics, strict=True):
        earlier = [found for one in tries if (found := _try(one, guardrail)) is not None]
        yield replace(metric, earlier=tuple(earlier)) if earlier else metric


def _try(tried: Tried, guardrail: Guardrail) -> Try | None:
    known = zip(tried.plan.guardrails, _metrics(tried.plan.guardrails, tried.counts, ""), strict=True)
    for other, metric in known:
        if (other.kind, other.subject) == (guardrail.kind, guardrail.subject):
            shares = [step.share for step in tried.plan.steps]
            return Try(
                tuple(plans.new_share(shares, index) for index in range(len(tried.counts.candidate))), metric.parts,
                sum(step.units for step in tried.counts.candidate), metric.first_call_events,
            )  # fmt: skip
    return None


def _unmeasured(guardrail: Guardrail, counts: Counts) -> str:
    """Return why a measure of the candidate cannot be compared: what is missing must never pass for good."""
    if counts.coverage and (missing := _unseen(guardrail, counts.coverage)):
        return missing
    ours, theirs = counts.candidate, counts.control
    calls, others = sum(step.calls for step in ours), sum(step.calls for step in theirs)
    if calls < _FEWEST_CALLS or others < _FEWEST_CALLS:
        return ""
    if guardrail.kind == DEAR:
        lost = sum(step.unpriced_calls for step in ours) / calls - sum(step.unpriced_calls for step in theirs) / others
        return "many answers of the new version have no known price." if lost > _MOST_LOST else ""
    if guardrail.kind == LATE_START:
        lost = (
            sum(step.unstreamed_calls for step in ours) / calls - sum(step.unstreamed_calls for step in theirs) / others
        )
        return "many answers of the new version do not say when they began." if lost > _MOST_LOST else ""
    return ""


def _unseen(guardrail: Guardrail, coverage: Coverage) -> str:
    """Return why detectors or judges cannot be relied on now; a call that nobody looked at must not pass for a good one."""
    if guardrail.kind == JUDGED_BAD:
        expected = coverage.calls * guardrail.coverage
        is_silent = coverage.judged_calls.get(guardrail.subject, 0) < _LEAST_SEEN * expected
        return "hardly any answer of the last hour was judged." if expected >= _FEWEST_SETTLED and is_silent else ""
    if guardrail.kind not in (*FLAGS, ISSUE):
        return ""
    if coverage.calls >= _FEWEST_SETTLED and coverage.analysed_calls < _LEAST_SEEN * coverage.calls:
        return "hardly any answer of the last hour was looked at by the detectors."
    if len(coverage.detector_versions) > 1:
        return "the detectors changed during this share, so its calls cannot be compared until all are looked at again."
    if coverage.has_other_settings:
        return "somebody changed during this share from when on calls are flagged, so its calls cannot be compared."
    return ""


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
        return "no calls arrive."
    return ""
