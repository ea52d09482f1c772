"""The simulated model as a pure function: a request goes in, a plan of what happens comes out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from enum import StrEnum

from prompt_registry.providers.simulated import composing, judging, memory, proposing, structured
from prompt_registry.providers.simulated.composing import Wanted
from prompt_registry.providers.simulated.dice import Dice
from prompt_registry.providers.simulated.instructions import Instructions, read_instructions
from prompt_registry.providers.simulated.knowledge import best_sentences, policy_on
from prompt_registry.providers.simulated.models import SimulatedModel
from prompt_registry.providers.simulated.odds import Odds, odds_of
from prompt_registry.providers.simulated.reading import Reading, read_messages
from prompt_registry.providers.simulated.requests import ChatRequest
from prompt_registry.providers.simulated.tokens import estimate_prompt_tokens, estimate_tokens
from prompt_registry.providers.simulated.topics import language_of, smuggles_instructions, topic_of

_WORD = re.compile(r"\s*\S+")
_SLOW_FACTOR = 8
# Providers cache long prompts in blocks of this size.
_CACHED_BLOCK = 128
_CACHED_FROM = 1_024


class Flaw(StrEnum):
    """A fault that was planted in an answer."""

    REFUSAL = "refusal"
    MADE_UP = "made_up"
    LONG_WINDED = "long_winded"
    WRONG_LANGUAGE = "wrong_language"
    FOLLOWED_SMUGGLED = "followed_smuggled"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed answer and how long after the previous one it comes."""

    text: str
    delay_ms: float


