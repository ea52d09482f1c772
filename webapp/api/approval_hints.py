"""Tells an application that may not move a label how to get there: a key may ask for approval, never give it."""

from __future__ import annotations

from prompt_registry.errors import ApprovalMissing, LabelProtected, PromptRegistryError

ADDRESS = "/api/v1/change-requests"
_HINT = (
    f'Save the version without this label, then ask for its approval with POST {ADDRESS} {{"prompt", "version", '
    '"label"}}; a person publishes it.'
)


def sentence_for(error: PromptRegistryError) -> str:
    """Return what went wrong, and for a protected label also what to do instead."""
    return f"{error} {_HINT}" if isinstance(error, LabelProtected | ApprovalMissing) else str(error)
