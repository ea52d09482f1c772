"""Traffic of a shop's assistant with sentences that people would write: questions, documents that were looked up, answers."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from monitoring.ingest.spans import RawSpan

_MODELS = ("gpt-5-mini", "gpt-5", "claude-sonnet-4-5")
_PROMPTS = ("support/refund", "support/triage", "search/rewrite")
_THINGS = (
    "shoes",
    "a jacket",
    "my headphones",
    "the blue lamp",
    "a gift card",
    "two chairs",
    "the coffee machine",
    "a tent",
)
_TOPICS = ("return", "exchange", "repair", "track", "cancel", "pay for", "insure", "gift-wrap")
_RULES = (
    "You can {topic} {thing} within {days} days of delivery as long as the receipt is at hand.",
    "A fee of {days} euros applies when the box was opened before you {topic} {thing}.",
    "Orders above {days} euros are sent free of charge inside of the European Union.",
    "To {topic} {thing}, open the page of the order and choose the button at the bottom.",
    "The service desk answers on weekdays between nine and five, and on Saturdays until noon.",
    "Customers with a membership may {topic} {thing} twice a year without giving a reason.",
    "If the parcel was damaged on its way, please send a photograph of it within {days} days.",
)
_OPENINGS = (
    "Hello, I bought {thing} last week and would like to {topic} it. How does that work?",
    "Is it possible to {topic} {thing} after {days} days?",
    "I have been waiting for {thing} since Monday, number {number}. What can I do?",
    "Can somebody explain to me what it costs to {topic} {thing}?",
    "That does not answer my question. I want to {topic} {thing}, not read about the weather.",
)
_ENDINGS = (
    "Please tell me when you need anything else.",
    "I'm sorry, but I can't help with that. Please write to support@shop.example.",
    "The refund arrives on your account within {days} working days.",
    "Your order {number} was handed to the carrier yesterday and will arrive within two days.",
)


class Shop:
    """Makes traces of two steps: documents that were looked up, and the call that answered."""

    def __init__(self, *, seed: int = 7) -> None:
        self._random = random.Random(seed)  # noqa: S311 - texts of a benchmark

    def spans(self, calls: int) -> list[RawSpan]:
        """Return the spans of as many traces, all of them complete and settled."""
        return [span for _ in range(calls) for span in self._trace()]

    def _trace(self) -> list[RawSpan]:
        start_ns = time.time_ns() - 60_000_000_000 - self._random.randrange(600) * 1_000_000_000
        trace_id, values = os.urandom(16), self._values()
        documents = [self._filled(self._random.sample(_RULES, 4), values) for _ in range(3)]
        answer = self._filled([*self._random.sample(_RULES, 3), self._random.choice(_ENDINGS)], values)
        asked = self._filled([self._random.choice(_OPENINGS), self._random.choice(_OPENINGS)], values)
        looked_up = {
            "callboard.kind": "retriever",
            "input.value": asked,
            "output.value": orjson.dumps(documents).decode(),
        }
        return [
            self._span(trace_id, "search", start_ns, 40_000_000, looked_up),
            self._span(
                trace_id,
                "answer",
                start_ns + 50_000_000,
                self._random.randrange(800, 3_000) * 1_000_000,
                self._call(asked, answer),
            ),
        ]

    def _call(self, asked: str, answer: str) -> dict[str, Any]:
        talk = [
            {
                "role": "system",
                "content": "You help the customers of a shop, kindly and in few words. Use the documents alone.",
            },
            {"role": "user", "content": asked},
        ]
        said = [{"role": "assistant", "content": answer, "finish_reason": "stop"}]
        return {
            "callboard.kind": "llm", "gen_ai.request.model": self._random.choice(_MODELS), "gen_ai.provider.name": "openai",
            "gen_ai.usage.input_tokens": 500, "gen_ai.usage.output_tokens": len(answer) // 4, "gen_ai.prompt.version": 3,
            "gen_ai.prompt.name": self._random.choice(_PROMPTS), "gen_ai.response.time_to_first_chunk": self._random.uniform(0.1, 0.9),
            "session.id": f"s-{self._random.randrange(400)}", "user.id": f"u-{self._random.randrange(400)}",
            "gen_ai.input.messages": orjson.dumps(talk).decode(), "gen_ai.output.messages": orjson.dumps(said).decode(),
        }  # fmt: skip

    def _span(self, trace_id: bytes, name: str, start_ns: int, took_ns: int, attributes: dict[str, Any]) -> RawSpan:
        from monitoring.ingest.spans import RawSpan

        return RawSpan(
            trace_id=trace_id, span_id=os.urandom(8), parent_id=b"", name=name, start_ns=start_ns, end_ns=start_ns + took_ns,
            status=1, status_message="", attributes=attributes, resource={"service.name": "shop"}, scope="callboard-bench",
        )  # fmt: skip

    def _values(self) -> dict[str, Any]:
        choose = self._random.choice
        return {
            "thing": choose(_THINGS), "topic": choose(_TOPICS), "days": choose((7, 14, 30, 60)),
            "number": self._random.randrange(10_000, 99_999),
        }  # fmt: skip

    def _filled(self, sentences: list[str], values: dict[str, Any]) -> str:
        return " ".join(sentence.format(**values) for sentence in sentences)
