"""What reaches the server, and what happens when it does not answer as hoped."""

from __future__ import annotations

import json
import threading
import time

import pytest
from callboard import context

from tests.sdk.fake_server import Scripted, eventually, plain, spans_in


def record(client, count=1, name="span", **facts):
    for number in range(count):
        with client.span(f"{name}-{number}", **facts):
            pass


def test_a_span_arrives_as_otlp_json(server, make_client):
    client = make_client(server.url, environment="staging", release="v7", service_name="shop")

    with context(user="u-1", session="s-1"), client.span("root", "agent", input={"q": 1}) as root:
        with client.span("child", "tool"):
            time.sleep(0.002)
        root.set(output="done", attributes={"count": 3, "share": 0.5, "flag": True, "list": ["a", "b"]})
    assert client.flush(5)

    [batch] = server.batches
    [resource] = batch.json["resourceSpans"]
    [scope] = resource["scopeSpans"]
    facts = plain(resource["resource"]["attributes"])
    assert facts["service.name"] == "shop"
    assert facts["service.version"] == "v7"
    assert facts["deployment.environment.name"] == "staging"
    assert facts["telemetry.sdk.name"] == "callboard"
    assert scope["scope"]["name"] == "callboard"
    child, sent_root = scope["spans"]
    assert sent_root["traceId"] == child["traceId"] == root.trace_id
    assert child["parentSpanId"] == sent_root["spanId"] == root.span_id
    assert "parentSpanId" not in sent_root
    assert int(child["endTimeUnixNano"]) - int(child["startTimeUnixNano"]) >= 2_000_000
    assert abs(int(child["startTimeUnixNano"]) - time.time_ns()) < 60e9
    assert {"key": "count", "value": {"intValue": "3"}} in sent_root["attributes"]
    assert {"key": "share", "value": {"doubleValue": 0.5}} in sent_root["attributes"]
    assert {"key": "flag", "value": {"boolValue": True}} in sent_root["attributes"]
    found = server.span_named("root")["attributes"]
    assert found["list"] == ["a", "b"]
    assert found["callboard.kind"] == "agent"
    assert found["gen_ai.operation.name"] == "invoke_agent"
    assert (found["user.id"], found["session.id"]) == ("u-1", "s-1")
    assert (found["input.value"], found["input.mime_type"]) == ('{"q":1}', "application/json")
    assert (found["output.value"], found["output.mime_type"]) == ("done", "text/plain")


def test_requests_carry_the_key_an_id_and_the_time(server, client):
    record(client)
    client.flush(5)

    [batch] = server.batches
    assert batch.headers["authorization"] == f"Bearer {client.settings.api_key}"
    assert len(batch.headers["x-callboard-batch-id"]) == 32
    assert abs(int(batch.headers["x-callboard-sent-at"]) - time.time_ns()) < 60e9
    assert batch.headers["x-callboard-sdk"] == "python/0.1.0"
    assert "x-callboard-dropped" not in batch.headers


def test_an_error_arrives_as_status_and_event(server, client):
    with pytest.raises(ValueError, match="bad"), client.span("outer"), client.span("inner"):
        raise ValueError("bad")
    client.flush(5)

    inner, outer = server.span_named("inner"), server.span_named("outer")
    assert inner["status"] == outer["status"] == {"code": 2, "message": "bad"}
    assert inner["attributes"]["error.type"] == "ValueError"
    event = plain(inner["events"][0]["attributes"])
    assert event["exception.type"] == "ValueError"
    assert "raise ValueError" in event["exception.stacktrace"]
    # Once is enough.
    assert "exception.stacktrace" not in plain(outer["events"][0]["attributes"])


def test_a_retry_of_the_same_code_keeps_its_own_stack(server, client):
    with client.span("root"):
        for number in range(2):
            try:
                with client.span(f"try-{number}"):
                    raise ValueError(number)
            except ValueError:
                continue
    client.flush(5)

    for number in range(2):
        [event] = server.span_named(f"try-{number}")["events"]
        assert "exception.stacktrace" in plain(event["attributes"])


def test_requests_over_one_kib_are_compressed(server, client):
    client.feedback("0" * 31 + "1", thumbs="up")
    record(client, input="x" * 5000)
    client.flush(5)

    [small], [large] = server.requests_to("/api/v1/feedback"), server.batches
    assert not small.was_gzipped
    assert large.was_gzipped
    assert len(spans_in(large)) == 1


def test_a_connection_is_kept_open(server, client):
    for _ in range(5):
        record(client)
        client.flush(5)

    assert len(server.batches) == 5
    assert server.connections == 1


def test_spans_are_sent_without_a_flush(server, client):
    record(client)

    eventually(lambda: server.spans)


