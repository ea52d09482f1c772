"""Builds OTLP requests for tests."""

from __future__ import annotations

import os
import time
from typing import Any

from monitoring.ingest.spans import RawSpan

SECOND = 1_000_000_000


def raw_span(**changes: Any) -> RawSpan:
    """Return a complete LLM span that started just now; name only what matters."""
    start = changes.pop("start_ns", time.time_ns() - 2 * SECOND)
    values: dict[str, Any] = {
        "trace_id": os.urandom(16),
        "span_id": os.urandom(8),
        "parent_id": b"",
        "name": "chat",
        "start_ns": start,
        "end_ns": start + SECOND,
        "status": 0,
        "status_message": "",
        "attributes": llm_attributes(),
        "resource": {"service.name": "shop", "deployment.environment.name": "production"},
    }
    return RawSpan(**{**values, **changes})


def llm_attributes(**changes: Any) -> dict[str, Any]:
    """Return the attributes of a chat call as the GenAI conventions have them."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Where is my money?"}]}]',
        "gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"On its way."}]}]',
        **changes,
    }
