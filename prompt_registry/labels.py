"""Publishes a version by moving a label to it, and takes a publish back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from projects import audit
from projects.models import User
from projects.roles import Action
from prompt_registry import checks, contents, news, resolution, snippets, texts
from prompt_registry.errors import (
    AlreadyThere,
    LabelNotUsable,
    LabelReserved,
    NoteTooLong,
    NothingToUndo,
    PromptArchived,
    PublishedMeanwhile,
    StoppedByChecks,
    VersionUnknown,
)
from prompt_registry.models import LATEST, PRODUCTION, Label, LabelMove, Prompt, PromptVersion
from prompt_registry.permissions import demand

PROTECTED = frozenset({PRODUCTION})
MAX_REASON = 500
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_.-]{1,36}")


@dataclass(frozen=True, slots=True)
class Comeback:
    """The version that an undo brings back, and when it was live."""

    version: PromptVersion
    live_from: datetime
    live_until: datetime


@transaction.atomic
def publish(
    *, prompt: Prompt, version: PromptVersion, label: str, by: User | None, reason: str = "",
    expected_version: int | None = None,
) -> LabelMove:  # fmt: skip
    """Point the label to the version.

    `expected_version` is the number that the label pointed to when the person decided (0: it pointed nowhere);
    when it points elsewhere by now, nothing moves.
    """
    label = clean_name(label)
    demand(project=prompt.project, action=action_for(label), by=by)
    if version.prompt_id != prompt.pk:
        raise VersionUnknown
    locked = Prompt.objects.select_for_update().get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived
    current = _current(prompt, label, expected_version)
    if current is not None and current.version_id == version.pk:
        raise AlreadyThere(f"v{version.number} is live in {label} already.")
    if label in PROTECTED:
        _check(version, current)
    return _move(prompt, label, current, version, by=by, reason=reason)


@transaction.atomic
def undo(*, prompt: Prompt, label: str, by: User | None, expected_version: int | None = None) -> LabelMove:
    """Point the label back to the version that was live before the last publish that was not undone yet."""
    label = clean_name(label)
    demand(project=prompt.project, action=Action.UNDO_PUBLISH, by=by)
    Prompt.objects.select_for_update().get(pk=prompt.pk)
    current = _current(prompt, label, expected_version)
    back = comeback(prompt=prompt, label=label)
    if back is None or current is None:
        raise NothingToUndo
    return _move(prompt, label, current, back.version, by=by, is_undo=True)


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


def action_for(label: str) -> Action:
    """Return what somebody must be allowed to do to move this label."""
    return Action.PUBLISH if label in PROTECTED else Action.EDIT_PROMPTS


def clean_name(name: str) -> str:
    """Return the label's name, or raise with the reason why it cannot be used."""
    name = name.strip()
    if name == LATEST:
        raise LabelReserved
    if not _NAME.fullmatch(name):
        raise LabelNotUsable
    return name


def _current(prompt: Prompt, label: str, expected_version: int | None) -> Label | None:
    current = prompt.labels.select_related("version").filter(name=label).first()
    number = current.version.number if current else 0
    if expected_version is not None and expected_version != number:
        raise PublishedMeanwhile(current=current.version if current else None)
    return current


def _check(version: PromptVersion, current: Label | None) -> None:
    project, written = version.prompt.project, contents.of_version(version)
    after = snippets.composed(written, project_id=project.pk).content
    before = snippets.composed(contents.of_version(current.version), project_id=project.pk).content if current else None
    stops = [check.sentence for check in checks.run(before=before, after=after) if check.level == checks.STOPS]
    stops += snippets.findings(written, project, name=version.prompt.name)
    if stops:
        raise StoppedByChecks(stops)


def _move(
    prompt: Prompt, label: str, current: Label | None, version: PromptVersion, *,
    by: User | None, reason: str = "", is_undo: bool = False,
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
        is_undo=is_undo, reason=reason, moved_by=by, moved_at=now,
    )  # fmt: skip
    audit.record(
        action="prompt.publish_undone" if is_undo else "prompt.published", subject=prompt.name, by=by,
        project=prompt.project, label=label, reason=reason, from_version=before.number if before else None,
        to_version=version.number, before_hash=before.content_hash if before else "", after_hash=version.content_hash,
    )  # fmt: skip
    news.moved(move=move, by=by)
    resolution.forget_after_commit(prompt.project_id, name=prompt.name, labels=[label])
    return move
