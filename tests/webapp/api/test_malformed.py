"""No input makes a server error: requests made from the OpenAPI document, and damaged exports of traces and logs."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.urls import get_resolver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from projects import keys, projects
from projects.roles import Scope
from webapp.api.application import api

pytestmark = pytest.mark.django_db

JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
# The same examples in every run: a failure belongs to a change, not to luck.
SETTINGS = {
    "deadline": None, "derandomize": True, "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
}  # fmt: skip


def _operations() -> list[Any]:
    # The table of addresses adds the routers when it is read for the first time.
    assert get_resolver().url_patterns
    document = json.loads(json.dumps(api.get_openapi_schema()))
    return [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


OPERATIONS = _operations()

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["\x00", "\ud800", "9" * 400, "1e999", TRACE, "\u202e", -1, 2**63, 2**64, -(2**70), float("nan"), float("inf")]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "items", "trace_id", "span_id", "name", "data_type", "value", "string_value", "comment", "user_id", "id", "created_at",
    "source", "type", "text", "messages", "note", "variables", "settings", "prompts", "label", "version", "environment",
]  # fmt: skip
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)


@pytest.fixture
def headers() -> dict[str, str]:
    _, plain = keys.create(project=projects.create(name="Shop"), name="app", scopes=list(Scope))
    return {"Authorization": f"Bearer {plain}"}


def dumped(document: Any) -> bytes:
    """Return JSON as careless clients write it: NaN, lone surrogates, huge numbers."""
    return json.dumps(document).encode()


# The JSON API


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_the_documented_operations_never_fail(client: Client, headers: dict[str, str], operation: Any) -> None:
    @settings(max_examples=12, **SETTINGS)
    @given(case=operation.as_strategy(), document=documents)
    def check(case: Any, document: dict[str, Any]) -> None:
        answer = client.generic(
            case.method, case.formatted_path, dumped(document), content_type=JSON, headers=headers,
            query_params=dict(case.query or {}),
        )  # fmt: skip
        assert answer.status_code < 500, answer.content
        assert answer.headers["Content-Type"].startswith("application/") or not answer.content

    check()


@settings(max_examples=60, **SETTINGS)
@given(item=st.dictionaries(st.sampled_from(FIELDS), values | st.just(TRACE) | st.just(1), max_size=10))
def test_feedback_of_any_shape_is_taken_or_refused(client: Client, headers: dict[str, str], item: Any) -> None:
    body = dumped({"items": [item, {**item, "trace_id": TRACE}]})

    answer = client.post("/api/v1/feedback", body, content_type=JSON, headers=headers)

    assert answer.status_code in (200, 207, 400), answer.content


# Traces


def sound_document() -> dict[str, Any]:
    attributes = [
        {"key": "gen_ai.input.messages", "value": {"stringValue": '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]'}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}},
        {"key": "numbers", "value": {"arrayValue": {"values": [{"doubleValue": 0.5}, {"boolValue": True}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}},
    ]  # fmt: skip
    span = {
        "traceId": TRACE, "spanId": SPAN, "parentSpanId": "", "name": "chat", "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000", "attributes": attributes, "status": {"code": 2, "message": "no"},
        "events": [{"name": "gen_ai.choice", "timeUnixNano": "1700000000000000001", "attributes": attributes[:1]}],
        "links": [{"traceId": TRACE, "spanId": SPAN}],
    }  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "s"}, "spans": [span]}]}]}


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside a document."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


PLACES = list(places(sound_document()))


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    """Replace one value, unless an earlier replacement has taken its place away."""
    for key in path[:-1]:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return
    key = path[-1]
    if isinstance(document, dict) or (isinstance(document, list) and isinstance(key, int) and key < len(document)):
        document[key] = value


@settings(max_examples=150, **SETTINGS)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=4), is_packed=st.booleans())
def test_a_json_export_with_wrong_values_is_stored_or_refused(
    client: Client, headers: dict[str, str], changes: Any, is_packed: bool
) -> None:
    document = copy.deepcopy(sound_document())
    for path, value in changes:
        put(document, path, value)
    body = gzip.compress(dumped(document), 1) if is_packed else dumped(document)
    packed = {"Content-Encoding": "gzip"} if is_packed else {}

    answer = client.post("/v1/traces", body, content_type=JSON, headers=headers | packed)

    assert answer.status_code in (200, 400), answer.content
    assert isinstance(answer.json(), dict)


def sound_message() -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    span = resource.scope_spans.add().spans.add(name="chat", trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN))
    span.start_time_unix_nano, span.end_time_unix_nano = 1700000000000000000, 1700000001000000000
    span.attributes.add(key="gen_ai.request.model").value.string_value = "gpt-5-mini"
    span.attributes.add(key="numbers").value.array_value.values.add().double_value = 0.5
    span.attributes.add(key="map").value.kvlist_value.values.add(key="a").value.int_value = 7
    span.events.add(name="gen_ai.choice", time_unix_nano=1).attributes.add(key="k").value.bytes_value = b"\x00"
    span.status.code = 2
    return request.SerializeToString()


MESSAGE = sound_message()
damages = st.lists(
    st.tuples(st.integers(0, len(MESSAGE) - 1), st.sampled_from(["flip", "cut", "insert", "end"]), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)  # fmt: skip


def damaged(message: bytes, changes: list[tuple[int, str, bytes]]) -> bytes:
    """Return the bytes with some of them changed, left out, added or all the rest cut off."""
    for at, how, piece in changes:
        kept = message[:at]
        if how == "flip":
            message = kept + piece + message[at + len(piece) :]
        elif how == "insert":
            message = kept + piece + message[at:]
        else:
            message = kept + (message[at + len(piece) :] if how == "cut" else b"")
    return message


@settings(max_examples=250, **SETTINGS)
@given(changes=damages)
def test_a_damaged_protobuf_export_is_stored_or_refused(client: Client, headers: dict[str, str], changes: Any) -> None:
    headers = headers | {"Content-Type": PROTOBUF}

    answer = client.post("/v1/traces", damaged(MESSAGE, changes), content_type=PROTOBUF, headers=headers)

    assert answer.status_code in (200, 400), answer.content
    assert answer["Content-Type"] == PROTOBUF


@settings(max_examples=80, **SETTINGS)
@given(changes=damages, encoding=st.sampled_from(["gzip", "deflate"]))
def test_a_damaged_compression_is_refused(client: Client, headers: dict[str, str], changes: Any, encoding: str) -> None:
    headers = headers | {"Content-Type": PROTOBUF, "Content-Encoding": encoding}

    answer = client.post(
        "/v1/traces", damaged(gzip.compress(MESSAGE, 1), changes), content_type=PROTOBUF, headers=headers
    )

    assert answer.status_code in (200, 400), answer.content


# Logs


def sound_log() -> dict[str, Any]:
    attributes = [
        {"key": "gen_ai.evaluation.name", "value": {"stringValue": "Relevance"}},
        {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}},
        {"key": "gen_ai.evaluation.explanation", "value": {"stringValue": "on topic"}},
    ]
    record = {
        "eventName": "gen_ai.evaluation.result", "traceId": TRACE, "spanId": SPAN, "timeUnixNano": "1700000000000000000",
        "attributes": attributes,
    }  # fmt: skip
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


LOG_PLACES = list(places(sound_log()))


@settings(max_examples=80, **SETTINGS)
@given(changes=st.lists(st.tuples(st.sampled_from(LOG_PLACES), values), min_size=1, max_size=3))
def test_json_logs_with_wrong_values_are_stored_or_refused(
    client: Client, headers: dict[str, str], changes: Any
) -> None:
    document = sound_log()
    for path, value in changes:
        put(document, path, value)

    answer = client.post("/v1/logs", dumped(document), content_type=JSON, headers=headers)

    assert answer.status_code in (200, 400), answer.content


LOG_REQUEST = ExportLogsServiceRequest()
_record = LOG_REQUEST.resource_logs.add().scope_logs.add().log_records.add(event_name="gen_ai.evaluation.result")
_record.trace_id, _record.time_unix_nano = bytes.fromhex(TRACE), 1700000000000000000
_record.attributes.add(key="gen_ai.evaluation.score.value").value.double_value = 0.5


@settings(max_examples=80, **SETTINGS)
@given(changes=damages)
def test_damaged_protobuf_logs_are_stored_or_refused(client: Client, headers: dict[str, str], changes: Any) -> None:
    body = damaged(LOG_REQUEST.SerializeToString(), changes)

    answer = client.post("/v1/logs", body, content_type=PROTOBUF, headers=headers | {"Content-Type": PROTOBUF})

    assert answer.status_code in (200, 400), answer.content


@pytest.mark.parametrize("to", ["traces", "logs", "metrics"])
@settings(max_examples=30, **SETTINGS)
@given(name=st.sampled_from(["Content-Encoding", "Content-Type", "Authorization", "X-Callboard-Sent-At", "X-Callboard-Dropped",
    "X-Callboard-SDK", "X-Request-Id", "X-Api-Key"]), value=st.text(st.characters(max_codepoint=255), max_size=30))  # fmt: skip
def test_odd_headers_never_make_an_error(
    client: Client, headers: dict[str, str], to: str, name: str, value: str
) -> None:
    answer = client.post(f"/v1/{to}", b"{}", content_type=JSON, headers=headers | {name: value})

    assert answer.status_code in (200, 400, 401, 415), answer.content
