"""The table of statuses in docs/guide/ingest.md, row by row, in both encodings."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.test import Client
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from psycopg_pool import PoolTimeout

from monitoring import quotas
from monitoring.models import Span
from monitoring.quotas import Quota
from projects import keys, projects
from projects.models import Project, RefusedRequest
from tests.projects.factories import make_member, make_user, signed_in
from webapp import disk, draining
from webapp.api import admission, otlp

pytestmark = pytest.mark.django_db

JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIGABYTE = 1024**3


def _status_message() -> Any:
    """Return the class of google.rpc.Status, as far as we fill it in."""
    file = descriptor_pb2.FileDescriptorProto(name="status.proto", package="google.rpc", syntax="proto3")
    message = file.message_type.add(name="Status")
    message.field.add(name="code", number=1, type=5, label=1)
    message.field.add(name="message", number=2, type=9, label=1)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("google.rpc.Status"))


Status = _status_message()


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="backend", scopes=["ingest"])[1]


@pytest.fixture(params=[JSON, PROTOBUF])
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def spans(encoding: str, *span_ids: str) -> bytes:
    """Return an export of spans with these ids; «» makes one without an id."""
    if encoding == JSON:
        found = [
            {"traceId": TRACE, "spanId": one, "name": "chat", "startTimeUnixNano": "1700000000000000000"} for one in span_ids
        ]  # fmt: skip
        return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": found}]}]})
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for one in span_ids:
        scope.spans.add(
            name="chat", trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(one), start_time_unix_nano=1700000000000000000
        )  # fmt: skip
    return request.SerializeToString()


def post(client: Client, key: str, body: bytes, encoding: str, *, to: str = "traces", **headers: str) -> Any:
    # Named once more in the headers, because the client leaves it out when the body is empty.
    sent = {"Content-Type": encoding} | ({"Authorization": f"Bearer {key}"} if key else {})
    return client.post(f"/v1/{to}", body, content_type=encoding, headers={**sent, **headers})


def refusal(answer: Any) -> tuple[int, str]:
    """Return the code and the message of the google.rpc.Status in the answer."""
    if answer["Content-Type"] == PROTOBUF:
        status = Status.FromString(answer.content)
        return status.code, status.message
    assert answer["Content-Type"] == JSON
    return answer.json()["code"], answer.json()["message"]


def seconds_to_wait(answer: Any) -> int:
    return int(answer["Retry-After"])


def free(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Let the disk of 100 GB have so much of it free."""
    space = disk.Space(total=100 * GIGABYTE, free=int(share * 100 * GIGABYTE))
    monkeypatch.setattr(disk.guard, "read", lambda: space)
    disk.guard.forget()


# Taken


def test_everything_stored_is_200_without_a_partial_success(client, key, encoding):
    answer = post(client, key, spans(encoding, SPAN), encoding)

    assert (answer.status_code, answer["Content-Type"]) == (200, encoding)
    assert answer.content == (b"{}" if encoding == JSON else b"")


@pytest.mark.parametrize("body", [b"", None])
@pytest.mark.parametrize("to", ["traces", "logs", "metrics"])
def test_an_empty_request_is_200(client, key, encoding, body, to):
    empty = b"{}" if encoding == JSON else b""

    assert post(client, key, empty if body is None else body, encoding, to=to).status_code == 200


def test_unusable_spans_are_counted_with_the_first_five_reasons_and_the_others_stored(client, key, encoding):
    answer = post(client, key, spans(encoding, SPAN, "", "00" * 8, "ab"), encoding)

    if encoding == JSON:
        partial = answer.json()["partialSuccess"]
        count, message = int(partial["rejectedSpans"]), partial["errorMessage"]
    else:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        count, message = partial.rejected_spans, partial.error_message
    assert (answer.status_code, count, Span.objects.count()) == (200, 3, 1)
    assert "span id" in message
    assert message.count(".") <= 10


def test_the_same_reason_is_told_once_and_never_more_than_five():
    answer = otlp.otlp_answers.traces_accepted(JSON, [f"Reason {number % 7}." for number in range(70)])

    message = orjson.loads(answer.content)["partialSuccess"]["errorMessage"]
    assert message == "Reason 0. Reason 1. Reason 2. Reason 3. Reason 4."


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_gzip_and_deflate_are_unpacked(client, key, encoding, pack):
    name = "gzip" if pack is gzip.compress else "deflate"

    answer = post(client, key, pack(spans(encoding, SPAN)), encoding, **{"Content-Encoding": name})

    assert (answer.status_code, Span.objects.count()) == (200, 1)


