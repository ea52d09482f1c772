"""Which requests for approval there are, for whom they wait, and what became of them."""

from __future__ import annotations

from django.db.models import Q

from projects.models import Membership, Project, User
from projects.roles import Action
from prompt_registry.models import (
    ChangeRequest,
    ChangeRequestQuerySet,
    ChangeRequestState,
    Prompt,
    PromptVersion,
)

_RELATED = ("prompt", "version", "author", "requested_by", "reviewer", "reviewed_by")
_HEAVY = tuple(f"version__{name}" for name in ("text", "messages", "variables", "settings"))


def listed(project: Project) -> ChangeRequestQuerySet:
    """Return every request of the project with what a list shows of it, the newest first."""
    return ChangeRequest.objects.for_project(project).select_related(*_RELATED).defer(*_HEAVY).order_by("-pk")


def waiting_for(membership: Membership) -> ChangeRequestQuerySet:
    """Return what this member can do something about: approve, change what somebody asked them to, publish."""
    user = membership.user
    is_own = Q(author=user) | Q(requested_by=user) | Q(asked_through=user)
    wanted = Q(state=ChangeRequestState.CHANGES_REQUESTED) & is_own
    if membership.can(Action.PUBLISH):
        is_involved = is_own | Q(reviewer=user) | Q(reviewed_by=user)
        asked = Q(state=ChangeRequestState.OPEN) & (Q(reviewer=None) | Q(reviewer=user))
        # A missing author must not swallow the row: NOT (NULL = 7) is no answer.
        foreign = (Q(author=None) | ~Q(author=user)) & (Q(requested_by=None) | ~Q(requested_by=user))
        foreign &= Q(asked_through=None) | ~Q(asked_through=user)
        wanted |= (asked & foreign) | (Q(state=ChangeRequestState.APPROVED) & is_involved)
    active = Q(prompt__archived_at=None, prompt__deleted_at=None)
    return listed(membership.project).filter(wanted & active)


def asked_by(project: Project, user: User) -> ChangeRequestQuerySet:
    """Return what this person asked for or wrote and what is not decided or published yet."""
    return listed(project).active().filter(Q(author=user) | Q(requested_by=user))


def active_of(prompt: Prompt) -> list[ChangeRequest]:
    """Return the requests of a prompt that are not over."""
    return list(listed(prompt.project).active().filter(prompt=prompt))


def history_of(prompt: Prompt, *, limit: int) -> list[ChangeRequest]:
    """Return the requests of a prompt, the newest first."""
    return list(listed(prompt.project).filter(prompt=prompt)[:limit])


def latest(*, prompt: Prompt, version: PromptVersion, label: str) -> ChangeRequest | None:
    """Return the newest request for this version and label, whatever became of it."""
    return listed(prompt.project).filter(prompt=prompt, version=version, label=label).first()
