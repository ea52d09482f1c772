"""What a webhook sends: the event as JSON, or one line of text for a chat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from projects.models import Project

TEST_EVENT = "webhook:test"
FINISHED_EVENT = "experiment:finished"
_OF_ISSUES = {
    "issue:opened": "A problem was found",
    "issue:escalating": "A problem gets worse",
    "issue:resolved": "A problem is gone",
    "issue:regressed": "A problem came back",
}
_OF_ALERTS = ("alert:fired", "alert:resolved")
_ACTS = {
    "prompt:created": "made the prompt",
    "prompt:committed": "saved",
    "prompt:published": "published",
    "prompt:undone": "undid a publish:",
    "change_request:opened": "asks for approval of",
    "change_request:approved": "approved",
    "change_request:changes_requested": "asks for changes to",
    "rollout:started": "began the rollout of",
    "rollout:advanced": "moved on the rollout of",
    "rollout:paused": "paused or continued the rollout of",
    "rollout:rolled_back": "rolled back",
    "rollout:completed": "completed the rollout of",
}


def payload(*, event_id: UUID, event: str, project: Project, data: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the event as receivers get it."""
    return {
        "id": message_id(event_id),
        "type": event,
        "created_at": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "project": {"slug": project.slug, "name": project.name},
        "data": dict(data),
    }


def message_id(event_id: UUID) -> str:
    """Return the id under which receivers know an event; it stays the same however often it is sent."""
    return f"evt_{event_id.hex}"


def body(*, payload: Mapping[str, Any], is_slack: bool) -> bytes:
    """Return the bytes to send; the same event always makes the same bytes."""
    return orjson.dumps(_for_slack(payload) if is_slack else payload, option=orjson.OPT_SORT_KEYS)


def line(payload: Mapping[str, Any]) -> str:
    """Return the event as a line for people, with everything that Slack would take for a command made harmless."""
    data = payload["data"]
    if payload["type"] == TEST_EVENT:
        words = str(data.get("message", ""))
    elif payload["type"] == FINISHED_EVENT:
        words = f"The test «{data.get('experiment', '')}» is done."
    elif payload["type"] in _OF_ALERTS:
        words = str(data.get("sentence", ""))
    elif payload["type"] in _OF_ISSUES:
        words = f"{_OF_ISSUES[payload['type']]}: {data.get('title', '')} (issue {data.get('issue', '')})"
    else:
        act = _ACTS.get(payload["type"], payload["type"])
        words = " ".join(part for part in (_who(data), act, _what(data), _where(data)) if part)
    note = data.get("reason") or data.get("note") or ""
    parts = [f"[{payload['project']['name']}] {words}", str(note), str(data.get("url", ""))]
    return "\n".join(_harmless(part) for part in parts if part)


def _for_slack(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a chat gets: a line, and of an alert also buttons that lead to it and to its calls."""
    text = {"text": line(payload)}
    if payload["type"] not in _OF_ALERTS:
        return text
    data = payload["data"]
    said = _harmless(f"[{payload['project']['name']}] {data.get('sentence', '')}")
    buttons = [("Open the alert", data.get("url")), ("Open the calls", data.get("calls_url"))]
    return text | {
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": said[:3_000]}},
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": label}, "url": str(url)}
                    for label, url in buttons
                    if url
                ],
            },
        ]
    }


def _who(data: Mapping[str, Any]) -> str:
    return str(data.get("by") or "An application")


def _what(data: Mapping[str, Any]) -> str:
    version = data.get("version")
    return f"{data.get('prompt', '')} v{version}" if version else str(data.get("prompt", ""))


def _where(data: Mapping[str, Any]) -> str:
    label = data.get("label")
    if not label:
        return ""
    before = data.get("previous_version")
    return f"in {label}" + (f" in place of v{before}" if before else "")


def _harmless(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
