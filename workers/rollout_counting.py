"""What a rollout's plan wants counted, and the counts: of what is over now and then, of the present step each time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from monitoring import rollout_counts
from monitoring.rollout_counts import Counts, Event, StepCounts, Watch
from monitoring.streams import frozen_scopes
from prompt_registry.models import Rollout
from prompt_registry.rollouts import changes
from prompt_registry.rollouts.guardrails import DEAR, LATE_START, SLOW, Guardrail, Plan
from prompt_registry.rollouts.models import PPM

log = structlog.get_logger("callboard.rollouts")

# The provider's cache is cold for a version that hardly anybody has.
_COLD = timedelta(minutes=30)
_COLD_AT_FIRST = (SLOW, LATE_START, DEAR)
# Only late feedback changes what was counted at a step that is over.
_RECOUNTED_EVERY = timedelta(minutes=10)
_LATELY_SECONDS = 10.0
# Feedback on a call hardly ever comes later; a call is kept for longer.
_SETTLED_AFTER = timedelta(days=3)
_CLOSED_AT_ONCE = 3
_MOST_TRIES = 20
_lately: dict[tuple[UUID, int], tuple[float, Counts]] = {}


@dataclass(frozen=True, slots=True)
class Tried:
    """An earlier rollout of the same two versions, and what was counted of it."""

    plan: Plan
    counts: Counts


def counts_of(rollout: Rollout, plan: Plan) -> Counts:
    """Return what was counted of a rollout so far; of one that ended, what was counted until then."""
    if not rollout.is_active:
        return _of_ended(rollout, plan)
    present = _count(rollout, plan, since_step=rollout.step)
    counts = _joined(_finished(rollout, plan), present) if rollout.step else present
    if not any(_is_looked_at(one) for one in plan.guardrails):
        return counts
    began, shares = _steps(rollout, plan)
    return replace(
        counts,
        coverage=rollout_counts.coverage(
            project_id=rollout.project_id, rollout_id=rollout.pk, began=began, shares_ppm=shares,
            watches=watches(plan, rollout.step), now=timezone.now(),
        ),
    )  # fmt: skip


def earlier_tries(rollout: Rollout) -> list[Tried]:
    """Return the rollouts whose evidence goes on in this one, the last one first."""
    found: list[Tried] = []
    following = rollout.continues_id
    while following and len(found) < _MOST_TRIES:
        row = Rollout.objects.get(pk=following)
        plan = changes.plan_of(row)
        found.append(Tried(plan, counts_of(row, plan)))
        following = row.continues_id
    return found


def counts_lately(rollout: Rollout, plan: Plan) -> Counts:
    """Return what was counted at most ten seconds ago: many people may look at one rollout."""
    key, now = (rollout.pk, rollout.revision), time.monotonic()
    known = _lately.get(key)
    if known is None or now - known[0] > _LATELY_SECONDS:
        for old in [other for other, (at, _) in _lately.items() if now - at > _LATELY_SECONDS]:
            _lately.pop(old, None)
        known = _lately[key] = (now, counts_of(rollout, plan))
    return known[1]


def forget() -> None:
    """Count anew at the next look, however lately that was done."""
    _lately.clear()


def close_books(*, now: datetime) -> None:
    """Keep what was counted of rollouts that ended a while ago: their calls may be removed one day, their reports stay."""
    for rollout in changes.uncounted(ended_before=now - _SETTLED_AFTER, limit=_CLOSED_AT_ONCE):
        try:
            _of_ended(rollout, changes.plan_of(rollout))
        except Exception:  # the edge of one rollout, which must not stand in the way of the others for ever
            log.exception("an ended rollout could not be counted", rollout=str(rollout.pk))
            changes.keep_counts(rollout, {**rollout.counted, "is_final": True})


def watches(plan: Plan, step: int) -> list[Watch]:
    """Return what to count: every guardrail, then once more of first calls alone where an event is known with the call."""
    warm_ups = [min(_COLD, timedelta(seconds=one.at_least) / 4) for one in plan.steps[: step + 1]]
    watched = [
        _watch(one, first_calls=one.first_calls, not_before=warm_ups if one.kind in _COLD_AT_FIRST else ())
        for one in plan.guardrails
    ]
    return watched + [_watch(one, first_calls=1) for one in plan.guardrails if one.call_rate]


def _watch(guardrail: Guardrail, *, first_calls: int, not_before: Sequence[timedelta] = ()) -> Watch:
    return Watch(
        Event(guardrail.kind), first_calls, guardrail.thresholds, guardrail.allowance, not_before=not_before,
        subject=guardrail.subject, scopes=[frozen_scopes.of_json(scope) for scope in guardrail.scopes],
    )  # fmt: skip


def _is_looked_at(guardrail: Guardrail) -> bool:
    watch = _watch(guardrail, first_calls=1)
    return watch.needs_analysis or watch.event == Event.JUDGED_BAD


def _steps(rollout: Rollout, plan: Plan) -> tuple[list[datetime], list[int]]:
    began = changes.began(rollout)
    return began, [round(step.share * PPM) for step in plan.steps[: len(began)]]


def _count(rollout: Rollout, plan: Plan, *, since_step: int) -> Counts:
    began, shares = _steps(rollout, plan)
    return rollout_counts.of(
        project_id=rollout.project_id, rollout_id=rollout.pk, began=began, shares_ppm=shares,
        watches=watches(plan, rollout.step), until=rollout.ended_at, since_step=since_step,
    )  # fmt: skip


def _of_ended(rollout: Rollout, plan: Plan) -> Counts:
    """Return what was counted of a rollout that is over, at most ten minutes ago while feedback may still come."""
    kept, now, steps = rollout.counted, timezone.now(), len(rollout.step_began)
    is_whole = kept.get("steps") == steps
    if is_whole and (kept.get("is_final") or now - datetime.fromisoformat(kept["at"]) < _RECOUNTED_EVERY):
        return _from_json(kept["counts"])
    counts = _count(rollout, plan, since_step=0)
    is_final = rollout.ended_at is not None and now - rollout.ended_at >= _SETTLED_AFTER
    changes.keep_counts(
        rollout, {"steps": steps, "at": now.isoformat(), "counts": _to_json(counts), "is_final": is_final}
    )
    return counts


def _finished(rollout: Rollout, plan: Plan) -> Counts:
    """Return what was counted of the steps before the present one, at most ten minutes ago."""
    kept, now = rollout.counted, timezone.now()
    if kept.get("steps") == rollout.step and now - datetime.fromisoformat(kept["at"]) < _RECOUNTED_EVERY:
        return _from_json(kept["counts"])
    counts = _first(_count(rollout, plan, since_step=0), rollout.step)
    changes.keep_counts(
        rollout, {"steps": rollout.step, "at": now.isoformat(), "counts": _to_json(counts)}
    )  # fmt: skip
    return counts


def _first(counts: Counts, steps: int) -> Counts:
    return replace(counts, candidate=counts.candidate[:steps], control=counts.control[:steps])


def _joined(before: Counts, present: Counts) -> Counts:
    moments = [moment for moment in (before.last_call_at, present.last_call_at) if moment]
    return Counts(
        candidate=before.candidate + present.candidate, control=before.control + present.control,
        strayed_calls=before.strayed_calls + present.strayed_calls, last_call_at=max(moments, default=None),
        earlier_calls=before.earlier_calls + present.earlier_calls,
    )  # fmt: skip


def _to_json(counts: Counts) -> dict[str, Any]:
    return asdict(counts) | {"last_call_at": counts.last_call_at and counts.last_call_at.isoformat()}


def _from_json(raw: Mapping[str, Any]) -> Counts:
    return Counts(
        candidate=tuple(_step_counts(one) for one in raw["candidate"]),
        control=tuple(_step_counts(one) for one in raw["control"]),
        strayed_calls=raw["strayed_calls"],
        last_call_at=datetime.fromisoformat(raw["last_call_at"]) if raw["last_call_at"] else None,
        earlier_calls=raw["earlier_calls"],
    )


def _step_counts(raw: Mapping[str, Any]) -> StepCounts:
    return StepCounts(**{**raw, "events": tuple(raw["events"])})