def test_a_full_batch_is_sent_before_the_interval_ends(server, make_client):
    client = make_client(server.url, flush_interval=60.0, flush_at=20)

    record(client, 20)

    eventually(lambda: len(server.spans) == 20)


def test_batches_hold_at_most_512_spans_and_two_mib(server, make_client):
    client = make_client(server.url, flush_interval=60.0, flush_at=100_000)
    record(client, 1_100)
    client.flush(10)
    assert [len(spans_in(batch)) for batch in server.batches] == [512, 512, 76]

    server.received.clear()
    record(client, 12, input="x" * 500_000)
    client.flush(10)
    assert sum(len(spans_in(batch)) for batch in server.batches) == 12
    assert all(len(batch.body) < 2.1 * 1024 * 1024 for batch in server.batches)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_batch_is_tried_again_under_the_same_id(server, client, status):
    server.answer_next("/v1/traces", Scripted(status, {"Retry-After": "0"}), Scripted(status, {"Retry-After": "0"}))

    record(client)

    assert client.flush(10)
    ids = [batch.headers["x-callboard-batch-id"] for batch in server.batches]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    assert [batch.body for batch in server.batches] == [server.batches[0].body] * 3
    assert client.stats()["spans_sent"] == 1


def test_a_connection_that_breaks_is_tried_again(server, client):
    server.answer_next("/v1/traces", Scripted(200, drop=True), Scripted(200, drop=True))

    record(client)

    assert client.flush(10)
    assert client.stats()["spans_sent"] == 1
    assert len({batch.headers["x-callboard-batch-id"] for batch in server.batches}) == 1


def test_a_read_timeout_is_tried_again(server, make_client):
    client = make_client(server.url, timeout=0.2)
    server.answer_next("/v1/traces", Scripted(200, delay=0.6))

    record(client)

    assert client.flush(10)
    assert len(server.batches) == 2
    assert client.stats()["spans_sent"] == 1


def test_spans_recorded_while_the_server_is_down_arrive_when_it_is_back(server, client):
    record(client)
    client.flush(5)
    server.stop()
    record(client, 30, name="down")
    assert not client.flush(0.2)

    server.start_again()

    assert client.flush(20)
    assert len(server.spans) == 31
    assert client.stats()["spans_lost"] == 0


def test_the_time_the_server_names_is_waited(server, client):
    server.answer_next("/v1/traces", Scripted(503, {"Retry-After": "1"}))

    record(client)
    client.flush(5)

    first, second = (int(batch.headers["x-callboard-sent-at"]) for batch in server.batches)
    assert 0.95e9 < second - first < 2e9


def test_one_bad_span_of_many_costs_only_itself(server, client):
    server.always["/v1/traces"] = Scripted(200)

    class Choosy:
        """Refuses every batch with the bad span in it."""

        def popleft(self):
            received = server.received[-1]
            return Scripted(400 if b'"bad-0"' in received.body else 200, body=b'{"message":"no"}')

        def __bool__(self):
            return True

    server.script["/v1/traces"] = Choosy()
    record(client, 20)
    record(client, 1, name="bad")
    record(client, 20, name="more")

    assert client.flush(10)
    assert client.stats()["spans_sent"] == 40
    assert client.stats()["spans_lost"] == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_single_span_that_is_refused_is_dropped_and_counted(server, client, status, caplog):
    server.answer_next("/v1/traces", Scripted(status, body=b'{"message":"no such thing"}'))

    record(client)

    assert client.flush(5)
    assert client.stats()["spans_lost"] == 1
    eventually(lambda: "no such thing" in caplog.text)


def test_losses_are_reported_with_the_next_accepted_batch_and_once(server, client):
    server.answer_next("/v1/traces", Scripted(500), Scripted(503, {"Retry-After": "0"}))
    for number in range(3):
        record(client, name=f"round-{number}")
        client.flush(5)

    headers = [batch.headers.get("x-callboard-dropped") for batch in server.batches]
    # Lost; tried and told; told again on the second try of the same batch; nothing left to tell.
    assert headers == [None, "1", "1", None]


def test_a_refused_key_does_not_hold_up_the_end_of_the_program(server, client):
    server.always["/v1/traces"] = Scripted(401)
    record(client)

    began = time.perf_counter()
    assert not client.flush(10)

    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_pauses_sending_with_one_log_line(server, client, status, caplog):
    server.always["/v1/traces"] = Scripted(status, body=b'{"detail":"revoked"}')

    record(client, 3)
    eventually(lambda: len(server.batches) == 1)
    record(client, 3)

    assert not client.flush(0.3)
    assert len(server.batches) == 1
    assert caplog.text.count("refused the spans") == 1
    assert client.stats()["spans_lost"] == 0


