"""Publishes a version by moving a label to it, and takes a publish back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import User
from projects.roles import Action
from prompt_registry import (
    approvals,
    callers,
    change_requests,
    checks,
    contents,
    label_names,
    news,
    protection,
    resolution,
    snippets,
    texts,
)
from prompt_registry.callers import Traffic
from prompt_registry.errors import (
    AlreadyThere,
    LabelProtected,
    NotAllowed,
    NoteTooLong,
    NothingToUndo,
    PromptArchived,
    PublishedMeanwhile,
    RolloutRunning,
    StoppedByChecks,
    VersionUnknown,
)
from prompt_registry.models import PRODUCTION, ChangeRequest, Label, LabelMove, Prompt, PromptVersion
from prompt_registry.permissions import demand
from prompt_registry.protection import Protection
from prompt_registry.rollouts.models import Rollout

MAX_REASON = 500
clean_name = label_names.clean


@dataclass(frozen=True, slots=True)
class Comeback:
    """The version that an undo brings back, and when it was live."""

    version: PromptVersion
    live_from: datetime
    live_until: datetime


@transaction.atomic
def publish(
    *, prompt: Prompt, version: PromptVersion, label: str, by: User | None, reason: str = "",
    expected_version: int | None = None, is_scheduled: bool = False,
) -> LabelMove:  # fmt: skip
    """Point the label to the version.

    Behind a protected label nothing goes live that the checks stop, nor, where the project asks for it, without an
    approval of this very content; whoever calls the prompt is looked up here, so that every road meets the same checks.
    `expected_version` is the number that the label pointed to when the person decided (0: it pointed nowhere);
    when it points elsewhere by now, nothing moves.
    """
    label = clean_name(label)
    rule = protection.now(prompt.project_id)
    _demand_role(prompt, label, rule, by)
    if version.prompt_id != prompt.pk:
        raise VersionUnknown
    traffic = callers.of(prompt=prompt, label=label) if rule.covers(label) else callers.NONE
    locked = Prompt.objects.select_for_update().get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived
    _demand_no_rollout(prompt, label)
    version = prompt.versions.select_related("prompt__project").get(pk=version.pk)
    current = _current(prompt, label, expected_version)
    if current is not None and current.version_id == version.pk:
        raise AlreadyThere(f"v{version.number} is live in {label} already.")
    request = _agreed(prompt, version, label, current, traffic, by=by)
    move = _move(
        prompt, label, current, version, by=by, reason=reason, change_request=request, is_scheduled=is_scheduled
    )
    if request is not None:
        change_requests.tell_published(request=request, by=by)
    return move


def agree(
    *, prompt: Prompt, version: PromptVersion, label: str, by: User | None, expected_version: int | None = None
) -> ChangeRequest | None:  # fmt: skip
    """Lock the prompt, and use up the approval that lets the version go live behind the label; raise when it may not.

    For those who let it go live step by step instead of at once.
    """
    rule = protection.now(prompt.project_id)
    _demand_role(prompt, label, rule, by)
    traffic = callers.of(prompt=prompt, label=label) if rule.covers(label) else callers.NONE
    Prompt.objects.select_for_update().get(pk=prompt.pk)
    version = prompt.versions.select_related("prompt__project").get(pk=version.pk)
    current = _current(prompt, label, expected_version)
    return _agreed(prompt, version, label, current, traffic, by=by)


def move_by_rollout(*, rollout: Rollout, by: User | None, reason: str) -> LabelMove:
    """Point the label to the candidate of a rollout that was agreed to when it started."""
    prompt = rollout.prompt
    current = _current(prompt, rollout.label, rollout.control.number)
    return _move(
        prompt, rollout.label, current, rollout.candidate, by=by, reason=reason, change_request=rollout.change_request
    )  # fmt: skip


@transaction.atomic
def undo(*, prompt: Prompt, label: str, by: User | None, expected_version: int | None = None) -> LabelMove:
    """Point the label back to the version that was live before the last publish that was not undone yet."""
    label = clean_name(label)
    demand(project=prompt.project, action=Action.UNDO_PUBLISH, by=by)
    Prompt.objects.select_for_update().get(pk=prompt.pk)
    _demand_no_rollout(prompt, label)
    current = _current(prompt, label, expected_version)
    back = comeback(prompt=prompt, label=label)
    if back is None or current is None:
        raise NothingToUndo
    if not _was_agreed(prompt, label, back.version):
        demand(project=prompt.project, action=Action.PUBLISH, by=by)
    return _move(prompt, label, current, back.version, by=by, is_undo=True)


def _was_agreed(prompt: Prompt, label: str, version: PromptVersion) -> bool:
    """Tell whether the version may come back without anybody's approval.

    What was live in production always may: somebody who may publish put it there. Another label may have been anybody's
    before it was protected.
    """
    if label == PRODUCTION or not protection.now(prompt.project_id).demands_approval(label):
        return True
    return prompt.label_moves.filter(label=label, to_version=version, change_request__isnull=False).exists()


def comeback(*, prompt: Prompt, label: str) -> Comeback | None:
    """Return what an undo would bring back, or None when nothing was live before."""
    lives: list[tuple[int, datetime, datetime | None]] = []
    for version_id, is_undo, moved_at in (
        prompt.label_moves.filter(label=label).order_by("pk").values_list("to_version_id", "is_undo", "moved_at")
    ):
        if is_undo and len(lives) > 1:
            lives.pop()
            continue
        if lives:
            lives[-1] = (lives[-1][0], lives[-1][1], moved_at)
        lives.append((version_id, moved_at, None))
    if len(lives) < 2:
        return None
    version_id, live_from, live_until = lives[-2]
    version = prompt.versions.select_related("prompt", "author").get(pk=version_id)
    return Comeback(version=version, live_from=live_from, live_until=live_until or live_from)


def action_for(label: str, rule: Protection) -> Action:
    """Return what somebody must be allowed to do to move this label of a project with this rule."""
    return Action.PUBLISH if rule.covers(label) else Action.EDIT_PROMPTS


def _demand_role(prompt: Prompt, label: str, rule: Protection, by: User | None) -> None:
    try:
        demand(project=prompt.project, action=action_for(label, rule), by=by)
    except NotAllowed as refused:
        if rule.covers(label):
            raise LabelProtected(f"«{label}» is protected. {refused}") from refused
        raise


def _agreed(
    prompt: Prompt, version: PromptVersion, label: str, current: Label | None, traffic: Traffic, *, by: User | None
) -> ChangeRequest | None:
    """Return the approval that this publish uses up, if there is one; raise when the version may not go live."""
    # Read again under the lock: a rule that was made stricter meanwhile holds.
    rule = protection.now(prompt.project_id)
    if not rule.covers(label):
        return None
    _demand_role(prompt, label, rule, by)
    _check(version, current, rule, traffic)
    return approvals.use(prompt=prompt, version=version, label=label, is_required=rule.demands_approval(label))


def _demand_no_rollout(prompt: Prompt, label: str) -> None:
    if prompt.rollouts.active().filter(label=label).exists():
        raise RolloutRunning


def _current(prompt: Prompt, label: str, expected_version: int | None) -> Label | None:
    current = prompt.labels.select_related("version").filter(name=label).first()
    number = current.version.number if current else 0
    if expected_version is not None and expected_version != number:
        raise PublishedMeanwhile(current=current.version if current else None)
    return current


def _check(version: PromptVersion, current: Label | None, rule: Protection, traffic: Traffic) -> None:
    project, written = version.prompt.project, contents.of_version(version)
    filled = snippets.composed(written, project_id=project.pk)
    after = filled.content
    before = snippets.composed(contents.of_version(current.version), project_id=project.pk).content if current else None
    found = checks.run(before=before, after=after, traffic=traffic)
    stops = [check.sentence for check in found if check.level == checks.STOPS]
    stops += snippets.findings(written, project, name=version.prompt.name)
    stops += snippets.loose(filled, is_protected=rule.covers)
    if stops:
        raise StoppedByChecks(stops)


def _move(
    prompt: Prompt, label: str, current: Label | None, version: PromptVersion, *,
    by: User | None, reason: str = "", is_undo: bool = False, change_request: ChangeRequest | None = None,
    is_scheduled: bool = False,
) -> LabelMove:  # fmt: skip
    reason = texts.clean(reason).strip()
    if len(reason) > MAX_REASON:
        raise NoteTooLong
    before, now = current.version if current else None, timezone.now()
    Label.objects.update_or_create(
        prompt=prompt, name=label,
        defaults={"project_id": prompt.project_id, "version": version, "updated_at": now, "updated_by": by},
    )  # fmt: skip
    move = LabelMove.objects.create(
        project_id=prompt.project_id, prompt=prompt, label=label, from_version=before, to_version=version,
        is_undo=is_undo, reason=reason, moved_by=by, moved_at=now, change_request=change_request,
        is_scheduled=is_scheduled,
    )  # fmt: skip
    audit.record(
        action="prompt.publish_undone" if is_undo else "prompt.published", subject=prompt.name, by=by,
        project=prompt.project, label=label, reason=reason, from_version=before.number if before else None,
        to_version=version.number, before_hash=before.content_hash if before else "", after_hash=version.content_hash,
        **_agreement(change_request),
    )  # fmt: skip
    news.moved(move=move, by=by)
    resolution.forget_after_commit(prompt.project_id, name=prompt.name, labels=[label])
    return move


def _agreement(request: ChangeRequest | None) -> dict[str, str | int]:
    if request is None or request.reviewed_by is None:
        return {}
    return {"change_request": request.pk, "approved_by": request.reviewed_by.email}
