"""Asks for the approval of a version for a protected label, gives it and takes it back: four eyes on one content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from projects import audit, notifications
from projects.models import Membership, User, WebhookEvent
from projects.roles import Action
from prompt_registry import label_names, news, places, protection, texts
from prompt_registry.errors import (
    AlreadyAsked,
    AlreadyThere,
    LabelNotProtected,
    NotAllowed,
    NoteMissing,
    NoteTooLong,
    OtherContent,
    OwnChange,
    PromptArchived,
    RequestClosed,
    ReviewerNotUsable,
    VersionUnknown,
)
from prompt_registry.models import ChangeRequest, ChangeRequestQuerySet, ChangeRequestState, Prompt, PromptVersion
from prompt_registry.permissions import demand

MAX_NOTE = 500


@transaction.atomic
def ask(
    *,
    prompt: Prompt,
    version: PromptVersion,
    label: str,
    by: User | None,
    note: str = "",
    reviewer: User | None = None,
    through: User | None = None,
) -> ChangeRequest:
    """Propose the version for the protected label; an earlier proposal that nobody approved yet is replaced.

    When an application asks, `through` is the person who made its key: that is not the second pair of eyes.
    """
    label, note = label_names.clean(label), _note(note)
    demand(project=prompt.project, action=Action.EDIT_PROMPTS, by=by)
    if version.prompt_id != prompt.pk:
        raise VersionUnknown
    if not protection.now(prompt.project_id).covers(label):
        raise LabelNotProtected(f"Nobody has to approve what goes live in {label}. Publish it without asking.")
    _lock(prompt)
    version = prompt.versions.select_related("author", "prompt").get(pk=version.pk)
    _demand_usable(reviewer, version, by or through)
    _demand_new(prompt, version, label)
    _replace(prompt.change_requests.waiting().filter(label=label), by=by)
    request = ChangeRequest.objects.create(
        project_id=prompt.project_id, prompt=prompt, label=label, version=version, content_hash=version.content_hash,
        author=version.author, note=note, requested_by=by, reviewer=reviewer, asked_through=through,
    )  # fmt: skip
    _record("asked", request, by=by, note=note, reviewer=reviewer.email if reviewer else "")
    asks = f"{_name(by)} asks you to approve v{version.number} of {prompt.name} for {label}"
    _tell(request, "asked", reviewers(request) if reviewer is None else [reviewer], _ended(asks, note), by=by)
    news.asked(request=request, event=WebhookEvent.CHANGE_REQUEST_OPENED, by=by)
    return request


@transaction.atomic
def approve(*, request: ChangeRequest, content_hash: str, by: User, note: str = "") -> ChangeRequest:
    """Agree that this very content goes live; `content_hash` is what the person looked at."""
    note, request = _note(note), _open(request)
    demand(project=request.project, action=Action.PUBLISH, by=by)
    if why := why_not(request, by):
        raise OwnChange(why)
    if content_hash != request.content_hash:
        raise OtherContent
    if not request.is_waiting:
        raise RequestClosed
    _replace(request.prompt.change_requests.approved().filter(label=request.label), by=by)
    _review(request, ChangeRequestState.APPROVED, note, by=by)
    _record("approved", request, by=by, note=note)
    sentence = f"{by.display_name} approved v{request.version.number} of {request.prompt.name} for {request.label}"
    _tell(request, "approved", _askers(request), _ended(sentence, note), by=by)
    news.asked(request=request, event=WebhookEvent.CHANGE_REQUEST_APPROVED, by=by)
    return request


@transaction.atomic
def ask_for_changes(*, request: ChangeRequest, note: str, by: User) -> ChangeRequest:
    """Say what should change before anybody approves; this takes an approval back, too."""
    note, request = _note(note), _open(request)
    demand(project=request.project, action=Action.PUBLISH, by=by)
    if why := why_not(request, by):
        raise OwnChange(why)
    if not note:
        raise NoteMissing
    others = request.prompt.change_requests.waiting().filter(label=request.label).exclude(pk=request.pk)
    becomes = ChangeRequestState.SUPERSEDED if others.exists() else ChangeRequestState.CHANGES_REQUESTED
    _review(request, becomes, note, by=by)
    _record("changes_asked_for", request, by=by, note=note)
    sentence = f"{by.display_name} asks for changes in v{request.version.number} of {request.prompt.name}"
    _tell(request, "changes", _askers(request), _ended(sentence, note), by=by)
    news.asked(request=request, event=WebhookEvent.CHANGE_REQUEST_CHANGES_REQUESTED, by=by)
    return request


@transaction.atomic
def withdraw(*, request: ChangeRequest, by: User | None) -> ChangeRequest:
    """Take a request back; whoever asked or wrote the version may do that, and whoever may publish."""
    request = _open(request)
    demand(project=request.project, action=Action.EDIT_PROMPTS, by=by)
    if not may_withdraw(request, by):
        raise NotAllowed("Whoever asked for the approval or wrote the version can withdraw this, or an approver.")
    request.state, request.ended_at = ChangeRequestState.WITHDRAWN, timezone.now()
    request.save(update_fields=["state", "ended_at"])
    _record("withdrawn", request, by=by)
    return request


def may_withdraw(request: ChangeRequest, by: User | None) -> bool:
    """Tell whether this person, or an application (None), may take the request back."""
    if by is None:
        return request.requested_by_id is None
    if by.pk in (request.requested_by_id, request.author_id):
        return True
    membership = Membership.objects.filter(project=request.project_id, user=by).first()
    return membership is not None and membership.can(Action.PUBLISH)


def why_not(request: ChangeRequest, user: User) -> str:
    """Return why this person is not the second pair of eyes, or nothing."""
    if user.pk == request.author_id:
        return f"You wrote v{request.version.number}, so a second person must approve it."
    if user.pk == request.requested_by_id:
        return "You asked for the approval, so a second person must give it."
    if user.pk == request.asked_through_id:
        return "Your key asked for the approval, so a second person must give it."
    return ""


def reviewers(request: ChangeRequest) -> list[User]:
    """Return who may approve the request."""
    return possible_reviewers(version=request.version, by=request.requested_by or request.asked_through)


def possible_reviewers(*, version: PromptVersion, by: User | None) -> list[User]:
    """Return who may approve the version when this person asks for it."""
    own = {version.author_id, by.pk if by else None}
    approvers = notifications.who_may(project=version.prompt.project, action=Action.PUBLISH)
    return [user for user in approvers if user.pk not in own]


def tell_published(*, request: ChangeRequest, by: User | None) -> None:
    """Tell whoever asked for the approval or wrote the version that it is live."""
    number, name = request.version.number, request.prompt.name
    _tell(request, "published", _askers(request), f"v{number} of {name} is live in {request.label} now.", by=by)


def _lock(prompt: Prompt) -> None:
    locked = Prompt.objects.select_for_update(of=("self",)).get(pk=prompt.pk)
    if locked.archived_at or locked.deleted_at:
        raise PromptArchived


def _open(request: ChangeRequest) -> ChangeRequest:
    """Lock the prompt and return the request as it is now, if anything can still be done about it."""
    _lock(request.prompt)
    related = ("project", "prompt__project", "version__prompt", "author", "requested_by", "asked_through", "reviewer")
    found = ChangeRequest.objects.select_related(*related).get(pk=request.pk)
    if not found.is_active:
        raise RequestClosed
    return found


def _demand_usable(reviewer: User | None, version: PromptVersion, by: User | None) -> None:
    if reviewer is not None and reviewer not in possible_reviewers(version=version, by=by):
        raise ReviewerNotUsable


def _demand_new(prompt: Prompt, version: PromptVersion, label: str) -> None:
    if prompt.labels.filter(name=label, version=version).exists():
        raise AlreadyThere(f"v{version.number} is live in {label} already.")
    same = prompt.change_requests.filter(label=label, version=version)
    known = same.filter(state__in=(ChangeRequestState.OPEN, ChangeRequestState.APPROVED)).first()
    if known is not None:
        raise AlreadyAsked(request=known)


def _replace(earlier: ChangeRequestQuerySet, *, by: User | None) -> None:
    for request in earlier.select_related("prompt__project", "version", "requested_by", "author"):
        request.state, request.ended_at = ChangeRequestState.SUPERSEDED, timezone.now()
        request.save(update_fields=["state", "ended_at"])
        sentence = f"A newer request replaced yours for v{request.version.number} of {request.prompt.name}"
        _tell(request, "replaced", _askers(request), _ended(sentence), by=by)


def _review(request: ChangeRequest, state: ChangeRequestState, note: str, *, by: User) -> None:
    request.state, request.reviewed_by, request.reviewed_at, request.review_note = state, by, timezone.now(), note
    request.ended_at = timezone.now() if state == ChangeRequestState.SUPERSEDED else None
    request.save(update_fields=["state", "reviewed_by", "reviewed_at", "review_note", "ended_at"])


def _askers(request: ChangeRequest) -> list[User]:
    return [user for user in {request.requested_by, request.author} if user is not None]


def _tell(request: ChangeRequest, kind: str, to: Iterable[User], sentence: str, *, by: User | None) -> None:
    others = [user for user in to if by is None or user.pk != by.pk]
    path = places.publishing(request.prompt, number=request.version.number, label=request.label)
    notifications.tell(project=request.prompt.project, to=others, kind=f"approval.{kind}", sentence=sentence, path=path)


def _record(what: str, request: ChangeRequest, *, by: User | None, **details: Any) -> None:
    audit.record(
        action=f"prompt.approval_{what}", subject=request.prompt.name, by=by, project=request.prompt.project,
        label=request.label, version=request.version.number, content_hash=request.content_hash,
        change_request=request.pk, **details,
    )  # fmt: skip


def _note(note: str) -> str:
    note = texts.clean(note).strip()
    if len(note) > MAX_NOTE:
        raise NoteTooLong
    return note


def _ended(sentence: str, note: str = "") -> str:
    return f"{sentence}: «{note}»" if note else f"{sentence}."


def _name(by: User | None) -> str:
    return by.display_name if by else "An application"
