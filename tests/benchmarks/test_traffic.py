"""The load is what applications send, and never the same trace twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks.traffic import Traffic
from monitoring.ingest import protobuf
from monitoring.ingest.rows import COLUMNS, Sender, build
from monitoring.kinds import Kind


@pytest.mark.parametrize("spans", [1, 2, 3, 512])
def test_a_request_holds_as_many_spans_as_it_says(spans: int) -> None:
    request = Traffic().request(spans)

    assert len(protobuf.decode(bytes(request.body))) == request.span_count == spans


def test_renewing_changes_every_trace_and_nothing_else() -> None:
    request = Traffic().request(9)
    before = protobuf.decode(bytes(request.body))

    after = protobuf.decode(bytes(request.renew()))

    assert {span.trace_id for span in before}.isdisjoint(span.trace_id for span in after)
    assert len({span.trace_id for span in after}) == 3
    assert [span.attributes for span in before] == [span.attributes for span in after]


def test_calls_name_what_the_dashboards_show() -> None:
    spans = protobuf.decode(bytes(Traffic().request(3).body))
    rows, rejected = build(spans, Sender(1, "", datetime.now(UTC)))

    [call] = [row for row in (dict(zip(COLUMNS, row, strict=True)) for row in rows) if row["kind"] == Kind.LLM]

    assert not rejected
    assert all(
        call[name]
        for name in ("model", "prompt_name", "prompt_version", "input_tokens", "ttft_ns", "session_id", "user_id")
    )
    assert 1_000 < len(call["input"]) + len(call["output"]) < 4_000


def test_the_same_seed_makes_the_same_texts() -> None:
    assert Traffic(seed=3).text(20) == Traffic(seed=3).text(20) != Traffic(seed=4).text(20)
