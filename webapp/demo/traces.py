"""Turns one exchange of the demo into the spans of a trace, with plausible steps around the model call."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from prompt_registry.providers.simulated.answers import Answer, Failure
from prompt_registry.providers.simulated.tokens import estimate_tokens
from webapp.demo import shop
from webapp.demo.exchanges import Exchange
from webapp.demo.otlp_spans import Ids, in_and_out, to_answer, to_messages, write_span
from webapp.demo.prompts import REFUND, SEARCH

_MS = 1_000_000
_ERROR_TYPES = {429: "openai.RateLimitError", 500: "openai.InternalServerError"}
_ROOTS = {REFUND: "answer-support-question", SEARCH: "search-help-pages"}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asked, when and how."""

    ids: Ids
    started_ns: int
    user: str
    session: str
    channel: str
    slowness: float = 1.0

    @property
    def facts(self) -> dict[str, Any]:
        """Return the attributes that every span of the visit carries."""
        facts: dict[str, Any] = {"user.id": self.user, "session.id": self.session, "callboard.tags": ["demo"]}
        return facts | {"callboard.metadata.channel": self.channel}


@dataclass(frozen=True, slots=True)
class Trace:
    """The spans of one exchange, the last of its model calls, and when everything was over."""

    spans: list[Span]
    call_id: bytes
    ended_ns: int


def trace_of(*, exchange: Exchange, visit: Visit, rng: random.Random) -> Trace:
    """Return the trace of one exchange."""
    clock = visit.started_ns + int((2 + 6 * rng.random()) * _MS)
    steps, clock = _steps_before(exchange, visit, rng, clock)
    calls, clock = _calls(exchange, visit, clock)
    ended_ns = clock + int((1 + 5 * rng.random()) * _MS)
    root = _root(exchange, visit, (ended_ns - visit.started_ns) / _MS)
    return Trace([root, *steps, *calls], calls[-1].span_id, ended_ns)


def _root(exchange: Exchange, visit: Visit, duration_ms: float) -> Span:
    outcome = exchange.outcome
    output = outcome.text if isinstance(outcome, Answer) else None
    return write_span(
        ids=visit.ids,
        key="root",
        parent="",
        name=_ROOTS.get(exchange.prompt.name, "summarise-ticket"),
        kind="chain",
        start_ns=visit.started_ns,
        duration_ms=duration_ms,
        attributes={**visit.facts, **in_and_out(exchange.asked, output)},
        error=_error_of(outcome),
    )


def _steps_before(exchange: Exchange, visit: Visit, rng: random.Random, clock: int) -> tuple[list[Span], int]:
    if exchange.prompt.name == SEARCH:
        return _search_steps(exchange, visit, rng, clock)
    order = shop.order_in(exchange.asked)
    if exchange.prompt.name != REFUND or not order:
        return [], clock
    duration_ms = 12 + rng.expovariate(1 / 25)
    found = shop.look_up(order, rng)
    span = write_span(
        ids=visit.ids,
        key="tool",
        parent="root",
        name="look_up_order",
        kind="tool",
        start_ns=clock,
        duration_ms=duration_ms,
        attributes={
            **visit.facts,
            **in_and_out({"order": order}, found),
            "gen_ai.tool.name": "look_up_order",
        },
    )
    return [span], clock + int(duration_ms * _MS)


def _search_steps(exchange: Exchange, visit: Visit, rng: random.Random, clock: int) -> tuple[list[Span], int]:
    embedding_ms, search_ms = 20 + rng.expovariate(1 / 15), 6 + rng.expovariate(1 / 10)
    embedding = write_span(
        ids=visit.ids,
        key="embedding",
        parent="root",
        name="embed question",
        kind="embedding",
        start_ns=clock,
        duration_ms=embedding_ms,
        attributes={
            **visit.facts,
            **in_and_out(exchange.asked, None),
            "gen_ai.provider.name": "simulated",
            "gen_ai.request.model": "simulated-embedding",
            "gen_ai.response.model": "simulated-embedding",
            "gen_ai.usage.input_tokens": estimate_tokens(exchange.asked),
        },
    )
    clock += int(embedding_ms * _MS)
    documents = [{"id": page.partition(":")[0], "content": page} for page in exchange.pages]
    retriever = write_span(
        ids=visit.ids,
        key="retriever",
        parent="root",
        name="find help pages",
        kind="retriever",
        start_ns=clock,
        duration_ms=search_ms,
        attributes={**visit.facts, **in_and_out(exchange.asked, documents)},
    )
    return [embedding, retriever], clock + int(search_ms * _MS)


def _calls(exchange: Exchange, visit: Visit, clock: int) -> tuple[list[Span], int]:
    spans = []
    for number, plan in enumerate(exchange.tries, 1):
        duration_ms = plan.latency_ms * (visit.slowness if isinstance(plan, Answer) else 1)
        spans.append(_call(exchange, visit, plan, f"call{number}", clock, duration_ms))
        # A failed try is repeated after a short wait.
        clock += int((duration_ms + (400 if isinstance(plan, Failure) else 0)) * _MS)
    return spans, clock


def _call(
    exchange: Exchange, visit: Visit, plan: Answer | Failure, key: str, start_ns: int, duration_ms: float
) -> Span:
    model = str(exchange.version.settings["model"])
    answered = _answered(visit, plan, model) if isinstance(plan, Answer) else {}
    return write_span(
        ids=visit.ids,
        key=key,
        parent="root",
        name=f"chat {model}",
        kind="llm",
        start_ns=start_ns,
        duration_ms=duration_ms,
        attributes={**visit.facts, **_asked(exchange, model), **answered},
        error=_error_of(plan),
    )


def _asked(exchange: Exchange, model: str) -> dict[str, Any]:
    settings = exchange.version.settings
    return {
        "gen_ai.provider.name": "simulated",
        "gen_ai.request.model": model,
        "gen_ai.request.temperature": float(settings["temperature"]),
        "gen_ai.request.max_tokens": settings.get("max_tokens"),
        "gen_ai.input.messages": to_messages(exchange.messages),
        "gen_ai.prompt.name": exchange.prompt.name,
        "gen_ai.prompt.version": str(exchange.version.number),
        "callboard.prompt.label": "production",
        "callboard.prompt.source": "memory",
        **{f"gen_ai.prompt.variable.{name}": value for name, value in exchange.variables.items()},
    }


def _answered(visit: Visit, plan: Answer, model: str) -> dict[str, Any]:
    return {
        "gen_ai.response.model": model,
        "gen_ai.response.id": f"chatcmpl-simulated-{visit.ids.span('response').hex()}",
        "gen_ai.response.finish_reasons": [plan.finish_reason],
        "gen_ai.response.time_to_first_chunk": plan.first_chunk_ms * visit.slowness / 1_000,
        "gen_ai.usage.input_tokens": plan.input_tokens,
        "gen_ai.usage.output_tokens": plan.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": plan.cached_tokens or None,
        "gen_ai.output.messages": to_answer(plan.text, plan.finish_reason),
    }


def _error_of(plan: Answer | Failure) -> tuple[str, str] | None:
    if isinstance(plan, Answer):
        return None
    return _ERROR_TYPES.get(plan.status, "openai.APIStatusError"), plan.message
