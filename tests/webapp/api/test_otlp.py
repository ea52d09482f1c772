"""The OTLP endpoint: what it accepts, what it refuses and in which words."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from monitoring.ingest import ledger
from monitoring.models import Span
from projects import keys, projects
from projects.models import ApiKey, Project, RefusedRequest
from webapp.api import admission

pytestmark = pytest.mark.django_db

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def project() -> Project:
    ledger.forget()
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="backend", scopes=["ingest"])[1]


def document(*span_ids: str) -> bytes:
    spans = [
        {"traceId": TRACE, "spanId": span_id, "name": "chat", "startTimeUnixNano": "1700000000000000000"}
        for span_id in span_ids
    ]
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})


def protobuf() -> bytes:
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(name="chat", trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN))
    )
    span.start_time_unix_nano = 1700000000000000000
    return request.SerializeToString()


def post(client: Client, key: str, body: bytes, content_type: str = "application/json", **headers: Any) -> Any:
    sent = {"Authorization": f"Bearer {key}"} if key else {}
    return client.post("/v1/traces", body, content_type=content_type, headers={**sent, **headers})


def test_a_json_export_is_committed(client: Client, project: Project, key: str) -> None:
    answer = post(client, key, document(SPAN))

    assert (answer.status_code, answer.json()) == (200, {})
    assert Span.objects.get(project=project).hex_id == SPAN


def test_a_gzipped_protobuf_export_is_answered_in_protobuf(client: Client, project: Project, key: str) -> None:
    answer = post(client, key, gzip.compress(protobuf()), "application/x-protobuf", **{"Content-Encoding": "gzip"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-protobuf")
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert Span.objects.filter(project=project).count() == 1


def test_unusable_spans_are_named_and_the_others_stored(client: Client, project: Project, key: str) -> None:
    answer = post(client, key, document(SPAN, "", "zz"))

    assert answer.json()["partialSuccess"]["rejectedSpans"] == "2"
    assert "span id" in answer.json()["partialSuccess"]["errorMessage"]
    assert Span.objects.filter(project=project).count() == 1


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Basic"])
def test_the_key_is_found_wherever_clients_put_it(client: Client, key: str, header: str) -> None:
    headers = {
        "Authorization": {"Authorization": f"Bearer {key}"},
        "X-Api-Key": {"X-Api-Key": key},
        "Basic": {"Authorization": "Basic " + base64.b64encode(f"anything:{key}".encode()).decode()},
    }[header]

    assert post(client, "", document(SPAN), **headers).status_code == 200


def test_no_key_is_401_with_what_to_do(client: Client) -> None:
    answer = post(client, "", document(SPAN))

    assert answer.status_code == 401
    assert "Settings" in answer.json()["message"]


def test_an_unknown_key_is_401_and_remembered_for_the_start_page(client: Client) -> None:
    answer = post(client, "cb_nonsense", document(SPAN))

    assert answer.status_code == 401
    assert RefusedRequest.objects.get().count == 1


def test_a_key_without_the_scope_is_403_and_says_which(client: Client, project: Project) -> None:
    _, reader = keys.create(project=project, name="reader", scopes=["prompts:read"])

    answer = post(client, reader, document(SPAN))

    assert answer.status_code == 403
    assert "ingest" in answer.json()["message"]


@pytest.mark.parametrize("body", [b" ", b"{", b"[1]", b"\xff\xfe", b"[" * 5000])
def test_a_malformed_body_is_400_never_500(client: Client, key: str, body: bytes) -> None:
    assert post(client, key, body).status_code == 400


def test_another_content_type_is_415(client: Client, key: str) -> None:
    assert post(client, key, b"a=b", "application/x-www-form-urlencoded").status_code == 415


def test_a_bomb_is_413(client: Client, key: str) -> None:
    assert post(client, key, gzip.compress(bytes(40_000_000)), **{"Content-Encoding": "gzip"}).status_code == 413


def test_a_body_beyond_ten_mebibytes_is_413(client: Client, key: str) -> None:
    assert post(client, key, b" " * (10 * 1024 * 1024 + 1)).status_code == 413


def test_a_full_house_answers_503_with_a_time_to_come_back(
    client: Client, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "_WAIT_SECONDS", 0.01)
    taken = 0
    while admission._slots.acquire(blocking=False):
        taken += 1
    try:
        answer = post(client, key, document(SPAN))
    finally:
        for _ in range(taken):
            admission._slots.release()

    assert answer.status_code == 503
    assert 1 <= int(answer["Retry-After"]) <= 5


def test_get_is_refused(client: Client) -> None:
    assert client.get("/v1/traces", headers={"Content-Type": "application/json"}).status_code == 405


def test_a_refusal_of_protobuf_is_a_status_message(client: Client) -> None:
    answer = post(client, "", protobuf(), "application/x-protobuf")

    assert answer.content[:2] == b"\x08\x10"
    assert b"API key" in answer.content


def test_the_key_remembers_who_used_it(client: Client, key: str) -> None:
    post(client, key, document(SPAN), **{"X-Callboard-SDK": "python/0.1.0"})

    assert ApiKey.objects.get().last_used_by == "python/0.1.0"


def test_losses_of_the_client_reach_the_ledger(client: Client, key: str) -> None:
    post(client, key, document(SPAN), **{"X-Callboard-Dropped": "12"})

    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(accepted), sum(dropped_by_client) FROM ingest_minute")
        assert cursor.fetchone() == (1, 12)


def test_a_key_bound_to_an_environment_names_it(client: Client, project: Project) -> None:
    _, staging = keys.create(project=project, name="staging", scopes=["ingest"], environment="staging")

    post(client, staging, document(SPAN))

    assert Span.objects.get(project=project).environment == "staging"
