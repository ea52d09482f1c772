"""What lets a version go live behind a protected label: an approval of exactly its content."""

from __future__ import annotations

from django.utils import timezone

from prompt_registry.errors import ApprovalMissing
from prompt_registry.models import ChangeRequest, ChangeRequestState, Prompt, PromptVersion


def approved(*, prompt: Prompt, version: PromptVersion, label: str) -> ChangeRequest | None:
    """Return the request that lets this very content go live behind the label."""
    requests = prompt.change_requests.select_related("reviewed_by", "requested_by", "author").approved()
    return requests.filter(label=label, version=version, content_hash=version.content_hash).first()


def use(*, prompt: Prompt, version: PromptVersion, label: str, is_required: bool) -> ChangeRequest | None:
    """Use the approval up for one publish and return it; the prompt must be locked.

    Without an approval this raises, unless none is required: then an unanswered request has become pointless.
    """
    request = approved(prompt=prompt, version=version, label=label)
    if request is None:
        if is_required:
            raise ApprovalMissing(_missing(version, label))
        pointless = prompt.change_requests.waiting().filter(label=label, version=version)
        pointless.update(state=ChangeRequestState.SUPERSEDED, ended_at=timezone.now())
        return None
    used = prompt.change_requests.approved().filter(pk=request.pk)
    if not used.update(state=ChangeRequestState.PUBLISHED, ended_at=timezone.now()):
        raise ApprovalMissing(_missing(version, label))
    request.state = ChangeRequestState.PUBLISHED
    return request


def _missing(version: PromptVersion, label: str) -> str:
    return f"v{version.number} needs the approval of a second person before it goes live in {label}. Ask for approval first."
