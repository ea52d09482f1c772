"""What applications are answered when the prompt registry refuses something."""

from __future__ import annotations

from prompt_registry.errors import (
    ApprovalMissing,
    ChangedMeanwhile,
    ContentNotUsable,
    LabelProtected,
    NotAllowed,
    NothingToUndo,
    PromptArchived,
    PromptDeleted,
    PromptRegistryError,
    PublishedMeanwhile,
    SnippetInUse,
    TypeFixed,
    VersionUnknown,
)
from webapp.api import approval_hints
from webapp.api.errors import ApiError

_STATUSES: dict[type[PromptRegistryError], int] = {
    NotAllowed: 403, LabelProtected: 403, VersionUnknown: 404, ApprovalMissing: 409,
    ChangedMeanwhile: 409, NothingToUndo: 409, PromptArchived: 409,
    SnippetInUse: 409, TypeFixed: 409, PromptDeleted: 410, PublishedMeanwhile: 412,
}  # fmt: skip


def refused(error: PromptRegistryError) -> ApiError:
    """Return the answer that says what was refused and what to do."""
    status = _STATUSES.get(type(error), 422)
    if isinstance(error, ContentNotUsable):
        found = [{"field": problem.field, "reason": problem.sentence} for problem in error.problems]
        return ApiError(status, "The prompt cannot be saved like this; see «errors».", errors=found)
    if isinstance(error, ChangedMeanwhile):
        sentence = f"Version {error.newer.number} was saved after the one you started from. Fetch it, then decide."
        return ApiError(status, sentence, newest_version=error.newer.number)
    if isinstance(error, PublishedMeanwhile):
        number = error.current.number if error.current else None
        sentence = f"The label points to version {number} by now." if number else "The label points nowhere by now."
        return ApiError(status, f"{sentence} Nothing was moved; look at it and decide anew.", current_version=number)
    return ApiError(status, approval_hints.sentence_for(error))
