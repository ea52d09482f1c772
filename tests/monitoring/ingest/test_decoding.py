"""OTLP protobuf and JSON end up as the same spans; broken input is refused or cleaned, never half read."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from monitoring.ingest import otlp_json, protobuf
from monitoring.ingest.spans import BodyUnreadable, TooManySpans
from monitoring.kinds import Mark

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def document(**span: Any) -> dict[str, Any]:
    whole = {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat",
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": 1700000001000000000,
    }
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                "scopeSpans": [{"scope": {"name": "tests"}, "spans": [{**whole, **span}]}],
            }
        ]
    }


def attribute(key: str, **value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}


def test_json_and_protobuf_of_one_span_are_equal() -> None:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_spans.add()
    scope.scope.name = "tests"
    span = scope.spans.add(name="chat", trace_id=bytes.fromhex(TRACE), span_id=bytes.fromhex(SPAN))
    span.start_time_unix_nano, span.end_time_unix_nano = 1700000000000000000, 1700000001000000000
    span.attributes.add(key="n").value.int_value = 7
    span.attributes.add(key="list").value.array_value.values.add().double_value = 0.5
    span.attributes.add(key="yes").value.bool_value = True
    sent = [
        attribute("n", intValue="7"),
        attribute("list", arrayValue={"values": [{"doubleValue": 0.5}]}),
        attribute("yes", boolValue=True),
    ]

    assert protobuf.decode(request.SerializeToString()) == otlp_json.decode(orjson.dumps(document(attributes=sent)))


def test_times_keep_every_nanosecond() -> None:
    [span] = otlp_json.decode(orjson.dumps(document(startTimeUnixNano="1700000000123456789")))

    assert span.start_ns == 1700000000123456789


def test_nan_and_lone_surrogates_in_json_are_cleaned() -> None:
    body = json.dumps(
        document(attributes=[attribute("nan", doubleValue=float("nan")), attribute("half", stringValue="a\ud800b")])
    ).encode()

    [span] = otlp_json.decode(body)

    assert span.attributes == {"nan": "nan", "half": "a\ufffdb"}


def test_a_number_of_five_thousand_digits_is_text() -> None:
    body = orjson.dumps(document(attributes=[attribute("big", intValue="X")])).replace(b'"X"', b"9" * 5000)

    [span] = otlp_json.decode(body)

    assert span.attributes["big"] == "9" * 5000


def test_attributes_sent_as_an_object_are_read() -> None:
    [span] = otlp_json.decode(orjson.dumps(document(attributes={"a": 1, "b": {"stringValue": "x"}})))

    assert span.attributes == {"a": 1, "b": "x"}


def test_a_key_with_nul_is_dropped_and_its_twin_kept() -> None:
    [span] = otlp_json.decode(
        orjson.dumps(document(attributes=[attribute("user", stringValue="me"), attribute("user\x00", stringValue="x")]))
    )

    assert span.attributes == {"user": "me"}
    assert span.marks


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"[" * 100_000, b'{"resourceLogs": []}'])
def test_what_is_no_trace_export_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(BodyUnreadable, match=r"OTLP|nested"):
        otlp_json.decode(body)


def test_bytes_that_are_no_protobuf_are_refused() -> None:
    with pytest.raises(BodyUnreadable):
        protobuf.decode(b"\xff\xff\xff not protobuf")


def test_an_empty_export_has_no_spans() -> None:
    assert protobuf.decode(b"") == []
    assert otlp_json.decode(b"{}") == []


def test_more_than_five_thousand_spans_are_refused() -> None:
    whole = document()
    spans = whole["resourceSpans"][0]["scopeSpans"][0]
    spans["spans"] = spans["spans"] * 5001

    with pytest.raises(TooManySpans):
        otlp_json.decode(orjson.dumps(whole))


def test_pieces_beyond_ten_thousand_are_left_out_and_marked() -> None:
    sent = [attribute(f"k{n}", intValue=n) for n in range(10_001)]

    [span] = otlp_json.decode(orjson.dumps(document(attributes=sent)))

    assert len(span.attributes) == 10_000
    assert span.marks


def test_of_a_name_that_comes_twice_the_last_value_counts() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    for value in ("first", "last"):
        span.attributes.add(key="twice").value.string_value = value
    twice = [attribute("twice", stringValue="first"), attribute("twice", stringValue="last")]

    for [found] in (
        protobuf.decode(request.SerializeToString()),
        otlp_json.decode(orjson.dumps(document(attributes=twice))),
    ):
        assert (found.attributes, found.marks) == ({"twice": "last"}, Mark.CLEANED)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "resourceSpans",
                        "scopeSpans",
                        "spans",
                        "attributes",
                        "key",
                        "value",
                        "events",
                        "status",
                        "traceId",
                        "intValue",
                        "arrayValue",
                        "values",
                    ]
                ),
                c,
                max_size=5,
            )
        ),
        max_leaves=25,
    )
)
def test_any_json_is_read_or_refused_but_never_crashes(value: Any) -> None:
    with contextlib.suppress(BodyUnreadable):
        otlp_json.decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    "span",
    [
        {"startTimeUnixNano": float("inf")},
        {"status": {"code": 1.0}},
        {"attributes": [{"key": "n", "value": {"intValue": float("inf")}}]},
    ],
    ids=str,
)
def test_an_odd_number_costs_no_more_than_itself(span: dict[str, Any]) -> None:
    [found] = otlp_json.decode(json.dumps(document(**span)).encode())

    assert type(found.status) is int
    assert type(found.start_ns) is int


def test_a_nul_in_a_name_of_a_protobuf_span_is_replaced() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="a\x00b")
    span.status.message = "c\x00d"
    span.events.add(name="e\x00f")

    [found] = protobuf.decode(request.SerializeToString())

    assert (found.name, found.status_message, found.events[0].name) == ("a\ufffdb", "c\ufffdd", "e\ufffdf")
