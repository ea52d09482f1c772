"""Follows the fixes that are under way: their state, and that of their issue, comes from what exists and what it showed.

Nobody ticks anything off. A rollout of the new version begins: the issue is rolling out. It ends: the fix is proved or not
confirmed. Two of these at once do no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from monitoring.issues import fixes, proof, transitions
from monitoring.issues.fix_models import FixState, IssueFix
from monitoring.issues.models import Happening, Issue, IssueState
from monitoring.issues.proof import Definition
from prompt_registry.models import PRODUCTION, LabelMove, Rollout
from prompt_registry.rollouts import benefits
from prompt_registry.rollouts.benefits import Effect
from prompt_registry.rollouts.models import RolloutState

log = structlog.get_logger("callboard.issues")

# Somebody decided otherwise about the issue: it was closed, or opened again.
_UNDER_WAY = (IssueState.IN_FIX, IssueState.ROLLING_OUT, IssueState.MUTED)
# Seconds after the end of a rollout.
_JUST_NOW, _NOW_AND_THEN = 60.0, 600.0
AT_ONCE = "at once"
TAKEN_BACK = "taken back"
NO_FALL = "no fall"


def follow(*, now: datetime, project_id: int | None = None) -> None:
    """Look at each fix under way once; one that cannot be looked at does not keep the others waiting."""
    adopt(project_id=project_id, now=now)
    rows = IssueFix.objects.open().order_by("pk")
    for key, issue_id in (rows if project_id is None else rows.filter(project_id=project_id)).values_list(
        "pk", "issue"
    ):
        try:
            look_at(fix_id=key, issue_id=issue_id, now=now)
        except Exception:  # the edge of one fix
            log.exception("a fix could not be looked at", fix=key)


def adopt(*, project_id: int | None, now: datetime) -> None:
    """Give a row to what is being fixed without one, since before fixes had rows."""
    rows = Issue.objects.filter(state=IssueState.IN_FIX, merged_into=None).exclude(
        fixes__state__in=["working", "rolling_out"]
    )
    for key in list((rows if project_id is None else rows.filter(project_id=project_id)).values_list("pk", flat=True)):
        with transaction.atomic():
            issue = Issue.objects.select_for_update().get(pk=key)
            if issue.state == IssueState.IN_FIX:
                fix = fixes.begin(issue=issue, by=None)
                IssueFix.objects.filter(pk=fix.pk, started_at__gt=issue.state_at).update(started_at=issue.state_at)


@transaction.atomic
def look_at(*, fix_id: int, issue_id: int, now: datetime) -> None:
    """Take the next step of one fix, when something happened."""
    # Of two who look at once the second waits here, and finds what the first did.
    issue = Issue.objects.select_for_update(of=("self",)).select_related("project", "owner").get(pk=issue_id)
    fix = IssueFix.objects.open().select_related("prompt__project", "version", "rollout").filter(pk=fix_id).first()
    if fix is None:
        return
    if issue.state not in _UNDER_WAY or issue.merged_into_id is not None:
        fixes.keep(fix, state=FixState.GIVEN_UP, ended_at=now)
    elif fix.rollout is None:
        _find_rollout(fix, issue, now)
    else:
        _find_verdict(fix, issue, fix.rollout, now)


def _find_rollout(fix: IssueFix, issue: Issue, now: datetime) -> None:
    rollout = next((one for one in fixes.rollouts_of(fix) if _is_meant(fix, one)), None)
    if rollout is not None:
        definition = proof.definition_of(issue, rollout)
        numbers = {"rollout": str(rollout.pk), "version": rollout.candidate.number}
        if _move(issue, Happening.FIX_ROLLING_OUT, numbers, now, state=IssueState.ROLLING_OUT):
            fixes.keep(
                fix, state=FixState.ROLLING_OUT, rollout=rollout, version=rollout.candidate,
                definition=definition.to_json(),
            )  # fmt: skip
            _find_verdict(fix, issue, rollout, now)
    elif fix.version is not None and _was_published(fix):
        verdict = {"why": AT_ONCE, "version": fix.version.number}
        _end(fix, issue, FixState.NOT_CONFIRMED, Happening.NOT_CONFIRMED, verdict, now, state=IssueState.NOT_CONFIRMED)


def _is_meant(fix: IssueFix, rollout: Rollout) -> bool:
    if fix.version_id is not None:
        return rollout.candidate_id == fix.version_id
    return rollout.candidate.created_at >= fix.started_at


def _was_published(fix: IssueFix) -> bool:
    moves = LabelMove.objects.filter(
        prompt_id=fix.prompt_id or 0, label=PRODUCTION, to_version_id=fix.version_id or 0, moved_at__gte=fix.started_at
    )
    return moves.exists()


def _find_verdict(fix: IssueFix, issue: Issue, rollout: Rollout, now: datetime) -> None:
    ended_for = (now - rollout.ended_at).total_seconds() if rollout.ended_at else 0.0
    if rollout.state not in (RolloutState.COMPLETED, RolloutState.ROLLED_BACK) or not _is_due(ended_for):
        return
    definition = Definition.from_json(fix.definition)
    effect = proof.measure(rollout=rollout, definition=definition)
    found = benefits.is_proved(
        effect, is_completed=rollout.state == RolloutState.COMPLETED,
        is_taken_back=rollout.state == RolloutState.ROLLED_BACK,
        ended_for=ended_for,
    )  # fmt: skip
    if found is None:
        return
    verdict = {**asdict(effect), "version": rollout.candidate.number, "old_version": rollout.control.number}
    if found:
        level = proof.level_after(issue=issue, rollout=rollout, definition=definition, now=now)
        _end(
            fix, issue, FixState.VERIFIED, Happening.VERIFIED, _kept(verdict, effect), now, state=IssueState.VERIFIED,
            closed_level=level,
        )  # fmt: skip
        return
    why = TAKEN_BACK if rollout.state == RolloutState.ROLLED_BACK else NO_FALL
    verdict = _kept(verdict, effect) | {"why": why}
    _end(fix, issue, FixState.NOT_CONFIRMED, Happening.NOT_CONFIRMED, verdict, now, state=IssueState.NOT_CONFIRMED)


def _is_due(ended_for: float) -> bool:
    """Tell whether to count: when it has just ended, when all is in, and now and then between; much traffic takes long."""
    return ended_for < _JUST_NOW or ended_for >= benefits.SETTLED_AFTER or ended_for % _NOW_AND_THEN < _JUST_NOW


def _kept(verdict: Mapping[str, Any], effect: Effect) -> dict[str, Any]:
    # Infinity has no place in JSON.
    high = None if effect.times_high == float("inf") else effect.times_high
    return {**verdict, "times_high": high, "less_low": effect.less_low, "less_high": effect.less_high}


def _end(
    fix: IssueFix, issue: Issue, fix_state: str, what: Happening, verdict: Mapping[str, Any], now: datetime, **changes: Any
) -> None:  # fmt: skip
    if _move(issue, what, verdict, now, **changes):
        fixes.keep(fix, state=fix_state, verdict=dict(verdict), ended_at=now)


def _move(issue: Issue, what: Happening, numbers: Mapping[str, Any], now: datetime, **changes: Any) -> bool:
    if issue.state == IssueState.MUTED:
        # It stays out of sight; when the mute ends, it is where its fix came to.
        changes = {
            **{name: value for name, value in changes.items() if name != "state"},
            "evidence": issue.evidence | {"unmuted_state": changes["state"]},
        }
    return transitions.move(issue=issue, happened={what: numbers}, now=now, **changes)