def test_a_charset_beside_the_content_type_does_no_harm(client, key):
    assert post(client, key, spans(JSON, SPAN), "application/json; charset=utf-8").status_code == 200


def test_metrics_are_accepted_and_thrown_away(client, key, encoding):
    answer = post(client, key, b"{}" if encoding == JSON else b"", encoding, to="metrics")

    assert (answer.status_code, answer["Content-Type"]) == (200, encoding)
    if encoding == PROTOBUF:
        assert not ExportMetricsServiceResponse.FromString(answer.content).HasField("partial_success")


# Refused


def test_a_body_that_cannot_be_decoded_is_400(client, key, encoding):
    answer = post(client, key, b"\xff\xfe{", encoding)

    assert answer.status_code == 400
    assert refusal(answer)[0] == 3


def test_a_body_of_another_signal_is_named_as_such(client, key):
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)

    answer = post(client, key, request.SerializeToString(), PROTOBUF)

    assert "/v1/logs" in ExportTraceServiceResponse.FromString(answer.content).partial_success.error_message


@pytest.mark.parametrize("authorization", ["", "Bearer cb_unknown", "Basic zzz", "Basic \u00e9\u00e9", "Bearer"])
def test_no_or_an_unknown_key_is_401(client, encoding, authorization):
    headers = {"Authorization": authorization} if authorization else {}

    answer = post(client, "", spans(encoding, SPAN), encoding, **headers)

    assert answer.status_code == 401
    assert refusal(answer)[0] == 16
    assert "WWW-Authenticate" in answer


def test_a_wrong_scope_is_403(client, project, encoding):
    _, reader = keys.create(project=project, name="reader", scopes=["prompts:read"])

    answer = post(client, reader, spans(encoding, SPAN), encoding)

    assert answer.status_code == 403
    assert refusal(answer)[0] == 7


@pytest.mark.parametrize(
    ("body", "packed"),
    [
        (b" " * (10 * 1024 * 1024 + 1), ""),
        (gzip.compress(b" " * (21 * 1024 * 1024), 1), "gzip"),
        (gzip.compress(bytes(3 * 1024 * 1024)), "gzip"),
    ],
    ids=["on the wire", "inflated", "ratio"],
)
def test_too_much_is_413(client, key, encoding, body, packed):
    answer = post(client, key, body, encoding, **({"Content-Encoding": packed} if packed else {}))

    assert answer.status_code == 413
    assert refusal(answer)[0] == 8


def test_too_many_spans_are_413(client, key, encoding):
    answer = post(client, key, spans(encoding, *(f"{number:016x}" for number in range(1, 5_002))), encoding)

    assert answer.status_code == 413


@pytest.mark.parametrize(("kind", "packed"), [("text/plain", ""), ("", ""), (JSON, "br"), (PROTOBUF, "zstd")])
def test_another_type_or_compression_is_415(client, key, kind, packed):
    answer = post(client, key, b"{}", kind, **({"Content-Encoding": packed} if packed else {}))

    assert answer.status_code == 415
    assert refusal(answer)[0] == 3


def test_another_method_is_405(client, encoding):
    answer = client.get("/v1/traces", headers={"Content-Type": encoding})

    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_refusal_of_a_known_key_stands_in_the_ledger(client, key, project):
    post(client, key, b"{", JSON)

    assert RefusedRequest.objects.get(project=project).key_id == key[3:15]


def test_what_a_client_sends_makes_no_reasons_of_its_own(client, key, project):
    for number in range(3):
        post(client, key, b"{}", JSON, **{"Content-Encoding": f"mine{number}"})

    assert RefusedRequest.objects.get(project=project).count == 3


# Come back later


