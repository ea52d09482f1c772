"""Proves a fix on live traffic: what the people of a rollout met, told by the issue as it was when the rollout began.

Which calls are the issue's own follows from the frozen definition alone. It knows questions, findings, prompt and model, and
neither version nor arm; new groups of questions change nothing about it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from monitoring import rollout_counts
from monitoring.issues import opening
from monitoring.issues.membership import Membership
from monitoring.issues.models import Issue
from monitoring.kinds import Arm
from monitoring.rollout_events import Event, Watch
from monitoring.streams import frozen_scopes, rates
from prompt_registry.models import Rollout
from prompt_registry.rollouts import benefits, changes, plans
from prompt_registry.rollouts.benefits import ArmsAtStep, Effect
from prompt_registry.rollouts.guardrails import ISSUE
from prompt_registry.rollouts.models import PPM

_USUAL_RATE, _EVENTS_IN_FIRST_CALLS = 0.02, 0.3
_CANDIDATE_CALLS = f"""
    SELECT count(*), count(*) FILTER (WHERE {{bad}}) FROM call_analysis a
     WHERE a.project_id = %(project)s AND a.call_at >= %(since)s AND a.rollout_id = %(rollout)s
       AND a.arm = {int(Arm.CANDIDATE)} AND ({{traffic}})
"""


@dataclass(frozen=True, slots=True)
class Definition:
    """What belongs to an issue, and how it is counted: of each unit's first calls only."""

    scopes: tuple[Mapping[str, Any], ...]
    first_calls: int
    base_rate: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Definition:
        return cls(tuple(raw["scopes"]), int(raw["first_calls"]), float(raw["base_rate"]))


def title_of(issue: Issue) -> str:
    """Return the name under which a rollout watches an issue."""
    return f"#{issue.number} {issue.title}"


def scopes_now(issue: Issue) -> tuple[frozen_scopes.FrozenScope, ...]:
    """Return what the issue is about as it is now, frozen."""
    own = opening.known(project_id=issue.project_id).of(issue.pk)
    return frozen_scopes.freeze(project_id=issue.project_id, scopes=own.scopes, without=own.left_out)


def definition_of(issue: Issue, rollout: Rollout) -> Definition:
    """Return what the rollout froze of the issue when it began; of one that did not watch it, the issue as it is now."""
    for guardrail in changes.plan_of(rollout).guardrails:
        if guardrail.kind == ISSUE and guardrail.subject.startswith(f"#{issue.number} "):
            return Definition(guardrail.scopes, guardrail.first_calls, guardrail.base_rate)
    rate = issue.evidence.get("rate") or _USUAL_RATE
    first_calls = max(1, math.ceil(_EVENTS_IN_FIRST_CALLS / rate))
    return Definition(tuple(asdict(scope) for scope in scopes_now(issue)), first_calls, rate)


def measure(*, rollout: Rollout, definition: Definition) -> Effect:
    """Return what the people of the rollout showed so far."""
    steps = changes.plan_of(rollout).steps
    began = changes.began(rollout)
    shares = [step.share for step in steps[: len(began)]]
    scopes = [frozen_scopes.of_json(scope) for scope in definition.scopes]
    found = rollout_counts.of(
        project_id=rollout.project_id, rollout_id=rollout.pk, began=began,
        shares_ppm=[round(share * PPM) for share in shares], until=rollout.ended_at,
        watches=[Watch(Event.ISSUE, definition.first_calls, scopes=scopes)],
    )  # fmt: skip
    both = zip(found.candidate, found.control, strict=True)
    return benefits.effect(
        [
            ArmsAtStep(plans.new_share(shares, place), new.units, new.events[0], old.units, old.events[0])
            for place, (new, old) in enumerate(both)
        ]
    )


def level_after(*, issue: Issue, rollout: Rollout, definition: Definition, now: datetime) -> dict[str, Any]:
    """Return what later calls of a proved issue are compared with: the highest that the rate of the new version may be."""
    own = Membership(tuple(frozen_scopes.of_json(scope) for scope in definition.scopes))
    calls, bad = _calls(issue, rollout, own)
    rate = rates.interval(bad, calls)[1] if calls else issue.usual_rate
    return {"rate": max(rate, issue.usual_rate), "at": now.isoformat()}


def _calls(issue: Issue, rollout: Rollout, own: Membership) -> tuple[int, int]:
    traffic, bad = own.traffic(), own.bad()
    values: dict[str, Any] = {"project": issue.project_id, "since": rollout.started_at, "rollout": rollout.pk}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATE_CALLS.format(traffic=traffic.sql, bad=bad.sql), values | traffic.values | bad.values)
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
