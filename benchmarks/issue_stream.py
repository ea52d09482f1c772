"""A made-up stream of calls over some days, with problems planted in it: the same seed always makes the same stream.

Users ask about a dozen things in their own words, of a prompt that answers from memory and one that looks things up. Some
answers refuse, some calls are slow and some users press thumbs down anyway, as everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import orjson

from benchmarks.issue_texts import INTENTS, NOTHING_FOUND, REFUSALS, THINGS, Intent
from monitoring.ingest.spans import RawSpan
from monitoring.kinds import Kind, Status

ANSWERS, SEARCHES = "support/answer", "docs/ask"
FAST, LARGE = "gpt-5-mini", "gpt-5"
RETRIEVER = "search-docs"
REFUSED_INTENT = "late refund"
OLD_VERSION, NEW_VERSION = 10, 11
SLOW_FROM, SLOW_UNTIL = 14, 17


class Problem(StrEnum):
    """What can be planted."""

    REFUSING_VERSION = "a prompt version that refuses one intent"
    SLOW_MODEL = "a model that is slow at some hours"
    EMPTY_RETRIEVER = "a retriever that finds nothing"


@dataclass(frozen=True, slots=True)
class Made:
    """One trace of the stream: its spans, and whether its user pressed thumbs down, and with which words."""

    spans: tuple[RawSpan, ...]
    trace_id: str
    is_disliked: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Stream:
    """How much traffic, until when, over how many days, and what is planted in the last of them."""

    calls: int
    until: datetime
    days: float = 10.0
    problem_days: float = 3.0
    seed: int = 1
    problems: Sequence[Problem] = ()
    users: int = 400

    def traces(self) -> Iterator[Made]:
        """Yield the traces, oldest first."""
        chance = random.Random(self.seed)  # noqa: S311 - a simulation
        since = self.until - timedelta(days=self.days)
        for moment in sorted(chance.random() for _ in range(self.calls)):
            yield _Maker(self, chance, since + timedelta(days=self.days * moment)).made()


class _Maker:
    """Makes one trace."""

    def __init__(self, stream: Stream, chance: random.Random, at: datetime) -> None:
        self._stream, self._chance, self._at = stream, chance, at
        self._is_late = at >= stream.until - timedelta(days=stream.problem_days)
        self._trace_id = f"{chance.getrandbits(128):032x}"
        self._user = f"user-{min(int(chance.paretovariate(1.1)) + chance.randrange(stream.users), stream.users)}"

    def made(self) -> Made:
        chance = self._chance
        intent, thing = chance.choice(INTENTS), chance.choice(THINGS)
        asked = chance.choice(intent.questions).format(thing=thing)
        prompt = SEARCHES if chance.random() < 0.35 else ANSWERS
        model = LARGE if chance.random() < 0.3 else FAST
        finds = not (prompt == SEARCHES and self._has(Problem.EMPTY_RETRIEVER) and chance.random() < 0.4)
        version = NEW_VERSION if self._is_late else OLD_VERSION
        answered = self._answer(prompt, version, intent, finds)
        is_fine = answered not in REFUSALS and answered not in NOTHING_FOUND
        is_disliked = chance.random() < (0.03 if is_fine else 0.25)
        spans = [self._call(prompt, version if prompt == ANSWERS else 4, model, asked, answered)]
        if prompt == SEARCHES:
            found = [{"content": intent.page}] if finds else []
            spans.append(self._span(Kind.RETRIEVER, RETRIEVER, 80, _io(asked, orjson.dumps(found).decode())))
        return Made(tuple(spans), self._trace_id, is_disliked, "" if is_fine else "It did not help me at all")

    def _answer(self, prompt: str, version: int, intent: Intent, finds: bool) -> str:
        chance = self._chance
        if not finds:
            return chance.choice(NOTHING_FOUND)
        refuses = 0.015
        if (
            prompt == ANSWERS
            and intent.name == REFUSED_INTENT
            and version == NEW_VERSION
            and self._has(Problem.REFUSING_VERSION)
        ):
            refuses = 0.7
        return chance.choice(REFUSALS) if chance.random() < refuses else chance.choice(intent.answers)

    def _call(self, prompt: str, version: int, model: str, asked: str, answered: str) -> RawSpan:
        took_ms = self._chance.lognormvariate(6.6 if model == FAST else 7.2, 0.35)
        if model == LARGE and SLOW_FROM <= self._at.hour < SLOW_UNTIL and self._has(Problem.SLOW_MODEL):
            took_ms *= 3.5
        messages = {
            "gen_ai.input.messages": _messages("user", asked), "gen_ai.output.messages": _messages("assistant", answered),
        }  # fmt: skip
        return self._span(
            Kind.LLM, "chat", took_ms,
            messages | {
                "gen_ai.request.model": model, "gen_ai.provider.name": "openai", "gen_ai.prompt.name": prompt,
                "gen_ai.prompt.version": version, "gen_ai.usage.input_tokens": 200 + len(asked) // 4,
                "gen_ai.usage.output_tokens": len(answered) // 4,
            },
        )  # fmt: skip

    def _span(self, kind: Kind, name: str, took_ms: float, attributes: dict[str, object]) -> RawSpan:
        # A retriever comes before the call that rests on it.
        begin = self._at - timedelta(milliseconds=100) if kind == Kind.RETRIEVER else self._at
        start_ns = int(begin.timestamp() * 1_000_000) * 1000
        return RawSpan(
            trace_id=bytes.fromhex(self._trace_id), span_id=self._chance.getrandbits(63).to_bytes(8, "big"), parent_id=b"",
            name=name, start_ns=start_ns, end_ns=start_ns + int(took_ms * 1e6), status=int(Status.OK), status_message="",
            attributes={"callboard.kind": kind.label, "user.id": self._user} | attributes,
            resource={
                "service.name": "support-api", "service.version": "2026.11", "deployment.environment.name": "production",
            },
            scope="callboard", events=[], marks=0,
        )  # fmt: skip

    def _has(self, problem: Problem) -> bool:
        return self._is_late and problem in self._stream.problems


def _messages(role: str, text: str) -> str:
    return orjson.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}]).decode()


def _io(asked: str, found: str) -> dict[str, object]:
    return {"input.value": asked, "output.value": found}
