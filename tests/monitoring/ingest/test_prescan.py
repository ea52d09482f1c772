"""A body that would become too many objects is refused before it becomes any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from benchmarks.traffic import Traffic
from monitoring.ingest import prescan
from monitoring.ingest.limits import MAX_SPANS
from monitoring.ingest.spans import BodyTooRich, TooManySpans


def request_of(spans: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for _ in range(spans):
        scope.spans.add()
    return request


def test_a_usual_request_passes():
    prescan.check_protobuf(bytes(Traffic().request(512).body))


def test_spans_beyond_the_limit_are_counted_wherever_they_stand():
    request = request_of(MAX_SPANS)
    prescan.check_protobuf(request.SerializeToString())
    request.resource_spans.add().scope_spans.add().spans.add()

    with pytest.raises(TooManySpans):
        prescan.check_protobuf(request.SerializeToString())


def test_a_body_of_empty_attributes_is_refused():
    request = request_of(1)
    whole = request.resource_spans[0].scope_spans[0].spans[0]
    whole.name = "x" * 2_100_000
    for _ in range(500_001):
        whole.attributes.add()

    with pytest.raises(BodyTooRich):
        prescan.check_protobuf(request.SerializeToString())


def test_a_list_of_empty_values_inside_one_attribute_is_refused():
    request = request_of(1)
    bomb = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="bomb")
    bomb.value.array_value.values.extend([AnyValue()] * 1_100_000)

    with pytest.raises(BodyTooRich):
        prescan.check_protobuf(request.SerializeToString())


def test_a_long_text_of_many_lines_passes():
    request = request_of(1)
    text = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="text")
    text.value.string_value = "\nline" * 700_000

    prescan.check_protobuf(request.SerializeToString())


def test_a_body_of_empty_objects_is_refused():
    prescan.check_json(b'{"a": [' + b"{}," * 100_000 + b"{}]}")

    with pytest.raises(BodyTooRich):
        prescan.check_json(b"[" + b"{},  " * 500_001 + b"]")


@given(st.binary(max_size=300))
def test_bytes_that_are_no_request_are_left_to_the_decoder(body):
    prescan.check_protobuf(body)
