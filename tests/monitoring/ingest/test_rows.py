"""Which attribute fills which column, in the dialects of the field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from monitoring.ingest.rows import COLUMNS, Sender, row
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
