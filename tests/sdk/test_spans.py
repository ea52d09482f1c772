"""Spans made by hand, and what surrounds them."""

import threading
import uuid
from contextvars import copy_context

import callboard
import pytest
from callboard import (
    context,
    contexts,
    continue_trace,
    create_trace_id,
    current_span,
    inject,
    observe,
    span,
    traceparent,
)
from callboard.testing import capture

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def captured():
    with capture() as captured:
        yield captured


def test_a_with_block_is_a_span(captured):
    with span("retrieve", kind="retriever", input={"q": "tea"}) as made:
        assert current_span() is made
        returned = made.set(output=["doc"], metadata={"index": "v2"}, tags=["fast"], attributes={"top_k": 3})

    assert returned is made
    [found] = captured
    assert (found.name, found.kind, found.input, found.output) == ("retrieve", "retriever", {"q": "tea"}, ["doc"])
    assert found.attributes["gen_ai.operation.name"] == "retrieval"
    assert found.attributes["callboard.metadata.index"] == "v2"
    assert found.attributes["callboard.tags"] == ["fast"]
    assert found.attributes["top_k"] == 3
    assert current_span() is None


def test_a_call_made_by_hand_records_model_and_usage(captured):
    with span("call", kind="llm", model="m-1") as call:
        call.set(
            input=[{"role": "user", "content": "Hi"}],
            output="Hello",
            provider="anthropic",
            usage={"prompt_tokens": 10, "cached_tokens": 4, "reasoning_tokens": 2},
            output_tokens=5,
        )

    found = captured[0].attributes
    assert found["gen_ai.response.model"] == "m-1"
    assert found["gen_ai.provider.name"] == "anthropic"
    assert found["gen_ai.usage.input_tokens"] == 10
    assert found["gen_ai.usage.output_tokens"] == 5
    assert found["gen_ai.usage.cache_read.input_tokens"] == 4
    assert found["gen_ai.usage.reasoning.output_tokens"] == 2
    assert captured[0].input == [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert captured[0].output == [{"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}]


def test_an_error_marks_the_span_and_goes_on(captured):
    with pytest.raises(ZeroDivisionError), span("divide"):
        1 / 0  # noqa: B018

    assert captured[0].error == "ZeroDivisionError: division by zero"


def test_a_failure_can_be_told_without_an_exception(captured):
    with span("check", "guardrail") as made:
        made.fail("blocked")

    assert captured[0].error == "error: blocked"


def test_ids_have_the_lengths_of_w3c(captured):
    with span("a") as made:
        assert len(made.trace_id) == 32
        assert len(made.span_id) == 16
        int(made.trace_id, 16), int(made.span_id, 16)


@pytest.mark.parametrize("wrong", [{"usage": 7}, {"metadata": 7}, {"tags": 7}, {"attributes": [1]}, {"prompt": "x"}])
def test_a_wrong_value_never_raises(captured, wrong):
    with span("a") as made:
        made.set(**wrong)

    assert len(captured) == 1


class Unspeakable:
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": 7},
        {"metadata": 7},
        {"metadata": ["a"]},
        {"user": Unspeakable()},
        {"session": Unspeakable()},
        {"tags": [Unspeakable()]},
        {"trace_id": Unspeakable()},
    ],
)
def test_a_wrong_value_for_the_context_never_raises(captured, wrong):
    with context(**wrong), span("a", kind=7):
        pass

    assert captured[0].kind == "other"


def test_context_is_carried_by_all_spans_in_the_block_and_adds_up(captured):
    with context(user=42, session="s-1", tags=["a"], metadata={"plan": "pro"}):
        with context(tags=["b", "a"], metadata={"beta": True}), span("inner"):
            pass
        with span("outer"):
            pass
    with span("outside"):
        pass

    inner, outer, outside = (captured.named(name).attributes for name in ("inner", "outer", "outside"))
    assert inner["user.id"] == outer["user.id"] == "42"
    assert inner["session.id"] == "s-1"
    assert inner["callboard.tags"] == ["a", "b"]
    assert outer["callboard.tags"] == ["a"]
    assert (inner["callboard.metadata.plan"], inner["callboard.metadata.beta"]) == ("pro", True)
    assert "user.id" not in outside


def test_tags_of_a_span_join_those_around_it(captured):
    with context(tags=["a"]), span("s", tags="b") as made:
        made.set(tags=["c", "a"])

    assert captured[0].attributes["callboard.tags"] == ["a", "c"]


def test_a_trace_can_have_an_id_known_beforehand(captured):
    trace_id = create_trace_id("message-7")

    with context(trace_id=trace_id), span("a") as first, span("b"):
        pass

    assert first.trace_id == trace_id == create_trace_id("message-7")
    assert {found.trace_id for found in captured} == {trace_id}
    assert create_trace_id() != create_trace_id()


def test_a_wrong_trace_id_is_replaced_by_a_new_one(captured):
    with context(trace_id="nonsense"), span("a"):
        pass

    assert len(captured[0].trace_id) == 32


@pytest.mark.parametrize(
    "source",
    [PARENT, {"traceparent": PARENT}, {"Traceparent": PARENT}, {"HTTP_TRACEPARENT": PARENT}, PARENT.upper()],
    ids=["text", "headers", "capitals", "wsgi", "upper case"],
)
def test_a_trace_is_continued_from_its_traceparent(captured, source):
    with continue_trace(source), span("served"):
        pass

    assert captured[0].trace_id == TRACE
    assert captured[0].parent_id == "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "source",
    [
        None,
        {},
        {"traceparent": b"bytes"},
        b"bytes",
        7,
        "",
        "rubbish",
        "00-0-0-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
    ],
)
def test_a_traceparent_that_is_not_valid_begins_a_new_trace(captured, source):
    with continue_trace(source), span("served"):
        pass

    assert captured[0].parent_id is None
    assert captured[0].trace_id != TRACE


