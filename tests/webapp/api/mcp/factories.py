"""Messages to the MCP endpoint as clients of both protocol versions send them."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse
from django.test import Client

from projects import keys
from projects.models import Project, User
from projects.roles import Scope

MODERN, LEGACY = "2026-07-28", "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def key_of(project: Project, *scopes: Scope, by: User | None = None, environment: str = "") -> dict[str, str]:
    _, plain = keys.create(project=project, name="model", scopes=scopes or Scope, by=by, environment=environment)
    return {"Authorization": f"Bearer {plain}"}


def post(body: Any, headers: dict[str, str], *, content_type: str = "application/json") -> HttpResponse:
    sent = body if isinstance(body, bytes) else orjson.dumps(body)
    return Client().post("/mcp", sent, content_type=content_type, headers=headers)


def modern(
    key: dict[str, str], method: str, *, headers: dict[str, str | None] | None = None, meta: dict[str, Any] | None = None,
    **params: Any,
) -> HttpResponse:  # fmt: skip
    """Send a request of 2026-07-28; a header of None is left out."""
    named = {"Mcp-Name": params["name"]} if "name" in params else {}
    sent = {**key, "MCP-Protocol-Version": MODERN, "Mcp-Method": method, **named, **(headers or {})}
    body = {
        "jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": {**META, **(meta or {})}},
    }  # fmt: skip
    return post(body, {name: value for name, value in sent.items() if value is not None})


def legacy(key: dict[str, str], method: str, **params: Any) -> HttpResponse:
    """Send a request as clients did that had shaken hands."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return post(body, {**key, "MCP-Protocol-Version": LEGACY})


def call(key: dict[str, str], tool: str, **arguments: Any) -> dict[str, Any]:
    """Return what a tool answers, for better or worse."""
    result: dict[str, Any] = modern(key, "tools/call", name=tool, arguments=arguments).json()["result"]
    return result


def told(key: dict[str, str], tool: str, **arguments: Any) -> str:
    """Return the sentence with which a tool refuses."""
    result = call(key, tool, **arguments)
    assert result["isError"], result
    [content] = result["content"]
    return str(content["text"])


def done(key: dict[str, str], tool: str, **arguments: Any) -> dict[str, Any]:
    """Return the values that a tool answers, which its text says as well."""
    result = call(key, tool, **arguments)
    assert not result["isError"], result
    [content] = result["content"]
    found: dict[str, Any] = result["structuredContent"]
    assert orjson.loads(content["text"]) == found
    return found
