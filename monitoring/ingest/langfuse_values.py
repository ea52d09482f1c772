"""What the body of a Langfuse observation says, as the attributes that every other dialect is read from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from monitoring.ingest import dialects
from monitoring.ingest.limits import INT32_MAX

Body = dict[str, Any]

_PARAMETERS = {
    "temperature": "temperature", "top_p": "top_p", "topP": "top_p", "top_k": "top_k", "topK": "top_k", "seed": "seed",
    "max_tokens": "max_tokens", "maxTokens": "max_tokens", "max_completion_tokens": "max_tokens", "n": "choice.count",
    "stop": "stop_sequences", "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty",
}  # fmt: skip
_INPUT_TOKENS, _OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
_CACHE_READ, _CACHE_WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"
_REASONING, _COST = "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.cost"
# The names of OpenAI's usage objects, whose inputs count what came from the cache.
_OPENAI_INPUT = ("prompt_tokens", "promptTokens", "input_tokens")
_OPENAI_OUTPUT = ("completion_tokens", "completionTokens", "output_tokens")


def of_observation(body: Body) -> dict[str, Any]:
    """Return the attributes of a span, generation or event without its input, output and metadata."""
    found: dict[str, Any] = {}
    if model := _text(body.get("model")):
        found["gen_ai.request.model"] = model
    found |= _parameters(body.get("modelParameters")) | _usage(body) | _prompt(body)
    for name, key in (("level", "level"), ("status_message", "statusMessage")):
        if told := _text(body.get(key)):
            found[f"langfuse.observation.{name}"] = told
    if version := _text(body.get("version")):
        found["langfuse.version"] = version
    return found


def of_trace(body: Body) -> dict[str, Any]:
    """Return the attributes of the span that stands for a trace, without its input, output and metadata."""
    tags = body.get("tags")
    told = {
        "user.id": _text(body.get("userId")),
        "session.id": _text(body.get("sessionId")),
        "langfuse.version": _text(body.get("version")),
        "callboard.tags": [_text(tag) for tag in tags if _text(tag)] if isinstance(tags, list) else [],
    }
    return {name: value for name, value in told.items() if value}


def of_metadata(value: Any) -> dict[str, Any]:
    """Return metadata under names of its own; what is no object keeps the name «metadata»."""
    if value is None:
        return {}
    fields = value if isinstance(value, dict) else {"metadata": value}
    return {f"{dialects.METADATA_PREFIX}{name}": item for name, item in fields.items()}


def of_resource(body: Body) -> dict[str, Any]:
    """Return where the application ran and which release it was."""
    told = {
        "deployment.environment.name": _text(body.get("environment")),
        "service.version": _text(body.get("release")),
    }
    return {name: value for name, value in told.items() if value}


def of_payload(value: Any, *, direction: str, is_call: bool) -> dict[str, Any]:
    """Return an input or output: the messages of a model call as messages, everything else as text."""
    messages = _messages(value) if is_call else None
    if messages:
        return {f"gen_ai.{direction}.messages": messages}
    return {f"{direction}.value": value if isinstance(value, str) else _json(value)}


def _messages(value: Any) -> list[Any] | None:
    if isinstance(value, dict) and "role" in value:
        value = [value]
    elif isinstance(value, dict):
        value = value.get("messages")
    if isinstance(value, list) and value and all(isinstance(item, dict) and "role" in item for item in value):
        return value
    return None


def _parameters(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    known = {f"gen_ai.request.{_PARAMETERS[name]}": item for name, item in value.items() if name in _PARAMETERS}
    other = {name: item for name, item in value.items() if name not in _PARAMETERS}
    return known | ({"langfuse.model_parameters": _json(other)} if other else {})


def _prompt(body: Body) -> dict[str, Any]:
    name, version = _text(body.get("promptName")), body.get("promptVersion")
    if not name or not _is_number(version):
        return {}
    return {"gen_ai.prompt.name": name, "gen_ai.prompt.version": version}


def _usage(body: Body) -> dict[str, Any]:
    usage, details, costs = (
        value if isinstance(value, dict) else {}
        for value in (body.get("usage"), body.get("usageDetails"), body.get("costDetails"))
    )
    found: dict[str, Any] = {}
    if details or usage.get("unit") in (None, "TOKENS"):
        found |= _tokens(details or usage)
    if details or usage:
        found["langfuse.usage_as_sent"] = _json(details or usage)
    if (cost := _cost(costs, usage)) is not None:
        found[_COST] = cost
    return found


def _tokens(usage: dict[str, Any]) -> dict[str, Any]:
    if any(name in usage for name in _OPENAI_INPUT) and "input" not in usage:
        return _openai_tokens(usage)
    counts = {name: _count(value) for name, value in usage.items() if _is_number(value)}
    cached = {name for name in counts if "cache" in name}
    written = {name for name in cached if "creation" in name or "write" in name}
    # Langfuse's counts exclude each other; here the input includes what was read from the cache, as in OpenTelemetry.
    parts = {
        _INPUT_TOKENS: [name for name in counts if name.startswith("input") or name in cached],
        _OUTPUT_TOKENS: [name for name in counts if name.startswith("output")],
        _CACHE_READ: list(cached - written),
        _CACHE_WRITE: list(written),
        _REASONING: [name for name in counts if "reasoning" in name],
    }
    return {attribute: sum(counts[name] for name in names) for attribute, names in parts.items() if names}


def _openai_tokens(usage: dict[str, Any]) -> dict[str, Any]:
    places = dict.fromkeys(_OPENAI_INPUT, _INPUT_TOKENS) | dict.fromkeys(_OPENAI_OUTPUT, _OUTPUT_TOKENS)
    found = {places[name]: _count(value) for name, value in usage.items() if name in places and _is_number(value)}
    for name, details in _details(usage):
        if "cached" in name and _is_number(details):
            found[_CACHE_READ] = _count(details)
        if "reasoning" in name and _is_number(details):
            found[_REASONING] = _count(details)
    return found


def _details(usage: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in usage.items():
        if name.endswith("_details") and isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _cost(costs: dict[str, Any], usage: dict[str, Any]) -> float | None:
    if _is_number(costs.get("total")):
        return float(costs["total"])
    parts = [float(value) for value in costs.values() if _is_number(value)]
    if parts:
        return sum(parts)
    if _is_number(usage.get("totalCost")):
        return float(usage["totalCost"])
    parts = [float(usage[name]) for name in ("inputCost", "outputCost") if _is_number(usage.get(name))]
    return sum(parts) if parts else None


def _count(number: float) -> int:
    return int(min(max(number, 0), INT32_MAX))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
