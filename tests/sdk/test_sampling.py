"""Which traces are kept."""

import random

import pytest
from callboard import ids
from callboard.tracing import Tracer

KEPT, DROPPED = 1, (1 << 56) - 1


@pytest.fixture
def sent():
    return []


@pytest.fixture
def tracer(sent):
    return Tracer(sink=lambda span, _size: sent.append(span.name), sample_rate=0.5)


def trace_with(trace_id):
    from callboard import context

    return context(trace_id=f"{trace_id:032x}")


def test_the_decision_follows_from_the_trace_id_alone():
    generator = random.Random(7)
    trace_ids = [generator.getrandbits(128) for _ in range(20_000)]

    kept = {trace_id for trace_id in trace_ids if ids.is_sampled(trace_id, rate=0.25)}

    assert 4_700 < len(kept) < 5_300
    assert kept == {trace_id for trace_id in trace_ids if ids.is_sampled(trace_id, rate=0.25)}
    assert kept < {trace_id for trace_id in trace_ids if ids.is_sampled(trace_id, rate=0.5)}
    assert not any(ids.is_sampled(trace_id, rate=0.0) for trace_id in trace_ids)
    assert all(ids.is_sampled(trace_id, rate=1.0) for trace_id in trace_ids)


def test_a_trace_is_kept_or_dropped_as_a_whole(tracer, sent):
    for trace_id in (KEPT, DROPPED):
        with trace_with(trace_id), tracer.start(f"root {trace_id}", "chain"), tracer.start(f"child {trace_id}", "llm"):
            pass

    assert sent == [f"child {KEPT}", f"root {KEPT}"]


def test_an_error_keeps_the_whole_trace(tracer, sent):
    with trace_with(DROPPED), tracer.start("root", "chain"):
        with tracer.start("before", "tool"):
            pass
        with tracer.start("failing", "llm") as failing:
            failing.fail("oops")
        with tracer.start("after", "tool"):
            pass

    assert sent == ["before", "failing", "after", "root"]


def test_spans_after_the_end_of_a_dropped_trace_are_dropped(tracer, sent):
    with trace_with(DROPPED), tracer.start("root", "chain"):
        late = tracer.start("late", "tool")
    late.end()

    assert sent == []


def test_a_dropped_trace_with_very_many_spans_holds_only_some(tracer, sent):
    with trace_with(DROPPED), tracer.start("root", "chain") as root:
        for _ in range(2_000):
            with tracer.start("step", "tool"):
                pass
        assert root.trace.held is None

    assert sent == []


def test_feedback_on_the_current_trace_keeps_it(server, make_client):
    client = make_client(server.url, sample_rate=0.0)

    with client.span("root"), client.span("child"):
        client.feedback(thumbs="down")
    with client.span("other"):
        pass
    client.flush(5)

    assert [span["name"] for span in server.spans] == ["child", "root"]
    assert len(server.feedback) == 1


def test_a_dropped_trace_says_so_to_the_services_it_calls(make_client):
    from callboard import traceparent

    client = make_client("http://127.0.0.1:9", sample_rate=0.0)

    with client.span("root"):
        assert traceparent().endswith("-00")