def test_a_continued_trace_does_not_belong_to_the_span_around_it(captured):
    with span("worker"), continue_trace(PARENT), span("job"):
        pass

    assert captured.named("job").trace_id == TRACE
    assert captured.named("worker").trace_id != TRACE


def test_the_traceparent_is_sent_on(captured):
    assert traceparent() is None
    assert inject({}) == {}
    with span("a") as made:
        assert traceparent() == f"00-{made.trace_id}-{made.span_id}-01"
        assert inject({"X": "1"}) == {"X": "1", "traceparent": traceparent()}


def test_threads_given_the_context_continue_the_trace(captured):
    @observe
    def work(): ...

    with span("root"):
        inherited = threading.Thread(target=copy_context().run, args=(work,))
        own = threading.Thread(target=work)
        for thread in (inherited, own):
            thread.start()
            thread.join()

    first, second, root = captured
    assert first.parent_id == root.span_id
    assert second.parent_id is None


def test_a_generator_finished_by_the_garbage_collector_does_no_harm(captured):
    def broken():
        with span("a"):
            yield

    stream = broken()
    copy_context().run(next, stream)
    del stream

    assert captured[0].name == "a"


def test_ending_twice_counts_once(captured):
    made = span("a")
    made.end()
    made.end()

    assert len(captured) == 1


def test_a_shut_down_client_counts_what_it_no_longer_sends(make_client):
    client = make_client("http://127.0.0.1:9")
    client.shutdown(0)

    with client.span("late"):
        pass

    assert client.stats()["spans_lost"] == 1
    assert client.flush(0.1)
    assert client.shutdown(0)


def test_the_package_functions_work_on_the_default_client(make_client, server):
    client = make_client(server.url)

    with callboard.span("a"):
        callboard.feedback(thumbs="up")

    assert callboard.flush(5)
    assert server.span_named("a")["name"] == "a"
    assert callboard.stats() == client.stats()
    assert callboard.shutdown(1)


def test_a_library_whose_runs_cannot_be_found_does_no_harm(captured):
    def find(active):
        raise AttributeError("another version")

    contexts.FINDERS.append(find)
    try:
        with span("outer"), span("inner"):
            pass
    finally:
        contexts.FINDERS.remove(find)

    assert captured.named("inner").parent_id == captured.named("outer").span_id


@pytest.mark.parametrize("seed", [5, uuid.UUID(int=7), "\ud800", b"raw", 1.5])
def test_a_trace_id_of_any_seed_is_always_the_same_and_never_raises(seed):
    assert create_trace_id(seed) == create_trace_id(seed)
    assert len(create_trace_id(seed)) == 32


@pytest.mark.parametrize("timeout", [None, "5", "soon", float("nan"), 10**400])
def test_a_time_that_means_nothing_is_no_error(client, timeout):
    assert client.flush(timeout)
    assert client.shutdown(timeout)
