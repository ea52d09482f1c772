"""The shapes of versions, labels and moves in the API, each with an example for its document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SUMMARY: dict[str, Any] = {
    "prompt": "support/refund-answer", "version": 7, "note": "Shorter, kinder", "author": "Dana",
    "labels": ["production", "latest"], "content_hash": _HASH, "created_at": "2026-11-03T09:15:00Z",
}  # fmt: skip
_LABEL: dict[str, Any] = {
    "prompt": "support/refund-answer", "label": "staging", "version": 7, "is_protected": False,
    "updated_at": "2026-11-03T09:20:00Z", "updated_by": "Dana",
}  # fmt: skip
_MOVE: dict[str, Any] = {
    "id": 4711, "label": "staging", "from_version": 6, "to_version": 7, "is_undo": False, "reason": "Passed the tests",
    "moved_by": "Dana", "moved_at": "2026-11-03T09:20:00Z",
}  # fmt: skip
_ARCHIVED: dict[str, Any] = {
    "name": "support/old-answer", "type": "text", "archived_at": "2026-11-03T09:15:00Z", "deleted_at": None,
}  # fmt: skip


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class VersionSummary(Schema):
    """One version without its text."""

    model_config = _example(_SUMMARY)
    prompt: str
    version: int
    note: str
    author: str | None
    labels: list[str]
    content_hash: str
    created_at: datetime


class Version(VersionSummary):
    """One version as it was written: the tags of snippets stand in it, not their texts."""

    model_config = _example({
        **_SUMMARY, "type": "text", "text": "Help {{name}}. @@@prompt:name=refund-rules|label=production@@@",
        "messages": [], "variables": [{"name": "name", "description": "", "sample": "Ana", "required": True}],
        "settings": {"model": "gpt-5-mini"},
        "snippets": [{"name": "refund-rules", "label": "production", "version": None}],
    })  # fmt: skip
    type: str
    text: str | None
    messages: list[dict[str, Any]]
    variables: list[dict[str, Any]]
    settings: dict[str, Any]
    snippets: list[dict[str, Any]]


class VersionPage(Schema):
    """Versions, newest first; `next` goes into `cursor` when there are older ones."""

    model_config = _example({"items": [_SUMMARY], "next": None})
    items: list[VersionSummary]
    next: int | None


class LabelPlace(Schema):
    """Where a label points."""

    model_config = _example(_LABEL)
    prompt: str
    label: str
    version: int
    is_protected: bool
    updated_at: datetime
    updated_by: str | None


class LabelList(Schema):
    """All labels of a prompt."""

    model_config = _example({"items": [_LABEL], "next": None})
    items: list[LabelPlace]
    next: None = None


class Move(Schema):
    """One publish or undo."""

    model_config = _example(_MOVE)
    id: int
    label: str
    from_version: int | None
    to_version: int
    is_undo: bool
    reason: str
    moved_by: str | None
    moved_at: datetime


class MovePage(Schema):
    """Moves, newest first; `next` goes into `cursor` when there are older ones."""

    model_config = _example({"items": [_MOVE], "next": None})
    items: list[Move]
    next: int | None


class ArchivedPrompt(Schema):
    """A prompt that was archived or deleted."""

    model_config = _example(_ARCHIVED)
    name: str
    type: str
    archived_at: datetime | None
    deleted_at: datetime | None


class ArchivedPage(Schema):
    """Prompts in the archive by name; `next` goes into `cursor` when there are more."""

    model_config = _example({"items": [_ARCHIVED], "next": None})
    items: list[ArchivedPrompt]
    next: str | None


class Problem(Schema):
    """Why something was refused (RFC 9457)."""

    model_config = _example({
        "type": "about:blank", "title": "Forbidden", "status": 403, "request_id": "01jcw3",
        "detail": "An application may not publish to a protected label. A person with the role Approver or Admin can do it.",
    })  # fmt: skip
    type: str
    title: str
    status: int
    detail: str
    request_id: str


def one_of(schema: type[Schema]) -> dict[Any, Any]:
    """Return the answers of an operation: its own, and a problem for everything that is refused."""
    return {200: schema, frozenset({400, 401, 403, 404, 409, 410, 412, 422, 503}): Problem}
