"""The MCP client library lists and gets prompts and calls tools, in both versions of the protocol, and cannot publish."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from django.conf import settings as django_settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from projects import keys
from projects.models import Project
from projects.roles import Role, Scope
from prompt_registry import labels, resolution
from prompt_registry.models import ChangeRequest, Label
from tests.prompt_registry.factories import make_member, make_project, make_prompt, make_version, text
from tests.webapp.api.mcp.factories import LEGACY, MODERN
from webapp.api import rate_limits

# The server answers in threads of its own, so nothing can be rolled back; naming the apps lets TRUNCATE cascade.
pytestmark = pytest.mark.django_db(transaction=True, available_apps=django_settings.INSTALLED_APPS)


@pytest.fixture
def project() -> Project:
    project = make_project()
    prompt = make_prompt(project, name="support/answer", type="text")
    version = make_version(prompt, text("Answer {{question}}."))
    labels.publish(prompt=prompt, version=version, label="production", by=make_member(project, Role.APPROVER))
    resolution.forget()
    rate_limits.forget()
    return project


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="model", scopes=Scope, by=make_member(project, Role.EDITOR))[1]


def talk(url: str, key: str, mode: str, say: Callable[[Client], Awaitable[Any]]) -> Any:
    """Return what a client learns that connects in one way."""

    async def run() -> Any:
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            async with Client(transport, mode=mode, read_timeout_seconds=60) as client:
                return client.protocol_version, await say(client)

    return asyncio.run(run())


@pytest.mark.parametrize(("mode", "version"), [("auto", MODERN), (MODERN, MODERN), ("legacy", LEGACY)])
def test_a_client_uses_prompts_and_tools_and_only_asks_for_a_publish(live_server, key, mode, version):
    async def say(client: Client) -> None:
        listed = await client.list_prompts()
        assert [prompt.name for prompt in listed.prompts] == ["support/answer"]
        got = await client.get_prompt("support/answer", {"question": "why"})
        assert got.messages[0].content.text == "Answer why."
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {"save_version", "request_change"} <= names
        assert not [name for name in names if "publish" in name]
        saved = await client.call_tool(
            "save_version", {"prompt": "support/answer", "text": "Answer {{question}} at once."}
        )
        assert saved.structured_content["version"] == 2
        asked = await client.call_tool("request_change", {"prompt": "support/answer", "version": 2})
        assert asked.structured_content["is_published"] is False
        refused = await client.call_tool("get_issue", {"number": 99})
        assert refused.is_error

    spoken, _ = talk(live_server.url, key, mode, say)

    assert spoken == version
    assert Label.objects.get(name="production").version.number == 1
    assert ChangeRequest.objects.get().state == "open"
