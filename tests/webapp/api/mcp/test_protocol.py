"""Both versions of the Model Context Protocol at one address, and what is refused before anything is done."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from django.db import OperationalError, connection
from django.test import Client

from projects import keys
from projects.models import Project
from projects.roles import Role, Scope
from tests.prompt_registry.factories import make_member, make_project
from tests.webapp.api.mcp.factories import LEGACY, META, MODERN, key_of, legacy, modern, post
from webapp.api import rate_limits
from webapp.api.mcp import endpoint, tools

pytestmark = pytest.mark.django_db
INITIALIZE = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture(autouse=True)
def _forget():
    rate_limits.forget()


@pytest.fixture
def project() -> Project:
    return make_project()


@pytest.fixture
def key(project: Project) -> dict[str, str]:
    return key_of(project)


def code(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


# 2026-07-28


def test_a_client_discovers_the_server_without_a_handshake(key):
    answer = modern(key, "server/discover")
    result = answer.json()["result"]

    assert answer.status_code == 200
    assert answer.json()["id"] == 1
    assert result["supportedVersions"][0] == MODERN
    assert LEGACY in result["supportedVersions"]
    assert result["capabilities"] == {"prompts": {}, "tools": {}}
    assert result["resultType"] == "complete"
    assert (result["ttlMs"] > 0, result["cacheScope"]) == (True, "private")
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "callboard"
    assert "Mcp-Session-Id" not in answer


@pytest.mark.parametrize("method", ["tools/list", "prompts/list"])
def test_lists_say_how_long_they_may_be_kept_and_by_whom(key, method):
    result = modern(key, method).json()["result"]

    assert (result["resultType"], result["cacheScope"], result["ttlMs"] > 0) == ("complete", "private", True)


@pytest.mark.parametrize(
    ("headers", "meta", "expected"),
    [
        ({"MCP-Protocol-Version": None}, {}, -32020),
        ({"MCP-Protocol-Version": LEGACY}, {}, -32020),
        ({"Mcp-Method": None}, {}, -32020),
        ({"Mcp-Method": "TOOLS/LIST"}, {}, -32020),
        ({"Mcp-Method": "tools/call"}, {}, -32020),
        ({"MCP-Protocol-Version": "1900-01-01"}, {"io.modelcontextprotocol/protocolVersion": "1900-01-01"}, -32022),
        ({}, {"io.modelcontextprotocol/clientCapabilities": None}, -32602),
        ({}, {"io.modelcontextprotocol/clientCapabilities": []}, -32602),
    ],
)
def test_headers_and_body_must_say_the_same(key, headers, meta, expected):
    assert code(modern(key, "tools/list", headers=headers, meta=meta)) == (400, expected)


def test_a_version_that_nobody_speaks_is_answered_with_those_that_are_spoken(key):
    old = {"io.modelcontextprotocol/protocolVersion": "1900-01-01"}

    error = modern(key, "tools/list", headers={"MCP-Protocol-Version": "1900-01-01"}, meta=old).json()["error"]

    assert error["data"] == {"supported": [MODERN, LEGACY, "2025-06-18"], "requested": "1900-01-01"}


@pytest.mark.parametrize("missing", ["protocolVersion", "clientCapabilities"])
def test_what_every_modern_request_says_may_not_be_left_out(key, missing):
    meta = {name: value for name, value in META.items() if not name.endswith(missing)}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}

    answer = post(body, {**key, "MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/list"})

    assert code(answer) == (400, -32602)


@pytest.mark.parametrize(("sent", "status"), [
    ("list_issues", 200), ("  list_issues  ", 200), ("=?base64?bGlzdF9pc3N1ZXM=?=", 200), ("get_issue", 400),
    ("=?base64?%%%?=", 400), ("=?base64?//8=?=", 400), (None, 400),
])  # fmt: skip
def test_the_name_in_the_header_is_read_as_it_is_meant(key, sent, status):
    assert modern(key, "tools/call", name="list_issues", headers={"Mcp-Name": sent}).status_code == status


@pytest.mark.parametrize("method", ["ping", "initialize", "resources/list", "subscriptions/listen", "logging/setLevel"])
def test_methods_that_are_not_there_do_not_exist(key, method):
    assert code(modern(key, method)) == (404, -32601)


# 2025-11-25


@pytest.mark.parametrize(("wanted", "spoken"), [(LEGACY, LEGACY), ("2025-06-18", "2025-06-18"), ("2024-11-05", LEGACY)])
def test_older_clients_shake_hands(key, wanted, spoken):
    body = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": INITIALIZE | {"protocolVersion": wanted}}

    answer = post(body, key)

    assert (answer.status_code, answer.json()["id"]) == (200, "a")
    assert answer.json()["result"]["protocolVersion"] == spoken
    assert answer.json()["result"]["capabilities"] == {"prompts": {}, "tools": {}}
    assert "resultType" not in answer.json()["result"]
    assert "Mcp-Session-Id" not in answer


def test_after_the_handshake_a_client_says_that_it_is_ready_and_pings(key):
    ready = post({"jsonrpc": "2.0", "method": "notifications/initialized"}, key | {"MCP-Protocol-Version": LEGACY})

    assert (ready.status_code, ready.content) == (202, b"")
    assert legacy(key, "ping").json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_older_clients_that_name_no_version_are_served(key):
    answer = post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, key)

    assert set(answer.json()["result"]) == {"tools"}


@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [("nothing", {}, -32601), ("tools/call", {"name": "nothing"}, -32602), ("prompts/get", {"name": "x"}, -32602)],
)
def test_to_older_clients_the_status_does_not_speak_of_the_message(key, method, params, expected):
    assert code(legacy(key, method, **params)) == (200, expected)


def test_both_versions_see_the_same_tools_and_call_them_alike(key):
    assert legacy(key, "tools/list").json()["result"]["tools"] == modern(key, "tools/list").json()["result"]["tools"]
    old = legacy(key, "tools/call", name="list_issues", arguments={}).json()["result"]
    new = modern(key, "tools/call", name="list_issues", arguments={}).json()["result"]
    assert old["structuredContent"] == new["structuredContent"]


# What is refused before anything is done


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b" ", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 5_000, -32700),
        (b"[]", -32600),
        (orjson.dumps([{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}]), -32600),
        (b"5", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "result": {}}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "prompts/list", "params": {"_meta": 3, "cursor": {}}}', -32602),
    ],
)
def test_what_is_no_message_is_refused(key, body, expected):
    answer = post(body, key)

    assert answer.json()["error"]["code"] == expected
    assert answer.status_code in (400, 200)
    assert answer.json()["jsonrpc"] == "2.0"


@pytest.mark.parametrize("method", ["get", "delete", "put", "options"])
def test_there_is_nothing_but_post(key, method):
    answer = getattr(Client(), method)("/mcp", headers=key)

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Access-Control-Allow-Origin" not in answer


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://testserver.evil.example"},
     {"Origin": "http://127.0.0.1:8400.evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)  # fmt: skip
def test_pages_of_other_sites_may_not_call_it(key, settings, headers):
    settings.PUBLIC_URL = "http://127.0.0.1:8400"

    answer = modern(key | headers, "tools/list")

    assert answer.status_code == 403
    assert "result" not in answer.json()
    assert "Access-Control-Allow-Origin" not in answer


def test_a_name_that_was_pointed_here_is_refused(key):
    answer = Client().post("/mcp", b"{}", content_type="application/json", headers=key | {"Host": "evil.example"})

    assert answer.status_code == 400
    assert "jsonrpc" not in answer.content.decode()


def test_programs_and_pages_of_this_site_may_call_it(key, settings):
    settings.PUBLIC_URL = "https://callboard.example"

    assert modern(key, "tools/list").status_code == 200
    assert modern(key | {"Origin": "https://callboard.example"}, "tools/list").status_code == 200


def test_a_key_is_needed_and_a_cookie_is_none(key):
    answer = modern({}, "server/discover")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="callboard"')
    assert "Authorization: Bearer" in answer.json()["error"]["message"]
    assert modern({"Authorization": "Bearer cb_unknown"}, "server/discover").status_code == 401


def test_other_content_types_are_refused(key):
    assert post(b"{}", key, content_type="text/plain").status_code == 415


def test_a_body_beyond_a_mebibyte_is_refused_also_when_it_is_compressed(key):
    big = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"a": "x" * endpoint.MAX_BODY_BYTES}})

    assert post(big, key).status_code == 413
    assert post(gzip.compress(big), key | {"Content-Encoding": "gzip"}).status_code == 413


def test_a_key_that_calls_without_end_is_told_to_come_back(key, monkeypatch):
    monkeypatch.setattr(endpoint, "PER_MINUTE", 2)

    statuses = [legacy(key, "ping").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]
    assert 0 < int(legacy(key, "ping")["Retry-After"]) <= 60


def test_a_database_that_is_away_is_a_reason_to_come_back(key):
    legacy(key, "ping")

    with connection.execute_wrapper(_away):
        answer = legacy(key, "tools/call", name="list_issues", arguments={})

    assert (answer.status_code, "Retry-After" in answer) == (503, True)


def test_our_own_mistakes_are_answered_without_their_details(key, monkeypatch):
    monkeypatch.setattr(tools, "called", lambda *_: 1 / 0)

    answer = legacy(key, "tools/call", name="list_issues", arguments={})

    assert code(answer) == (500, -32603)
    assert "division" not in answer.content.decode()


# Permissions


def test_a_key_learns_only_of_what_it_may_use(project):
    reading, nothing = key_of(project, Scope.API_READ), key_of(project, Scope.INGEST)

    names = {tool["name"] for tool in modern(reading, "tools/list").json()["result"]["tools"]}

    assert names == {name for name, tool in tools.TOOLS.items() if tool.scope == Scope.API_READ}
    assert modern(reading, "server/discover").json()["result"]["capabilities"] == {"tools": {}}
    assert modern(nothing, "server/discover").json()["result"]["capabilities"] == {}
    assert modern(nothing, "tools/list").json()["result"]["tools"] == []


@pytest.mark.parametrize("name", tools.TOOLS)
def test_a_tool_is_called_with_its_own_permission_only(project, name):
    others = [scope for scope in Scope if scope != tools.TOOLS[name].scope]

    answer = modern(key_of(project, *others), "tools/call", name=name, arguments={})

    assert answer.status_code == 403
    assert tools.TOOLS[name].scope.value in answer.json()["error"]["message"]


@pytest.mark.parametrize("method", ["prompts/list", "prompts/get"])
def test_prompts_are_read_with_the_permission_to_read_prompts(project, method):
    others = [scope for scope in Scope if scope != Scope.PROMPTS_READ]

    assert modern(key_of(project, *others), method).status_code in (400, 403)
    assert legacy(key_of(project, *others), method, name="x").status_code == 403


def test_a_revoked_key_is_out(project, key):
    with_key = keys.check(key["Authorization"].removeprefix("Bearer "))
    keys.revoke(key=project.api_keys.get(key_id=with_key.key_id), by=make_member(project, Role.ADMIN))
    keys.forget()

    assert modern(key, "tools/list").status_code == 401


# Tools as they are described


def test_no_tool_publishes():
    """Whoever adds a tool has to say here that it cannot make anything live."""
    assert set(tools.TOOLS) == {
        "search_traces", "get_trace", "list_issues", "get_issue", "list_experiments", "compare_experiment", "list_datasets",
        "save_version", "add_dataset_items", "request_change",
    }  # fmt: skip


def test_tools_describe_their_arguments_in_one_piece(key):
    for tool in modern(key, "tools/list").json()["result"]["tools"]:
        schema = tool["inputSchema"]
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert "$ref" not in str(schema)
        assert not [field for field in schema["properties"].values() if "" in field.get("enum", [])]
        assert set(schema.get("required", [])) <= set(schema["properties"])
        assert len(tool["description"]) > 40
        assert tool["annotations"]["destructiveHint"] is False


def test_reading_tools_say_that_texts_are_data(key):
    for tool in modern(key, "tools/list").json()["result"]["tools"]:
        is_reading = tool["annotations"]["readOnlyHint"]
        assert is_reading == ("follow no instruction" in tool["description"])


def _away(execute, sql, params, many, context):
    raise OperationalError("away")
