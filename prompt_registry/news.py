"""Tells the webhooks of a project, and the people who work on a prompt, what happened to it; in the same transaction."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from projects import notification_kinds, notifications, webhooks
from projects.models import User, WebhookEvent
from prompt_registry.models import PRODUCTION, ChangeRequest, Comment, Draft, LabelMove, Prompt, PromptVersion

_MOST_TOLD = 100


def created(*, prompt: Prompt, by: User | None) -> None:
    """Tell of a new prompt."""
    webhooks.emit(project=prompt.project, event=WebhookEvent.PROMPT_CREATED, data=_of_prompt(prompt, by))


def saved(*, version: PromptVersion, by: User | None) -> None:
    """Tell of a new version."""
    webhooks.emit(project=version.prompt.project, event=WebhookEvent.PROMPT_COMMITTED, data=about(version, by=by))


def moved(*, move: LabelMove, by: User | None) -> None:
    """Tell of a publish or of an undo."""
    before = move.from_version
    data = about(move.to_version, by=by) | {
        "label": move.label,
        "reason": move.reason,
        "previous_version": before.number if before else None,
    }
    event = WebhookEvent.PROMPT_UNDONE if move.is_undo else WebhookEvent.PROMPT_PUBLISHED
    webhooks.emit(project=move.prompt.project, event=event, data=data)
    if move.label == PRODUCTION:
        _tell_those_who_work_on_it(move, by)


def asked(*, request: ChangeRequest, event: WebhookEvent, by: User | None) -> None:
    """Tell the webhooks that approval was asked for, given, or not given yet; people are told where that happens."""
    said = request.note if event == WebhookEvent.CHANGE_REQUEST_OPENED else request.review_note
    data = about(request.version, by=by) | {"change_request": request.pk, "label": request.label, "said": said}
    webhooks.emit(project=request.prompt.project, event=event, data=data)


def about(version: PromptVersion, *, by: User | None) -> dict[str, Any]:
    """Return what events say about a version; its text is not part of it, receivers fetch that."""
    return _of_prompt(version.prompt, by) | {
        "version": version.number,
        "content_hash": version.content_hash,
        "note": version.note,
        "url": f"{settings.PUBLIC_URL}{_path(version.prompt)}versions/{version.number}/",
    }


def _of_prompt(prompt: Prompt, by: User | None) -> dict[str, Any]:
    return {
        "prompt": prompt.name,
        "prompt_type": prompt.type,
        "by": by.display_name if by else None,
        "url": f"{settings.PUBLIC_URL}{_path(prompt)}",
    }


def _tell_those_who_work_on_it(move: LabelMove, by: User | None) -> None:
    prompt, who = move.prompt, by.display_name if by else "An application"
    request = move.change_request
    # Whoever asked for the approval is told in other words.
    others = {by.pk if by else None, *((request.requested_by_id, request.author_id) if request else ())} - {None}
    act = "brought back" if move.is_undo else "published"
    notifications.tell(
        project=prompt.project, to=_workers(prompt).exclude(pk__in=others)[:_MOST_TOLD],
        kind=notification_kinds.PUBLISHED,
        sentence=f"{who} {act} v{move.to_version.number} of {prompt.name} in production", path=f"{_path(prompt)}versions/",
    )  # fmt: skip


def _workers(prompt: Prompt) -> Any:
    """Return who wrote a version, a draft or a comment of the prompt."""
    written = PromptVersion.objects.filter(prompt=prompt).values("author")
    drafted = Draft.objects.filter(prompt=prompt).values("user")
    said = Comment.objects.filter(prompt=prompt).values("author")
    return User.objects.filter(pk__in=written.union(drafted, said))


def _path(prompt: Prompt) -> str:
    return f"/p/{prompt.project.slug}/prompts/{prompt.pk}/"
