"""Batches of Langfuse's older SDKs, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.ingest import langfuse_batch, langfuse_ids, rows
from monitoring.ingest.langfuse_batch import Patch, nanoseconds
from monitoring.ingest.rows import Sender
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import Mark

TRACE = "0af76519-16cd-43dd-8448-eb211c80319c"
T0, T1, T2, T3 = (f"2026-11-28T10:00:0{second}Z" for second in range(4))
NOW_NS = nanoseconds(T3)
SENDER = Sender(project_id=1, environment="", received_at=datetime(2026, 11, 28, 10, 0, 3, tzinfo=UTC))


def event(type: str, body: Any, *, id: str = "e1", timestamp: str = T0) -> dict[str, Any]:
    return {"id": id, "timestamp": timestamp, "type": type, "body": body}


def spans(*events: Any, known: dict[langfuse_batch.Key, Patch] | None = None):
    batch = langfuse_batch.read(events)
    assert batch.failures == []
    return langfuse_batch.spans_of(batch, known=known or {}, now_ns=NOW_NS)


def column(span: RawSpan, name: str) -> Any:
    """Return what one column of the stored row holds."""
    return rows.row(span, SENDER)[rows.COLUMNS.index(name)]


TRACE_EVENT = event("trace-create", {"id": TRACE, "name": "support chat", "timestamp": T0, "userId": "ada"})


def test_a_trace_becomes_a_span_above_the_steps_without_a_parent():
    root, step, below = spans(
        TRACE_EVENT,
        event("span-create", {"id": "a", "traceId": TRACE, "name": "search", "startTime": T1}),
        event("span-create", {"id": "b", "traceId": TRACE, "parentObservationId": "a", "startTime": T1}),
    )

    assert (root.name, root.parent_id, root.attributes["user.id"]) == ("support chat", b"", "ada")
    assert (step.parent_id, below.parent_id) == (root.span_id, step.span_id)
    assert {span.trace_id for span in (root, step, below)} == {langfuse_ids.trace_id(TRACE)}


def test_a_trace_lasts_as_long_as_the_steps_below_it():
    root, _ = spans(TRACE_EVENT, event("span-create", {"id": "a", "traceId": TRACE, "startTime": T1, "endTime": T2}))

    assert (root.start_ns, root.end_ns) == (nanoseconds(T0), nanoseconds(T2))


def test_a_stored_trace_grows_with_a_step_that_ends_later():
    trace_id = langfuse_ids.trace_id(TRACE)
    root = Patch(
        trace_id=trace_id,
        span_id=langfuse_ids.root_id(trace_id),
        name="support chat",
        start_ns=1,
        end_ns=2,
        is_root=True,
    )

    _, grown = spans(
        event("span-create", {"id": "a", "traceId": TRACE, "startTime": T1, "endTime": T2}), known={root.key: root}
    )

    assert (grown.span_id, grown.name, grown.start_ns, grown.end_ns) == (
        root.span_id,
        "support chat",
        1,
        nanoseconds(T2),
    )


def test_an_update_completes_what_was_created():
    (call,) = spans(
        event("generation-create", {"id": "a", "traceId": TRACE, "name": "answer", "model": "gpt-4o-mini", "startTime": T0}),
        event("generation-update", {"id": "a", "traceId": TRACE, "endTime": T2, "output": "Hi", "usage": {"input": 3}}),
    )  # fmt: skip

    assert (call.name, call.start_ns, call.end_ns) == ("answer", nanoseconds(T0), nanoseconds(T2))
    found = [column(call, name) for name in ("kind", "model", "input_tokens", "output_preview")]
    assert found == [1, "gpt-4o-mini", 3, "Hi"]


def test_an_update_is_put_on_top_of_what_is_stored_and_the_stored_start_stays():
    key = (langfuse_ids.trace_id(TRACE), langfuse_ids.span_id("a"))
    stored = Patch(*key, name="answer", start_ns=17, attributes={"langfuse.observation.model.name": "gpt-4o-mini"})

    (call,) = spans(
        event("generation-update", {"id": "a", "traceId": TRACE, "startTime": T1, "endTime": T2}), known={key: stored}
    )

    assert (call.name, call.start_ns) == ("answer", 17)
    assert call.attributes["langfuse.observation.model.name"] == "gpt-4o-mini"


def test_an_update_without_anything_before_it_starts_when_it_was_sent():
    (call,) = spans(event("span-update", {"id": "a", "traceId": TRACE, "endTime": T1}, timestamp=T2))

    assert (call.start_ns, call.end_ns) == (nanoseconds(T1), nanoseconds(T1))


def test_the_time_to_the_first_token_counts_from_the_start():
    (call,) = spans(
        event("generation-create", {"id": "a", "traceId": TRACE, "startTime": T0, "completionStartTime": T1})
    )

    assert column(call, "ttft_ns") == 1_000_000_000


def test_an_error_stays_one_after_an_update_that_says_nothing_of_it():
    (step,) = spans(
        event("span-update", {"id": "a", "traceId": TRACE, "level": "ERROR", "statusMessage": "no mail server"}),
        event("span-update", {"id": "a", "traceId": TRACE, "endTime": T2}),
    )

    assert (column(step, "status"), column(step, "status_message")) == (2, "no mail server")


def test_an_event_takes_no_time():
    (moment,) = spans(event("event-create", {"id": "a", "traceId": TRACE, "startTime": T1}))

    assert moment.start_ns == moment.end_ns == nanoseconds(T1)


def test_an_observation_without_a_trace_is_a_trace_of_its_own():
    (alone,) = spans(event("span-create", {"id": "a", "startTime": T1}))

    assert (alone.trace_id, alone.parent_id) == (langfuse_ids.trace_id("a"), b"")


def test_environment_and_release_say_where_the_trace_ran():
    (root,) = spans(
        event("trace-create", {"id": TRACE, "environment": "staging", "release": "2026.11", "tags": ["vip"]})
    )

    assert (column(root, "environment"), column(root, "release")) == ("staging", "2026.11")
    assert column(root, "metadata") == '{"tags":["vip"]}'


def test_metadata_beyond_the_limit_is_cut_and_the_span_says_so():
    (step,) = spans(event("span-create", {"id": "a", "traceId": TRACE, "metadata": {str(n): n for n in range(10_400)}}))

    assert len(step.attributes) == 10_000
    assert step.marks == Mark.TRUNCATED


def test_scores_and_logs_are_set_aside():
    batch = langfuse_batch.read([
        event("score-create", {"traceId": TRACE, "name": "helpful", "value": 1}, id="s"), event("sdk-log", {"log": 1}, id="l"),
    ])  # fmt: skip

    assert ([event_id for event_id, _ in batch.scores], batch.noted, batch.patches) == (["s"], ["l"], {})


@pytest.mark.parametrize(
    "sent",
    [
        7, None, [], {}, event("span-create", None), event("span-create", "text"), event("dataset-create", {"id": "a"}),
        event("span-delete", {"id": "a"}), event("observation-create", {"id": "a", "type": ["SPAN"]}),
        {"type": "span-create", "body": {}},
    ],
)  # fmt: skip
def test_what_is_no_event_is_named_and_nothing_else(sent):
    batch = langfuse_batch.read([sent, TRACE_EVENT])

    assert [failure.status for failure in batch.failures] == [400]
    assert len(batch.patches) == 1


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "1969-01-01", None, 7]
)
def test_what_is_no_moment_was_not_said(text):
    assert nanoseconds(text) == 0


def test_moments_are_exact():
    assert nanoseconds("2026-11-28T10:00:00.123456Z") == 1795860000123456000
    assert nanoseconds("2026-11-28T10:00:00") == nanoseconds("2026-11-28T12:00:00+02:00") == 1795860000000000000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text(alphabet=st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
NAMES = [
    "id", "traceId", "name", "startTime", "endTime", "timestamp", "input", "output", "metadata", "usage", "usageDetails",
    "costDetails", "level", "statusMessage", "model", "modelParameters", "promptName", "promptVersion", "tags", "userId",
    "completionStartTime", "environment", "parentObservationId", "type",
]  # fmt: skip
TYPES = [
    "trace-create",
    "span-create",
    "span-update",
    "generation-create",
    "generation-update",
    "event-create",
    "observation-create",
]
BODIES = st.dictionaries(st.sampled_from(NAMES), JSON | st.sampled_from([T0, T2, TRACE, "a"]), max_size=10)
USAGES = st.dictionaries(st.sampled_from(["input", "output", "prompt_tokens", "cache_read", "total"]), JSON, max_size=4)
EVENTS = st.fixed_dictionaries({
    "id": JSON, "timestamp": JSON, "type": st.sampled_from(TYPES) | JSON,
    "body": BODIES | st.builds(lambda body, usage: body | {"id": "a", "usageDetails": usage}, BODIES, USAGES) | JSON,
})  # fmt: skip


@given(st.lists(EVENTS | JSON, max_size=5))
def test_nothing_that_is_sent_breaks_anything(events):
    batch = langfuse_batch.read(events)

    found, rejected = rows.build(langfuse_batch.spans_of(batch, known={}, now_ns=NOW_NS), SENDER)

    assert rejected == []
    assert len(found) == len(batch.patches)


@given(st.lists(EVENTS, max_size=4))
def test_reading_the_same_again_says_the_same(events):
    assert repr(langfuse_batch.read(events)) == repr(langfuse_batch.read(events))