@pytest.fixture(params=[OperationalError("server closed the connection"), PoolTimeout("no connection")], ids=type)
def outage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does not take the batch."""

    def broken(*_: object, **__: object) -> None:
        raise request.param

    monkeypatch.setattr(otlp, "store", broken)


@pytest.mark.usefixtures("outage")
def test_a_database_that_is_away_is_503(client, key, encoding):
    answer = post(client, key, spans(encoding, SPAN), encoding)

    assert answer.status_code == 503
    assert refusal(answer)[0] == 14
    assert 1 <= seconds_to_wait(answer) <= 5


def test_a_full_house_is_503_and_stands_in_the_ledger_once_there_is_room(client, key, project, encoding, monkeypatch):
    monkeypatch.setattr(admission, "_WAIT_SECONDS", 0.01)
    taken = 0
    while admission._slots.acquire(blocking=False):
        taken += 1
    try:
        answer = post(client, key, spans(encoding, SPAN), encoding)
    finally:
        for _ in range(taken):
            admission._slots.release()
    post(client, key, spans(encoding, SPAN), encoding)

    assert answer.status_code == 503
    assert 1 <= seconds_to_wait(answer) <= 5
    assert "busy" in RefusedRequest.objects.get(project=project).reason


def test_an_almost_full_disk_is_503_while_prompts_and_pages_go_on(client, project, key, encoding, monkeypatch):
    _, reader = keys.create(project=project, name="reader", scopes=["prompts:read"])
    owner = make_user(is_owner=True)
    free(monkeypatch, 0.04)

    answer = post(client, key, spans(encoding, SPAN), encoding)

    assert answer.status_code == 503
    assert 1 <= seconds_to_wait(answer) <= 5
    assert "disk" in refusal(answer)[1]
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {reader}"}).status_code == 200
    assert signed_in(owner).post("/projects/new/", {"name": "New"}).status_code == 302


def test_a_process_that_ends_is_503(client, key, encoding):
    draining.begin()
    try:
        answer = post(client, key, spans(encoding, SPAN), encoding)
        ready, alive = client.get("/readyz"), client.get("/livez")
    finally:
        draining.end()

    assert answer.status_code == 503
    assert 1 <= seconds_to_wait(answer) <= 5
    assert (ready.status_code, ready.json()["status"], alive.status_code) == (503, "draining", 200)


@pytest.mark.parametrize(
    "quota", [{"requests_per_minute": 2}, {"key_requests_per_minute": 2}, {"megabytes_per_minute": 1}], ids=str
)
def test_too_fast_is_503_for_otlp_so_that_no_exporter_drops_the_batch(client, project, key, encoding, quota):
    quotas.change(project=project, quota=Quota(**quota), by=make_member(project=project))
    quotas.forget()
    body = spans(encoding, SPAN) + (b" " * 400_000 if encoding == JSON else b"")

    statuses = [post(client, key, body, encoding).status_code for _ in range(3)]
    answer = post(client, key, body, encoding)

    if encoding == PROTOBUF and "megabytes_per_minute" in quota:
        assert statuses == [200, 200, 200]
        return
    assert statuses == [200, 200, 503]
    assert 1 <= seconds_to_wait(answer) <= 60
    assert "within a minute" in refusal(answer)[1]


@pytest.mark.parametrize("quota", [{"spans_per_day": 1}, {"megabytes_per_day": 1}], ids=str)
def test_a_used_up_day_is_429_with_an_hour_to_wait(client, project, key, encoding, quota):
    quotas.change(project=project, quota=Quota(**quota), by=make_member(project=project))
    quotas.forget()
    first = spans(JSON, SPAN) + b" " * 1_100_000
    assert post(client, key, first, JSON).status_code == 200
    quotas.forget()

    answer = post(client, key, spans(encoding, SPAN), encoding)

    assert (answer.status_code, seconds_to_wait(answer)) == (429, 3600)
    assert refusal(answer)[0] == 8


def test_our_own_mistake_is_500_with_a_reference(client, key, encoding, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(otlp, "store", broken)

    answer = post(client, key, spans(encoding, SPAN), encoding, **{"X-Request-Id": "reference-0815"})

    assert answer.status_code == 500
    assert refusal(answer)[0] == 13
    assert "reference-0815" in refusal(answer)[1]
    assert "secret" not in refusal(answer)[1]


def test_a_stored_batch_stays_200_when_nobody_can_note_who_sent_it(client, key, encoding, monkeypatch):
    def broken(**_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(keys, "touch", broken)

    assert post(client, key, spans(encoding, SPAN), encoding).status_code == 200
    assert Span.objects.count() == 1
