"""Which attribute fills which column, in the dialects of the field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from monitoring.ingest.rows import COLUMNS, Sender, row
from monitoring.ingest.spans import RawEvent
from monitoring.kinds import Arm, Kind, Mark, Status
from tests.monitoring.ingest.spans import llm_attributes, raw_span

SENDER = Sender(project_id=1, environment="", received_at=datetime.now(UTC))


def columns(**span: Any) -> dict[str, Any]:
    return dict(zip(COLUMNS, row(raw_span(**span), SENDER), strict=True))


def test_openinference_attributes_fill_the_same_columns() -> None:
    found = columns(
        attributes={
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": 12,
            "llm.token_count.completion": 3,
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "Hi",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "lookup",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"id": 1}',
            "session.id": "s",
            "user.id": "u",
        }
    )

    assert (found["kind"], found["model"], found["input_tokens"], found["output_tokens"]) == (Kind.LLM, "gpt-4o", 12, 3)
    assert orjson.loads(found["input"]) == [{"role": "user", "content": "Hi"}]
    assert orjson.loads(found["output"])[0]["tool_calls"] == [{"id": "", "name": "lookup", "arguments": '{"id": 1}'}]
    assert (found["session_id"], found["user_id"]) == ("s", "u")


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("chat", Kind.LLM),
        ("embeddings", Kind.EMBEDDING),
        ("execute_tool", Kind.TOOL),
        ("retrieval", Kind.RETRIEVER),
        ("invoke_agent", Kind.AGENT),
    ],
)
def test_the_operation_decides_the_kind(operation: str, kind: Kind) -> None:
    assert columns(attributes={"gen_ai.operation.name": operation})["kind"] == kind


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"ai.operationId": "ai.generateText", "ai.model.id": "m"}, Kind.AGENT),
        ({"ai.operationId": "ai.embed.doEmbed"}, Kind.EMBEDDING),
        ({"traceloop.span.kind": "workflow"}, Kind.CHAIN),
        ({"langfuse.observation.type": "tool", "gen_ai.operation.name": "chat"}, Kind.TOOL),
        ({"langfuse.observation.type": "span", "gen_ai.operation.name": "chat"}, Kind.LLM),
        ({"openinference.span.kind": "UNKNOWN"}, Kind.OTHER),
        ({"mlflow.spanType": "RETRIEVER"}, Kind.RETRIEVER),
    ],
)
def test_the_first_name_that_knows_the_kind_decides(attributes: dict[str, Any], kind: Kind) -> None:
    assert columns(attributes=attributes)["kind"] == kind


def test_a_model_alone_makes_a_call() -> None:
    assert columns(attributes={"gen_ai.request.model": "m"})["kind"] == Kind.LLM


def test_a_prompt_version_links_the_call() -> None:
    found = columns(
        attributes=llm_attributes(
            **{
                "gen_ai.prompt.name": "support/refund",
                "gen_ai.prompt.version": "7",
                "callboard.rollout.arm": "candidate",
            }
        )
    )

    assert (found["prompt_name"], found["prompt_version"], found["arm"]) == ("support/refund", 7, Arm.CANDIDATE)


def test_system_instructions_come_first_in_the_conversation() -> None:
    found = columns(
        attributes=llm_attributes(**{"gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}]})
    )

    assert orjson.loads(found["input"])[0] == {"role": "system", "content": "Be brief."}


def test_payloads_are_not_stored_twice() -> None:
    found = columns()

    assert "Where is my money?" not in found["attributes"]


def test_the_documents_of_a_search_become_one_list() -> None:
    found = columns(
        attributes={
            "openinference.span.kind": "RETRIEVER", "input.value": "refund",
            "retrieval.documents.0.document.content": "Refunds take five days.", "retrieval.documents.0.document.score": 0.9,
            "retrieval.documents.1.document.content": "Shops.",
        }
    )  # fmt: skip

    assert orjson.loads(found["output"]) == [
        {"content": "Refunds take five days.", "score": 0.9},
        {"content": "Shops."},
    ]
    assert found["output_preview"] == "Refunds take five days."


@pytest.mark.parametrize(
    ("details", "tokens"),
    [
        ({"input": 60, "output": 15, "input_cached_tokens": 40, "output_reasoning_tokens": 5}, (100, 20, 40, None, 5)),
        ({"input": 10, "cache_read_input_tokens": 90, "output": 5}, (100, 5, 90, None, None)),
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 40}},
            (100, 20, 40, None, None),
        ),
        ({"input": "many"}, (None, None, None, None, None)),
    ],
)
def test_counts_in_one_object_are_made_whole(details: dict[str, Any], tokens: tuple[int | None, ...]) -> None:
    found = columns(attributes={"langfuse.observation.usage_details": orjson.dumps(details).decode()})
    names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")

    assert tuple(found[name] for name in names) == tokens


def test_cached_tokens_that_a_total_leaves_out_are_added() -> None:
    found = columns(
        attributes=llm_attributes(
            **{
                "gen_ai.usage.input_tokens": 4,
                "gen_ai.usage.cache_read_input_tokens": 2000,
                "gen_ai.system": "anthropic",
            }
        )
    )

    assert found["input_tokens"] == 2004


@pytest.mark.parametrize(
    ("attributes", "nano_usd"),
    [
        ({"langfuse.observation.cost_details": '{"input": 0.25, "output": 0.5}'}, 750_000_000),
        ({"langfuse.observation.cost_details": '{"input": 0.25, "total": 0.5}'}, 500_000_000),
        ({"llm.cost.prompt": 0.25, "llm.cost.completion": 0.25}, 500_000_000),
        ({"llm.cost.total": 0.25, "llm.cost.prompt": 9.0}, 250_000_000),
        ({"gen_ai.usage.cost": True}, None),
    ],
)
def test_costs_are_read_as_sent(attributes: dict[str, Any], nano_usd: int | None) -> None:
    assert columns(attributes=attributes)["cost_nano_usd"] == nano_usd


@pytest.mark.parametrize(
    ("attributes", "ns"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, 250_000_000),
        ({"ai.response.msToFirstChunk": 250}, 250_000_000),
        ({"langfuse.observation.completion_start_time": '"2026-01-01T00:00:00.250Z"'}, 250_000_000),
        ({"langfuse.observation.completion_start_time": "soon"}, None),
        ({"gen_ai.response.time_to_first_chunk": "inf"}, None),
    ],
)
def test_the_time_to_the_first_words_is_read_in_every_form(attributes: dict[str, Any], ns: int | None) -> None:
    new_year = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000_000

    assert columns(attributes=attributes, start_ns=new_year)["ttft_ns"] == ns


def test_the_event_of_the_first_piece_tells_the_time_to_it() -> None:
    span = raw_span()
    span.events = [RawEvent("First Token Stream Event", span.start_ns + 300_000_000, {})]

    assert dict(zip(COLUMNS, row(span, SENDER), strict=True))["ttft_ns"] == 300_000_000


def test_a_request_that_a_library_recorded_on_the_way_is_a_bare_step() -> None:
    found = columns(scope="opentelemetry.instrumentation.psycopg", attributes={"db.statement": "SELECT secret FROM t"})

    assert found["marks"] & Mark.BACKGROUND
    assert found["attributes"] is None


def test_a_call_that_such_a_library_recorded_is_a_call() -> None:
    found = columns(scope="opentelemetry.instrumentation.openai_v2")

    assert (found["kind"], found["marks"] & Mark.BACKGROUND) == (Kind.LLM, 0)


def test_a_step_of_the_application_itself_keeps_what_it_says() -> None:
    found = columns(scope="shop", attributes={"basket.size": 3})

    assert orjson.loads(found["attributes"])["basket.size"] == 3


def test_links_to_other_traces_are_kept() -> None:
    found = columns(links=[{"trace_id": "ab", "span_id": "cd", "attributes": {}}])

    assert orjson.loads(found["attributes"])["links"] == [{"trace_id": "ab", "span_id": "cd", "attributes": {}}]


def test_an_error_level_marks_the_span_as_failed() -> None:
    found = columns(
        attributes={"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "No answer"}
    )

    assert (found["status"], found["status_message"]) == (Status.ERROR, "No answer")


def test_the_environment_of_the_span_wins_over_that_of_its_resource() -> None:
    assert columns(attributes={"langfuse.environment": "staging"})["environment"] == "staging"


def test_the_name_of_a_trace_is_that_of_its_first_step() -> None:
    named = {"langfuse.trace.name": "support"}

    assert columns(attributes=named)["name"] == "support"
    assert columns(attributes=named, parent_id=b"12345678")["name"] == "chat"


def test_a_plain_question_and_a_plain_answer_are_a_conversation() -> None:
    found = columns(attributes={"gen_ai.operation.name": "chat", "input.value": "Hi", "output.value": "Hello"})

    assert orjson.loads(found["input"]) == [{"role": "user", "content": "Hi"}]
    assert orjson.loads(found["output"]) == [{"role": "assistant", "content": "Hello"}]


def test_the_answer_of_a_provider_is_read_as_it_came() -> None:
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
    found = columns(attributes={"gen_ai.operation.name": "chat", "output.value": orjson.dumps(answer).decode()})

    assert orjson.loads(found["output"]) == [{"role": "assistant", "content": "Hello", "finish_reason": "stop"}]


def test_json_that_is_no_conversation_stays_as_it_was_sent() -> None:
    found = columns(attributes={"gen_ai.operation.name": "chat", "input.value": '{"question": 1}'})

    assert found["input"] == '{"question": 1}'


def test_metadata_is_kept_apart() -> None:
    found = columns(attributes={"callboard.metadata.tenant": "acme", "other": 1})

    assert orjson.loads(found["metadata"]) == {"tenant": "acme"}
    assert orjson.loads(found["attributes"])["other"] == 1


def test_an_error_type_marks_the_span_as_failed() -> None:
    found = columns(attributes={"error.type": "RateLimitError"})

    assert (found["status"], found["status_message"]) == (Status.ERROR, "RateLimitError")


def test_an_end_before_the_start_is_a_duration_of_zero() -> None:
    span = raw_span()
    span.end_ns = span.start_ns - 1

    found = dict(zip(COLUMNS, row(span, SENDER), strict=True))

    assert found["duration_ns"] == 0
    assert found["marks"] & Mark.NEGATIVE_DURATION


def test_a_payload_beyond_a_mebibyte_is_cut_and_marked() -> None:
    found = columns(attributes={"input.value": "x" * 2_000_000})

    assert len(found["input"]) == 1024 * 1024
    assert found["marks"] & Mark.TRUNCATED


def test_an_unknown_price_is_unknown_not_zero() -> None:
    assert columns(attributes=llm_attributes(**{"gen_ai.response.model": "nobody-knows-1"}))["cost_nano_usd"] is None


def test_a_cost_sent_by_the_client_wins() -> None:
    assert columns(attributes=llm_attributes(**{"gen_ai.usage.cost": 0.25}))["cost_nano_usd"] == 250_000_000


def test_a_version_that_is_no_number_is_no_version() -> None:
    assert columns(attributes=llm_attributes(**{"gen_ai.prompt.version": "latest"}))["prompt_version"] == 0


def test_equal_spans_have_equal_hashes_and_other_spans_others() -> None:
    span = raw_span()
    first = dict(zip(COLUMNS, row(span, SENDER), strict=True))["content_hash"]
    again = dict(zip(COLUMNS, row(span, SENDER), strict=True))["content_hash"]
    span.end_ns += 1

    assert first == again != dict(zip(COLUMNS, row(span, SENDER), strict=True))["content_hash"]


def test_a_conversation_nested_beyond_measure_is_stored_as_it_was_sent() -> None:
    deep = '[{"role": "user", "parts": [{"type": "other", "x": ' + "[" * 300 + "]" * 300 + "}]}]"

    assert columns(attributes=llm_attributes(**{"gen_ai.input.messages": deep}))["input"] == deep


def test_an_end_beyond_64_bits_is_cut_with_its_duration() -> None:
    span = raw_span(end_ns=2**64 - 1)

    found = dict(zip(COLUMNS, row(span, SENDER), strict=True))

    assert (found["end_ns"], found["duration_ns"]) == (2**63 - 1, 2**63 - 1 - span.start_ns)