def test_spans_the_server_rejects_one_by_one_are_logged(server, client, caplog):
    body = json.dumps({"partialSuccess": {"rejectedSpans": "1", "errorMessage": "bad id"}}).encode()
    server.answer_next("/v1/traces", Scripted(200, body=body))

    record(client, 2)
    client.flush(5)

    assert "rejected 1 of" in caplog.text
    assert "bad id" in caplog.text


def test_a_web_page_in_answer_is_not_taken_for_acceptance(server, client, caplog):
    server.answer_next("/v1/traces", Scripted(200, {"Content-Type": "text/html; charset=utf-8"}, b"<h1>Welcome</h1>"))

    record(client)

    assert not client.flush(0.3)
    assert "Check CALLBOARD_URL" in caplog.text
    assert client.stats()["spans_sent"] == 0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"partialSuccess": 7}', b"\xff"])
def test_an_odd_answer_to_an_accepted_batch_does_no_harm(server, client, body):
    server.answer_next("/v1/traces", Scripted(200, body=body))

    record(client)

    assert client.flush(5)
    assert client.stats()["spans_sent"] == 1


def test_content_is_not_sent_when_the_application_does_not_want_it(server, make_client):
    client = make_client(server.url, capture_content=False)

    @client.observe
    def work(secret):
        with client.span("call", "llm", input="hunter2") as call:
            call.set(output="hunter2", model="m-1", input_tokens=7)
        raise ValueError("hunter2")

    with pytest.raises(ValueError, match="hunter2"):
        work("hunter2")
    client.flush(5)

    assert "hunter2" not in str([batch.json for batch in server.batches])
    assert server.span_named("call")["attributes"]["gen_ai.usage.input_tokens"] == 7
    assert {span["attributes"].get("error.type") for span in server.spans} == {None, "ValueError"}


def test_what_is_masked_never_leaves(server, make_client):
    threads = set()

    def mask(value, key):
        threads.add(threading.current_thread().name)
        return value.replace("hunter2", "[hidden]") if isinstance(value, str) else value

    client = make_client(server.url, mask=mask)

    @client.observe(kind="llm")
    def call(messages):
        client.feedback(comment="hunter2", user="hunter2")
        raise ValueError("hunter2")

    with pytest.raises(ValueError, match="hunter2"), context(metadata={"note": "hunter2"}):
        call([{"role": "user", "content": "my password is hunter2"}])
    client.flush(5)

    everything = str([request.body for request in server.received])
    assert "hunter2" not in everything
    assert "[hidden]" in everything
    assert server.feedback[0]["user_id"] == "[hidden]"
    assert threading.current_thread().name not in threads


def test_a_mask_that_fails_costs_the_field_and_not_the_span(server, make_client, caplog):
    def mask(value, key):
        if key == "input.value":
            raise RuntimeError("broken mask")
        return None if key == "user.id" else value

    client = make_client(server.url, mask=mask)
    with context(user="u-1"), client.span("step", input="secret") as step:
        step.set(output="fine")
    client.flush(5)

    found = server.span_named("step")["attributes"]
    assert "input.value" not in found
    assert "user.id" not in found
    assert found["output.value"] == "fine"
    assert found["callboard.mask_failed"] == ["input.value"]
    assert "mask() failed" in caplog.text


def test_strange_text_and_numbers_arrive(server, client):
    with client.span("a\ud800b", metadata={"big": 1 << 70, "nan": float("nan"), "nul": "a\x00b", 7: "x"}) as made:
        made.set(output={"bad": "\ud800", "inf": float("inf")})
    client.flush(5)

    [found] = server.spans
    assert found["name"] == "a?b"
    assert found["attributes"]["callboard.metadata.big"] == str(1 << 70)
    assert found["attributes"]["callboard.metadata.nan"] == "nan"
    assert found["attributes"]["callboard.metadata.7"] == "x"
    assert json.loads(found["attributes"]["output.value"])["inf"] == "inf"


def test_a_very_large_output_is_cut(server, client):
    with client.span("large") as made:
        made.set(output="x" * 3_000_000)
    client.flush(10)

    value = server.span_named("large")["attributes"]["output.value"]
    assert len(value) < 1_100_000
    assert value.endswith("3,000,000 characters in all]")


def test_a_value_that_changes_while_it_is_sent_does_no_harm(server, client):
    class Growing(dict):
        def items(self):
            for number in range(3):
                self[f"new-{number}"] = number
                yield from super().items()

    with client.span("odd") as made:
        made.set(output=Growing(a=1))
    with client.span("fine"):
        pass

    assert client.flush(5)
    assert server.span_named("fine")
