"""How much a step used: tokens, money and the time to its first words, from the facts that clients send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from monitoring.ingest.limits import INT32_MAX
from monitoring.ingest.messages import loaded

Facts = Mapping[str, Any]
_MOST_SECONDS = 1e6
_MOST_USD = 1e6

# What the counts are called in objects that hold all of them: Langfuse's own words, then those of the providers.
_COUNTS = {
    "input": ("input", "input_tokens", "prompt_tokens", "promptTokens", "inputTokens"),
    "output": ("output", "output_tokens", "completion_tokens", "completionTokens", "outputTokens"),
    "cache_read": ("cache_read_input_tokens", "input_cached_tokens", "input_cache_read", "cached_tokens", "cachedInputTokens"),
    "cache_write": ("cache_creation_input_tokens", "input_cache_creation", "cache_write_input_tokens"),
    "reasoning": ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens", "reasoningTokens"),
}  # fmt: skip
_COUNTS_INSIDE = ("prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details")


class Tokens(NamedTuple):
    """Tokens of one call; those read from and written to the provider's cache are part of the input, reasoning of the output."""

    input: int | None
    output: int | None
    cache_read: int | None
    cache_write: int | None
    reasoning: int | None


NO_TOKENS = Tokens(None, None, None, None, None)
_TOLD_BY = {
    "usage_details",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
}
_COSTS = {"cost_details", "cost", "cost_of_input", "cost_of_output"}


def tokens(facts: Facts) -> Tokens:
    """Return the tokens that a call reports; a total that leaves cached tokens out is made to include them."""
    if facts.keys().isdisjoint(_TOLD_BY):
        return NO_TOKENS
    if "usage_details" in facts and isinstance(details := loaded(facts["usage_details"]), dict):
        found = _of_details(details)
    else:
        get = facts.get
        found = Tokens(
            count(get("input_tokens")), count(get("output_tokens")), count(get("cache_read_tokens")),
            count(get("cache_write_tokens")), count(get("reasoning_tokens")),
        )  # fmt: skip
    cached = (found.cache_read or 0) + (found.cache_write or 0)
    # Anthropic counts them apart: more can be cached than was sent, which no total can.
    if cached and found.input is not None and cached > found.input:
        found = found._replace(input=found.input + cached)
    return found


def sent_cost(facts: Facts) -> int | None:
    """Return the cost that the client sent, in billionths of a dollar; None when it sent none that makes sense."""
    if facts.keys().isdisjoint(_COSTS):
        return None
    if "cost_details" in facts and isinstance(details := loaded(facts["cost_details"]), dict):
        parts = [value for value in details.values() if _is_amount(value)]
        return _nano_usd(details["total"] if _is_amount(details.get("total")) else sum(parts)) if parts else None
    if (cost := facts.get("cost")) is not None:
        return _nano_usd(cost)
    parts = [facts[name] for name in ("cost_of_input", "cost_of_output") if _is_amount(facts.get(name))]
    return _nano_usd(sum(parts)) if parts else None


def first_piece_ns(facts: Facts, start_ns: int, told_ns: int | None = None) -> int | None:
    """Return the time to the first piece of the answer, in nanoseconds."""
    if (moment := facts.get("first_piece_at")) is not None and (at_ns := _moment_ns(moment)) is not None:
        return _between(at_ns - start_ns)
    for name, unit in (("first_piece_seconds", 1e9), ("first_piece_ms", 1e6)):
        if (value := facts.get(name)) is not None:
            try:
                return _between(int(float(value) * unit))
            except (TypeError, ValueError, OverflowError):
                return None
    return None if told_ns is None else _between(told_ns - start_ns)


def count(value: Any) -> int | None:
    """Return a count, or None when the value is none that makes sense."""
    if type(value) is int:
        return min(value, INT32_MAX) if value >= 0 else None
    if value is None or isinstance(value, bool):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(number, INT32_MAX) if number >= 0 else None


def _of_details(details: Mapping[str, Any]) -> Tokens:
    flat = dict(details)
    for name in _COUNTS_INSIDE:
        if isinstance(inside := details.get(name), Mapping):
            flat = {**inside, **flat}
    found = {kind: next((count(flat[name]) for name in names if name in flat), None) for kind, names in _COUNTS.items()}
    if "input" in flat:
        _add_what_is_counted_apart(found, flat, "input", also=("cache_read", "cache_write"))
    if "output" in flat:
        _add_what_is_counted_apart(found, flat, "output")
    return Tokens(**found)


def _add_what_is_counted_apart(
    found: dict[str, int | None], flat: Mapping[str, Any], side: str, *, also: tuple[str, ...] = ()
) -> None:
    """Make a count in Langfuse's own words whole: they leave out of it whatever has a count of its own."""
    total = found[side]
    if total is None:
        return
    parts = {name for name in flat if name.startswith(f"{side}_")} | {name for kind in also for name in _COUNTS[kind]}
    found[side] = total + sum(count(flat.get(name)) or 0 for name in parts - set(_COUNTS[side]))


def _moment_ns(moment: Any) -> int | None:
    text = loaded(moment)
    try:
        at = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    # Whole microseconds: a float of seconds would be off by some hundred nanoseconds.
    return (int(at.replace(microsecond=0).timestamp()) * 1_000_000 + at.microsecond) * 1000


def _between(ns: int) -> int | None:
    return ns if 0 <= ns < _MOST_SECONDS * 1e9 else None


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST_USD


def _nano_usd(amount: Any) -> int | None:
    return int(amount * 1e9) if _is_amount(amount) else None