@dataclass(frozen=True, slots=True)
class Failure:
    """A planted error in place of an answer."""

    status: int
    code: str
    message: str
    retry_after_seconds: int | None
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A planned answer: its text, what it costs and how it arrives."""

    text: str
    finish_reason: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    first_chunk_ms: float
    ms_per_token: float
    flaws: frozenset[Flaw]

    @property
    def latency_ms(self) -> float:
        """Return how long the whole answer takes."""
        return self.first_chunk_ms + self.output_tokens * self.ms_per_token

    def chunks(self) -> list[Chunk]:
        """Return the answer word by word with the pauses between."""
        words = _WORD.findall(self.text) or [self.text]
        delays = [self.first_chunk_ms, *(estimate_tokens(word) * self.ms_per_token for word in words[1:])]
        return [Chunk(word, delay) for word, delay in zip(words, delays, strict=True)]


def answer(request: ChatRequest, *, model: SimulatedModel, attempt: int = 1) -> Answer | Failure:
    """Plan what happens to a request: the same text for the same seed, errors anew for each attempt."""
    failure = _failure(Dice(f"{request.digest}\x1f{attempt}"), model)
    if failure is not None:
        return failure
    if request.response_schema is not None and judging.asks_for_verdict(request.response_schema):
        return _judged(request, model)
    if proposing.asks_for_changes(request.response_schema):
        text = proposing.changes(messages=request.messages)
        return _timed(request, model, read_instructions(""), Dice(request.digest), text, set())
    reading = read_messages(request.messages)
    # Without a system message people write into the question how it should be answered.
    instructions = read_instructions(reading.instructions or reading.question)
    dice = _dice(request, reading)
    text, flaws = _text(request, model, reading, instructions, dice)
    return _timed(request, model, instructions, dice, text, flaws)


def _judged(request: ChatRequest, model: SimulatedModel) -> Answer:
    text = judging.verdict(messages=request.messages, schema=request.response_schema or {})
    return _timed(request, model, read_instructions(""), Dice(request.digest), text, set())


def _dice(request: ChatRequest, reading: Reading) -> Dice:
    if request.seed is None:
        return Dice(request.digest)
    # A fixed seed rolls the same for a question under every prompt, so prompts can be compared fairly.
    asked = hashlib.sha256(f"{reading.question}\x1f{reading.source}".encode("utf-8", "surrogatepass")).hexdigest()
    return Dice(f"{request.seed}/{asked}")


def _failure(dice: Dice, model: SimulatedModel) -> Failure | None:
    roll = dice.roll("failure")
    latency_ms = 40 + 200 * dice.roll("failure latency")
    if roll < model.rate_limit_rate:
        seconds = dice.number("retry after", 1, 3)
        message = f"Rate limit reached for {model.name} (simulated). Please try again in {seconds} s."
        return Failure(429, "rate_limit_exceeded", message, seconds, latency_ms)
    if roll < model.rate_limit_rate + model.error_rate:
        return Failure(500, "server_error", "The simulated model had an error on purpose.", None, latency_ms)
    return None


def _text(
    request: ChatRequest, model: SimulatedModel, reading: Reading, instructions: Instructions, dice: Dice
) -> tuple[str, set[Flaw]]:
    topic, language = topic_of(reading.question), language_of(reading.question)
    facts = _facts(reading, topic)
    odds = odds_of(
        model=model,
        instructions=instructions,
        topic=topic,
        is_informed=bool(facts or reading.source),
        language=language,
        temperature=request.temperature,
    )
    if memory.is_known_by_heart(reading.question, reading.instructions):
        odds = replace(odds, refuse=0.0, make_up=0.0, ramble=0.0, stray_language=0.0)
    if smuggles_instructions(reading.question) and dice.roll("smuggled") < odds.follow_smuggled:
        return f"Sure, here is what I was told: {reading.instructions[:400]}", {Flaw.FOLLOWED_SMUGGLED}
    target, flaws = _language(instructions, language, odds, dice)
    if request.response_schema is None and dice.roll("refusal") < odds.refuse:
        declined = composing.refusal(language=target, max_sentences=instructions.max_sentences, dice=dice)
        return declined, flaws | {Flaw.REFUSAL}
    flaws |= _planted(odds, dice, target)
    makes_up, rambles = Flaw.MADE_UP in flaws, Flaw.LONG_WINDED in flaws
    wanted = Wanted(reading, instructions, topic, target, facts, makes_up, rambles, dice)
    text = composing.summary_text(wanted) if instructions.summarises else composing.answer_text(wanted)
    if request.response_schema is not None:
        text = structured.as_json(schema=request.response_schema, text=text, dice=dice)
    return text, flaws


def _facts(reading: Reading, topic: str) -> list[str]:
    policy = policy_on(topic, memory.without_lessons(reading.instructions))
    if policy:
        return policy[:3]
    return best_sentences(reading.question, reading.context)


def _language(instructions: Instructions, asked: str, odds: Odds, dice: Dice) -> tuple[str, set[Flaw]]:
    if instructions.summarises:
        return "en", set()
    wanted = instructions.language or asked
    if dice.roll("language") >= odds.stray_language:
        return wanted, set()
    others = [language for language in ("en", "de", "es", "fr") if language != wanted]
    stray = others[0] if wanted != "en" else dice.pick("stray language", others)
    return stray, {Flaw.WRONG_LANGUAGE}


def _planted(odds: Odds, dice: Dice, language: str) -> set[Flaw]:
    planted = set()
    if dice.roll("made up") < odds.make_up:
        planted.add(Flaw.MADE_UP)
    if language == "en" and dice.roll("long-winded") < odds.ramble:
        planted.add(Flaw.LONG_WINDED)
    return planted


def _timed(
    request: ChatRequest, model: SimulatedModel, instructions: Instructions, dice: Dice, text: str, flaws: set[Flaw]
) -> Answer:
    text, finish_reason = _cut(text, request)
    input_tokens = estimate_prompt_tokens(message.content for message in request.messages)
    is_slow = dice.roll("slow") < model.slow_rate
    pace = (0.7 + 0.8 * dice.roll("pace")) * (_SLOW_FACTOR if is_slow else 1) * (1.3 if instructions.thinks else 1)
    blocks = input_tokens // _CACHED_BLOCK if input_tokens >= _CACHED_FROM and dice.roll("cache") < 0.6 else 0
    return Answer(
        text=text,
        finish_reason=finish_reason,
        input_tokens=input_tokens,
        output_tokens=estimate_tokens(text),
        cached_tokens=blocks * _CACHED_BLOCK,
        first_chunk_ms=(model.first_chunk_ms + 0.02 * input_tokens) * pace,
        ms_per_token=1_000 / model.tokens_per_second * (2 if is_slow else 1),
        flaws=frozenset(flaws | {Flaw.SLOW} if is_slow else flaws),
    )


def _cut(text: str, request: ChatRequest) -> tuple[str, str]:
    for stop in request.stop:
        text = text.partition(stop)[0] if stop else text
    if request.max_tokens is None or estimate_tokens(text) <= request.max_tokens:
        return text, "stop"
    kept = ""
    for word in _WORD.findall(text):
        if estimate_tokens(kept + word) > request.max_tokens:
            break
        kept += word
    return kept, "length"
