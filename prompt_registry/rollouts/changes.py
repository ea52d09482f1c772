"""Starts, moves and ends rollouts. Each change is a compare-and-set on the row: of two at once, one takes effect.

Nothing here needs Redis or a worker: a rollback is one transaction of whoever asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from projects import audit
from projects.models import User, WebhookEvent
from projects.roles import Action
from prompt_registry import label_names, labels, protection, resolution, texts
from prompt_registry.errors import (
    AlreadyThere,
    ApprovalMissing,
    NoteTooLong,
    NothingLive,
    PromptArchived,
    ReasonMissing,
    RolloutChangedMeanwhile,
    RolloutCoolingDown,
    RolloutOver,
    RolloutProvenWorse,
    RolloutRunning,
    RolloutTriedBefore,
    UntestedVersion,
    VersionUnknown,
)
from prompt_registry.models import Prompt, PromptVersion
from prompt_registry.permissions import demand
from prompt_registry.rollouts import news
from prompt_registry.rollouts.guardrails import Plan
from prompt_registry.rollouts.models import ACTIVE, PPM, Rollout, RolloutDecision, RolloutState

# After a rollback the next rollout of the prompt waits, unless somebody says why not.
COOL_DOWN = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=8)
# A decision to wait is kept this often while nothing changes, to draw how the evidence grew.
KEPT_EVERY = timedelta(minutes=10)
_MAX_REASON = 500


@transaction.atomic
def start(
    *, prompt: Prompt, candidate: PromptVersion, label: str, plan: Plan, by: User | None, note: str = "",
    expected_version: int | None = None, overrides_cool_down: bool = False, has_passed_test: bool = False,
) -> Rollout:  # fmt: skip
    """Begin to serve the candidate to the first share of the plan.

    It passes the same checks as a publish and uses up the approval of its content where one is needed, so that it can
    be completed without anybody. `expected_version` is what the person saw live.
    """
    label, note = label_names.clean(label), _reason(note)
    if candidate.prompt_id != prompt.pk:
        raise VersionUnknown
    if plan.needs_test and not has_passed_test:
        raise UntestedVersion
    request = labels.agree(prompt=prompt, version=candidate, label=label, by=by, expected_version=expected_version)
    locked = Prompt.objects.get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived
    current = prompt.labels.select_related("version").filter(name=label).first()
    if current is None:
        raise NothingLive(f"Nothing is live in {label} yet, so there is nothing to compare with. Publish it instead.")
    if current.version_id == candidate.pk:
        raise AlreadyThere(f"v{candidate.number} is live in {label} already.")
    earlier = _earlier_try(prompt, label, current.version, candidate)
    _demand_free(prompt, label, candidate, note, overrides_cool_down, earlier)
    now = timezone.now()
    rollout = Rollout.objects.create(
        project_id=prompt.project_id, prompt=prompt, label=label, control=current.version, candidate=candidate,
        plan=plan.to_json(), share_ppm=_ppm(plan.steps[0].share), step_began=[now.isoformat()], change_request=request,
        continues=earlier, note=note, started_by=by, started_at=now,
    )  # fmt: skip
    _told(rollout, "started", note or "Started.", by=by, event=WebhookEvent.ROLLOUT_STARTED)
    return rollout


@transaction.atomic
def pause(*, rollout: Rollout, by: User | None, reason: str, expected_revision: int | None = None) -> Rollout:
    """Stop moving on; everybody keeps the version they have, and it is still taken back when it hurts."""
    demand(project=rollout.project, action=Action.UNDO_PUBLISH, by=by)
    rollout = _locked(rollout, expected_revision)
    if rollout.state == RolloutState.PAUSED:
        return rollout
    _set(rollout, state=RolloutState.PAUSED, reason=_reason(reason), paused_at=timezone.now())
    _told(rollout, "paused", _reason(reason), by=by, event=WebhookEvent.ROLLOUT_PAUSED)
    return rollout


@transaction.atomic
def resume(*, rollout: Rollout, by: User | None, reason: str = "", expected_revision: int | None = None) -> Rollout:
    """Go on where it was paused, with the same people and the evidence so far."""
    demand(project=rollout.project, action=moves_on(rollout), by=by)
    rollout = _locked(rollout, expected_revision)
    if rollout.state == RolloutState.RUNNING:
        return rollout
    _set(
        rollout,
        state=RolloutState.RUNNING,
        reason="",
        paused_at=None,
        paused_seconds=paused_for(rollout, timezone.now()),
    )
    _told(rollout, "resumed", _reason(reason) or "Goes on.", by=by, event=WebhookEvent.ROLLOUT_PAUSED)
    return rollout


@transaction.atomic
def advance(*, rollout: Rollout, by: User | None, reason: str, expected_revision: int | None = None) -> Rollout:
    """Go to the next share before the rule says so, for a reason that is kept."""
    demand(project=rollout.project, action=moves_on(rollout), by=by)
    _demand_reason(reason)
    rollout = _locked(rollout, expected_revision)
    _demand_agreed(rollout)
    return _advance(rollout, by=by, reason=_reason(reason), is_by_rule=False)


@transaction.atomic
def finish(*, rollout: Rollout, by: User | None, reason: str, expected_revision: int | None = None) -> Rollout:
    """Publish the candidate to everybody before the rule says so, for a reason that is kept."""
    demand(project=rollout.project, action=moves_on(rollout), by=by)
    _demand_reason(reason)
    rollout = _locked(rollout, expected_revision)
    _demand_agreed(rollout)
    return _complete(rollout, by=by, reason=_reason(reason), is_by_rule=False)


@transaction.atomic
def roll_back(
    *, rollout: Rollout, by: User | None, reason: str, expected_revision: int | None = None
) -> Rollout:  # fmt: skip
    """Give the control version back to everybody, at once."""
    demand(project=rollout.project, action=Action.UNDO_PUBLISH, by=by)
    rollout = _locked(rollout, expected_revision)
    return _roll_back(rollout, by=by, reason=_reason(reason) or "Taken back by hand.", is_by_rule=False)


@transaction.atomic
def apply(
    *, rollout: Rollout, action: str, reason: str, situation: Mapping[str, Any], evidence: Mapping[str, Any]
) -> Rollout | None:  # fmt: skip
    """Do what the rule decided about the rollout as it was looked at; None when it has changed since.

    The decision is kept with its numbers when it changes anything, when it differs from the last one, and now and then.
    """
    try:
        locked = _locked(rollout, rollout.revision)
    except (RolloutChangedMeanwhile, RolloutOver):
        return None
    if locked.trouble:
        Rollout.objects.filter(pk=locked.pk).update(trouble="")
    if locked.state != RolloutState.RUNNING and action != "roll back":
        return None
    if action in ("promote", "complete") and not _is_agreed(locked):
        action, reason = "ask", "The label needs an approval by now, which this version does not have."
    last = locked.decisions.order_by("-decided_at", "-pk").first()
    is_applied, is_new = action in _BY_RULE, last is None or (last.action, last.reason) != (action, reason)
    if is_applied:
        locked = _BY_RULE[action](locked, by=None, reason=reason)
    if action in _TOLD and (last is None or last.action != action):
        news.told(rollout=locked, what=action, reason=reason, by=None, event=None)
    if is_applied or is_new or last is None or timezone.now() - last.decided_at >= KEPT_EVERY:
        _decided(locked, action, reason, by=None, situation=situation, evidence=evidence, is_applied=is_applied)
    return locked


@transaction.atomic
def due(*, now: datetime) -> list[Rollout]:
    """Return the rollouts that nobody has looked at for a while, and mark them as being looked at.

    One that somebody is in the middle of changing is left for the next time, so that nobody waits for it.
    """
    waiting = Rollout.objects.active().filter(Q(looked_at=None) | Q(looked_at__lte=now - LOOK_EVERY))
    found = list(waiting.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
    Rollout.objects.filter(pk__in=found).update(looked_at=now)
    related = ("project", "prompt", "control", "candidate")
    return list(Rollout.objects.filter(pk__in=found).select_related(*related))


def uncounted(*, ended_before: datetime, limit: int) -> list[Rollout]:
    """Return rollouts that ended, and of which nobody has kept for good what was counted."""
    ended = Rollout.objects.exclude(state__in=ACTIVE).filter(ended_at__lt=ended_before)
    is_open = ~Q(counted__has_key="is_final") | Q(counted__is_final=False)
    return list(ended.filter(is_open).order_by("-ended_at")[:limit])


def keep_counts(rollout: Rollout, counted: Mapping[str, Any]) -> None:
    """Keep what was counted of the steps that are over, so that it need not be counted at every look."""
    rollout.counted = dict(counted)
    Rollout.objects.filter(pk=rollout.pk).update(counted=rollout.counted)


@transaction.atomic
def cannot_look(*, rollout: Rollout, trouble: str) -> None:
    """Write down that nobody knows how the rollout does, and tell people the first time; it stays where it is."""
    trouble = f"It could not be looked at, so nothing moves on: {trouble}"[:_MAX_REASON]
    if not Rollout.objects.active().filter(pk=rollout.pk, trouble="").update(trouble=trouble):
        return
    _decided(rollout, "freeze", trouble, by=None, is_applied=False)
    news.told(rollout=rollout, what="freeze", reason=trouble, by=None, event=None)


def paused_for(rollout: Rollout, now: datetime) -> float:
    """Return for how many seconds of its present step the rollout was paused."""
    return rollout.paused_seconds + ((now - rollout.paused_at).total_seconds() if rollout.paused_at else 0.0)


def moves_on(rollout: Rollout) -> Action:
    """Return what somebody must be allowed to do to give the candidate to more people."""
    return labels.action_for(rollout.label, protection.now(rollout.project_id))


def plan_of(rollout: Rollout) -> Plan:
    """Return the plan as it was frozen."""
    return Plan.from_json(rollout.plan)


def began(rollout: Rollout) -> list[datetime]:
    """Return when each step so far began."""
    return [datetime.fromisoformat(moment) for moment in rollout.step_began]


def _advance(rollout: Rollout, *, by: User | None, reason: str, is_by_rule: bool = True) -> Rollout:
    plan = plan_of(rollout)
    following = rollout.step + 1
    if following >= len(plan.steps):
        return _complete(rollout, by=by, reason=reason, is_by_rule=is_by_rule)
    now = timezone.now().isoformat()
    _set(
        rollout, state=RolloutState.RUNNING, step=following, share_ppm=_ppm(plan.steps[following].share),
        step_began=[*rollout.step_began, now], reason="", paused_at=None, paused_seconds=0.0,
    )  # fmt: skip
    if not is_by_rule:
        _decided(rollout, "advance", reason, by=by, is_applied=True)
    _told(rollout, "advanced", reason, by=by, event=WebhookEvent.ROLLOUT_ADVANCED, is_kept=False)
    return rollout


def _complete(rollout: Rollout, *, by: User | None, reason: str, is_by_rule: bool = True) -> Rollout:
    _set(rollout, state=RolloutState.COMPLETED, share_ppm=PPM, ended_at=timezone.now(), reason=reason)
    labels.move_by_rollout(rollout=rollout, by=by, reason=reason)
    if not is_by_rule:
        _decided(rollout, "complete", reason, by=by, is_applied=True)
    _told(rollout, "completed", reason, by=by, event=WebhookEvent.ROLLOUT_COMPLETED, is_kept=False)
    return rollout


def _roll_back(rollout: Rollout, *, by: User | None, reason: str, is_by_rule: bool = True) -> Rollout:
    _set(rollout, state=RolloutState.ROLLED_BACK, share_ppm=0, ended_at=timezone.now(), reason=reason)
    if not is_by_rule:
        _decided(rollout, "roll back", reason, by=by, is_applied=True)
    _told(rollout, "rolled_back", reason, by=by, event=WebhookEvent.ROLLOUT_ROLLED_BACK, is_kept=False)
    return rollout


# What nobody would notice otherwise: it goes nowhere until somebody looks.
_TOLD = ("ask", "freeze", "warn")
_BY_RULE = {"promote": _advance, "complete": _complete, "roll back": _roll_back}


def _locked(rollout: Rollout, expected_revision: int | None) -> Rollout:
    # In the order of every change of a prompt: first the prompt, then what hangs on it.
    Prompt.objects.select_for_update().get(pk=rollout.prompt_id)
    related = ("prompt__project", "control", "candidate", "project")
    locked = Rollout.objects.select_for_update(of=("self",)).select_related(*related).get(pk=rollout.pk)
    if locked.state not in ACTIVE:
        raise RolloutOver(f"This rollout is over: {locked.get_state_display().lower()}. {locked.reason}")
    if expected_revision is not None and locked.revision != expected_revision:
        raise RolloutChangedMeanwhile
    return locked


def _set(rollout: Rollout, **changes: Any) -> None:
    updated = Rollout.objects.filter(pk=rollout.pk, revision=rollout.revision)
    if not updated.update(revision=F("revision") + 1, **changes):
        raise RolloutChangedMeanwhile
    for name, value in changes.items():
        setattr(rollout, name, value)
    rollout.revision += 1


def _told(
    rollout: Rollout, what: str, reason: str, *, by: User | None, event: WebhookEvent, is_kept: bool = True
) -> None:  # fmt: skip
    """Write down what happened, tell everybody about it, and let applications fetch anew."""
    if is_kept:
        _decided(rollout, what, reason, by=by, is_applied=True)
    audit.record(
        action=f"rollout.{what}", subject=rollout.prompt.name, by=by, project=rollout.prompt.project, label=rollout.label,
        rollout=str(rollout.pk), from_version=rollout.control.number, to_version=rollout.candidate.number,
        share_ppm=rollout.share_ppm, reason=reason, before_hash=rollout.control.content_hash,
        after_hash=rollout.candidate.content_hash,
    )  # fmt: skip
    news.told(rollout=rollout, what=what, reason=reason, by=by, event=event)
    resolution.forget_after_commit(rollout.project_id, name=rollout.prompt.name, labels=[rollout.label])


def _decided(
    rollout: Rollout, action: str, reason: str, *, by: User | None, is_applied: bool,
    situation: Mapping[str, Any] | None = None, evidence: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    RolloutDecision.objects.create(
        project_id=rollout.project_id, rollout=rollout, action=action[:12], reason=reason[:_MAX_REASON], step=rollout.step,
        share_ppm=rollout.share_ppm, situation=dict(situation or {}), evidence=dict(evidence or {}),
        is_applied=is_applied, decided_by=by,
    )  # fmt: skip


def _earlier_try(prompt: Prompt, label: str, control: PromptVersion, candidate: PromptVersion) -> Rollout | None:
    """Return the last rollout of the same two texts that was taken back; what was found then goes on counting."""
    taken_back = Rollout.objects.filter(
        prompt=prompt, label=label, state=RolloutState.ROLLED_BACK, control__content_hash=control.content_hash,
        candidate__content_hash=candidate.content_hash,
    )  # fmt: skip
    return taken_back.newest_first().first()


def _demand_free(
    prompt: Prompt, label: str, candidate: PromptVersion, note: str, overrides_cool_down: bool, earlier: Rollout | None
) -> None:  # fmt: skip
    if Rollout.objects.active().filter(prompt=prompt, label=label).exists():
        raise RolloutRunning
    if (
        earlier is not None
        and earlier.decisions.filter(action="roll back", decided_by=None).exclude(situation={}).exists()
    ):
        raise RolloutProvenWorse
    is_on_purpose = overrides_cool_down and bool(note)
    taken_back = Rollout.objects.filter(prompt=prompt, label=label, state=RolloutState.ROLLED_BACK)
    if (earlier is not None or taken_back.filter(candidate=candidate).exists()) and not is_on_purpose:
        raise RolloutTriedBefore
    if taken_back.filter(ended_at__gt=timezone.now() - COOL_DOWN).exists() and not is_on_purpose:
        raise RolloutCoolingDown


def _is_agreed(rollout: Rollout) -> bool:
    """Tell whether the candidate may go to more people: a rule that was made stricter meanwhile holds."""
    rule = protection.now(rollout.project_id)
    return rollout.change_request_id is not None or not rule.demands_approval(rollout.label)


def _demand_agreed(rollout: Rollout) -> None:
    if not _is_agreed(rollout):
        raise ApprovalMissing(
            f"v{rollout.candidate.number} needs the approval of a second person before more people get it in "
            f"{rollout.label}. Take it back, ask for approval, and start again."
        )


def _demand_reason(reason: str) -> None:
    if not texts.clean(reason).strip():
        raise ReasonMissing


def _reason(reason: str) -> str:
    cleaned = texts.clean(reason).strip()
    if len(cleaned) > _MAX_REASON:
        raise NoteTooLong
    return cleaned


def _ppm(share: float) -> int:
    return round(share * PPM)
