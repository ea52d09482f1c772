"""Evaluation results that come as OTLP logs become scores; other log records are not kept, and the sender is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.test import Client
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from monitoring.models import Score, Span, span_hex
from projects import keys, projects
from projects.models import Project

pytestmark = pytest.mark.django_db

JSON, PROTOBUF = "application/json", "application/x-protobuf"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def project() -> Project:
    return projects.create(name="Shop")


@pytest.fixture
def key(project: Project) -> str:
    return keys.create(project=project, name="backend", scopes=["ingest"])[1]


def post(client: Client, key: str, body: bytes, encoding: str) -> Any:
    return client.post("/v1/logs", body, content_type=encoding, headers={"Authorization": f"Bearer {key}"})


def evaluation(**attributes: Any) -> dict[str, Any]:
    kinds = {str: "stringValue", float: "doubleValue", int: "intValue"}
    return {
        "eventName": "gen_ai.evaluation.result", "traceId": TRACE, "spanId": SPAN, "timeUnixNano": "1700000000000000000",
        "attributes": [
            {"key": f"gen_ai.evaluation.{name.replace('__', '.')}", "value": {kinds[type(value)]: value}}
            for name, value in attributes.items()
        ],
    }  # fmt: skip


def log(client: Client, key: str, *records: dict[str, Any]) -> Any:
    body = orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]})
    return post(client, key, body, JSON)


def test_an_evaluation_result_becomes_a_score(client, key, project):
    answer = log(client, key, evaluation(name="Relevance", score__value=0.8, explanation="on topic"))

    score = Score.objects.get(project=project)
    assert (answer.status_code, answer.json()) == (200, {})
    assert (score.name, score.value, score.source, score.comment) == ("Relevance", 0.8, "api", "on topic")
    assert score.trace_id.hex == TRACE


def test_a_label_without_a_number_becomes_a_category(client, key):
    log(client, key, evaluation(name="Tone", score__label="polite"))

    assert (Score.objects.get().data_type, Score.objects.get().string_value) == ("category", "polite")


def test_an_evaluation_result_in_protobuf_becomes_a_score(client, key):
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(
        event_name="gen_ai.evaluation.result", trace_id=bytes.fromhex(TRACE), time_unix_nano=1700000000000000000
    )  # fmt: skip
    record.attributes.add(key="gen_ai.evaluation.name").value.string_value = "Relevance"
    record.attributes.add(key="gen_ai.evaluation.score.value").value.double_value = 0.5

    answer = post(client, key, request.SerializeToString(), PROTOBUF)

    assert (answer.status_code, answer.content) == (200, b"")
    assert (Score.objects.get().value, Score.objects.get().span_id) == (0.5, None)


def test_the_same_evaluation_sent_twice_is_one_score(client, key):
    for _ in range(2):
        log(client, key, evaluation(name="Relevance", score__value=0.8))

    assert Score.objects.count() == 1


def test_other_log_records_are_rejected_and_the_evaluation_kept(client, key):
    answer = log(client, key, {"body": {"stringValue": "hello"}}, evaluation(name="Relevance", score__value=1))

    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedLogRecords"]) == (200, "1")
    assert "gen_ai.evaluation.result" in partial["errorMessage"]
    assert Score.objects.count() == 1


def test_rejected_log_records_are_told_in_protobuf(client, key):
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)

    answer = post(client, key, request.SerializeToString(), PROTOBUF)

    assert ExportLogsServiceResponse.FromString(answer.content).partial_success.rejected_log_records == 1


@pytest.mark.parametrize(
    "change",
    [{"traceId": ""}, {"traceId": "00" * 16}, {"traceId": "xyz"}, {"spanId": "xyz"}, {"attributes": None}],
    ids=str,
)
def test_an_evaluation_that_judges_nothing_is_rejected_with_the_reason(client, key, change):
    answer = log(client, key, evaluation(name="Relevance", score__value=1) | change)

    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "1"
    assert not Score.objects.exists()


def test_an_evaluation_result_in_the_events_of_a_span_becomes_a_score_of_that_span(client, key, project):
    said = [
        {"key": "gen_ai.evaluation.name", "value": {"stringValue": "Relevance"}},
        {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}},
    ]
    body = _span_with_result(said)

    for _ in range(2):
        answer = client.post("/v1/traces", body, "application/json", headers={"Authorization": f"Bearer {key}"})

    assert answer.status_code == 200
    score = Score.objects.get(project=project)
    assert (score.name, score.value, score.source, span_hex(score.span_id)) == ("Relevance", 0.5, "api", SPAN)


def test_the_sender_is_told_of_a_result_in_a_span_that_cannot_be_stored_and_the_span_is(client, key, project):
    said = [{"key": "gen_ai.evaluation.score.value", "value": {"stringValue": "not a number"}}]

    answer = client.post(
        "/v1/traces", _span_with_result(said), "application/json", headers={"Authorization": f"Bearer {key}"}
    )

    partial = answer.json()["partialSuccess"]
    assert (partial["rejectedSpans"], bool(partial["errorMessage"])) == ("0", True)
    assert Span.objects.filter(project_id=project.pk).count() == 1
    assert not Score.objects.exists()


def _span_with_result(attributes: list[dict[str, Any]]) -> bytes:
    at = "1700000000000000000"
    event = {"name": "gen_ai.evaluation.result", "timeUnixNano": at, "attributes": attributes}
    span = {"traceId": TRACE, "spanId": SPAN, "name": "chat", "startTimeUnixNano": at, "events": [event]}
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
