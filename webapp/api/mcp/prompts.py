"""Published prompts as MCP offers them: a list with their blanks, and one with its blanks filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from projects.keys import Caller
from prompt_registry import rendering, resolution
from prompt_registry.errors import RenderingError
from prompt_registry.models import PRODUCTION
from prompt_registry.resolution import Refusal
from prompt_registry.rollouts.serving import Audience, Serving, serve
from webapp.api.mcp.messages import INVALID_PARAMS, Message, RpcError, object_in, text_in
from webapp.api.ofrep import flags

# Under it a client says who the prompt is for, in the words of an OpenFeature context.
CONTEXT = "callboard/context"
_PREVIEW = 160
_SAMPLE = 100
_INSERTED = (
    "Messages that are inserted here: a JSON list of {role, content}, or a text that becomes one message of the user."
)


def listed(message: Message, caller: Caller) -> dict[str, Any]:
    """Return one page of the prompts that are live in production."""
    after = text_in(message.params, "cursor")
    document = flags.page(resolution.page(project_id=caller.project_id, label=PRODUCTION, after=after))
    found: dict[str, Any] = {"prompts": [_described(item) for item in document["items"]]}
    return found | ({"nextCursor": document["next"]} if document["next"] else {})


def got(message: Message, caller: Caller) -> dict[str, Any]:
    """Return the messages of a prompt with its blanks filled in: what was live, unless the context says for whom it is."""
    found = flags.find(project_id=caller.project_id, key=text_in(message.params, "name"))
    if isinstance(found, Refusal):
        raise RpcError(INVALID_PARAMS, found.sentence)
    context = message.meta.get(CONTEXT)
    audience = flags.audience_of(context, environment=caller.environment) if isinstance(context, dict) else Audience()
    serving = serve(found.document, audience)
    roles, messages = _rendered(serving.version, _values(message))
    return {
        "description": _summary(serving.version),
        "messages": messages,
        "_meta": {
            "callboard/prompt": found.document["name"], "callboard/label": found.label,
            "callboard/version": serving.version["version"], "callboard/roles": roles, **_rollout(serving, audience),
        },
    }  # fmt: skip


def _rollout(serving: Serving, audience: Audience) -> dict[str, Any]:
    """Return what a call has to carry to be counted, when it is known whom it is for."""
    if not (serving.rollout_id and audience.unit_id):
        return {}
    return {
        "callboard/rollout_id": serving.rollout_id, "callboard/arm": serving.arm, "callboard/bucket": serving.bucket,
    }  # fmt: skip


def _described(item: Mapping[str, Any]) -> dict[str, Any]:
    blanks = [_argument(variable) for variable in item["variables"]]
    inserted = [
        {"name": message["name"], "description": _INSERTED, "required": False}
        for message in item["messages"]
        if rendering.is_placeholder(message)
    ]
    return {
        "name": item["name"], "title": item["name"].rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize(),
        "description": _summary(item), "arguments": [*blanks, *inserted],
    }  # fmt: skip


def _argument(variable: Mapping[str, Any]) -> dict[str, Any]:
    sample, choices = variable["sample"][:_SAMPLE], variable.get("choices")
    hints = [
        variable["description"],
        f"One of: {', '.join(choices)[:300]}." if choices else "",
        f"For example: {sample}" if sample else "",
    ]
    return {
        "name": variable["name"],
        "description": " ".join(hint for hint in hints if hint),
        "required": variable["required"],
    }


def _summary(item: Mapping[str, Any]) -> str:
    """Return how the text begins, by which people know a prompt, and its version."""
    texts = [item["text"], *(message.get("content") for message in item["messages"])]
    words = " ".join(next((text for text in texts if text), "").split())
    preview = words if len(words) <= _PREVIEW else f"{words[:_PREVIEW]}…"
    return f"{preview} (version {item['version']})"


def _values(message: Message) -> dict[str, str]:
    values = object_in(message.params, "arguments")
    if wrong := [name for name, value in values.items() if not isinstance(value, str)]:
        raise RpcError(INVALID_PARAMS, f"The argument «{wrong[0][:100]}» must be a text.")
    return values


def _rendered(item: Mapping[str, Any], values: Mapping[str, str]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the roles of the messages as they are in Callboard, and the messages; MCP knows two roles only."""
    _demand_filled(item["variables"], values)
    # An optional blank that nobody fills stays empty; what the text has beyond the described ones stays visible.
    filled: dict[str, Any] = {variable["name"]: "" for variable in item["variables"]} | dict(values)
    try:
        messages = _messages(item, filled)
    except RenderingError as error:
        raise RpcError(INVALID_PARAMS, str(error)) from error
    roles = [str(entry.get("role")) for entry in messages]
    return roles, [
        {
            "role": "assistant" if role == "assistant" else "user",
            "content": {"type": "text", "text": rendering.stringify(entry.get("content"))},
        }
        for role, entry in zip(roles, messages, strict=True)
    ]


def _messages(item: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    if item["type"] == "text":
        return [{"role": "user", "content": rendering.render_text(item["text"], values).text}]
    places = [message["name"] for message in item["messages"] if rendering.is_placeholder(message)]
    inserted = {name: _conversation(str(values[name])) for name in places if values.get(name)}
    return rendering.render_messages(item["messages"], {**values, **inserted}).messages


def _demand_filled(variables: list[dict[str, Any]], values: Mapping[str, str]) -> None:
    missing = [variable["name"] for variable in variables if variable["required"] and variable["name"] not in values]
    if missing:
        raise RpcError(INVALID_PARAMS, f"These arguments are missing: {', '.join(missing)[:500]}.")


def _conversation(value: str) -> list[dict[str, Any]]:
    """Return the messages that a text stands for."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, list) and found and all(isinstance(entry, dict) and "content" in entry for entry in found):
        return found
    return [{"role": "user", "content": value}]
