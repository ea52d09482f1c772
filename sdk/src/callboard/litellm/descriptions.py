"""Describes LiteLLM's calls, whose answers have the shape of the OpenAI API, as span attributes."""

import datetime
from collections.abc import Mapping
from typing import Any, Final

from callboard.openai.chunks import plain
from callboard.openai.operations import CHAT, COMPLETION, EMBEDDINGS, RESPONSES, Operation, request_attributes
from callboard.snapshots import MAX_DEPTH, take, text_bytes
from callboard.spans import Span

_OPERATIONS: Final[dict[str, Operation]] = {
    "embedding": EMBEDDINGS,
    "responses": RESPONSES,
    "text_completion": COMPLETION,
}
# Calls of models that are not language models.
_OTHER_KINDS: Final = {"rerank": "reranker", "image_generation": "other", "transcription": "other", "speech": "other"}
_PROVIDERS: Final = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
# Metadata with a meaning of its own, and what LiteLLM and its proxy add.
_KNOWN_METADATA: Final = frozenset({"generation_name", "session_id", "trace_user_id", "user_id", "tags", "trace_id"})
_OWN_METADATA: Final = ("user_api_key", "litellm", "model_", "hidden_", "headers", "endpoint", "requester_", "api_base")


def name_and_kind(kwargs: Mapping[str, Any]) -> tuple[str, str]:
    """Return what the span of a call is named, and its kind."""
    kind = _call_type(kwargs)
    operation = _operation(kwargs)
    name = _metadata(kwargs).get("generation_name") or f"{operation.name} {kwargs.get('model') or ''}".strip()
    return str(name), _OTHER_KINDS.get(kind, operation.kind)


def headers(kwargs: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the headers of the request that LiteLLM's proxy received, when they continue a trace."""
    request = _mapping(_mapping(kwargs.get("litellm_params")).get("proxy_server_request"))
    received = _mapping(request.get("headers"))
    return received if "traceparent" in received else {}


def describe(span: Span, kwargs: Mapping[str, Any], response: Any) -> None:
    """Add to the span what is known when the call has ended."""
    operation = _operation(kwargs)
    sent = {"messages": kwargs.get("messages"), "input": kwargs.get("input"), "prompt": kwargs.get("prompt")}
    arguments = take({**_mapping(kwargs.get("optional_params")), **sent, "model": kwargs.get("model")}, span, MAX_DEPTH)
    known = {
        "gen_ai.provider.name": _provider(kwargs),
        "gen_ai.request.stream": True if kwargs.get("stream") else None,
        "gen_ai.response.time_to_first_chunk": _seconds_to_first_chunk(kwargs),
        "gen_ai.usage.cost": kwargs.get("response_cost") or None,
        "callboard.metadata.cache_hit": True if kwargs.get("cache_hit") else None,
        **_surroundings(kwargs),
    }
    span.set(attributes=known, tags=_tags(kwargs), metadata=_given_metadata(kwargs))

    def details() -> dict[str, Any]:
        answer = plain(response)
        found = {"gen_ai.operation.name": operation.name, **request_attributes(arguments), **operation.answer(answer)}
        if span.captures_content:
            found |= operation.content(arguments) | operation.answer_content(answer)
        return found

    span.details = details
    span.bytes += text_bytes(response)


def nanoseconds(moment: Any) -> int | None:
    """Return a time that LiteLLM tells as Unix nanoseconds."""
    if isinstance(moment, datetime.datetime):
        return int(moment.timestamp() * 1e9)
    return int(moment * 1e9) if isinstance(moment, int | float) else None


def _seconds_to_first_chunk(kwargs: Mapping[str, Any]) -> float | None:
    began = nanoseconds(kwargs.get("api_call_start_time") or kwargs.get("start_time"))
    first = nanoseconds(kwargs.get("completion_start_time"))
    if not kwargs.get("stream") or began is None or first is None or first < began:
        return None
    return (first - began) / 1e9


def _operation(kwargs: Mapping[str, Any]) -> Operation:
    return _OPERATIONS.get(_call_type(kwargs), CHAT)


def _call_type(kwargs: Mapping[str, Any]) -> str:
    """Return the kind of call, the same for its synchronous and asynchronous form."""
    name = str(kwargs.get("call_type") or "").rpartition(".")[2]
    return name[1:] if name[:1] == "a" and name[1:] in {*_OPERATIONS, *_OTHER_KINDS} else name


def _provider(kwargs: Mapping[str, Any]) -> str | None:
    name = kwargs.get("custom_llm_provider") or _mapping(kwargs.get("litellm_params")).get("custom_llm_provider")
    return None if name is None else _PROVIDERS.get(str(name), str(name))


def _surroundings(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    given = _metadata(kwargs)
    session = given.get("session_id")
    user = given.get("trace_user_id") or given.get("user_id") or kwargs.get("user")
    return {
        "session.id": None if session is None else str(session),
        "user.id": None if not user else str(user),
    }


def _tags(kwargs: Mapping[str, Any]) -> list[str] | None:
    given = _metadata(kwargs).get("tags")
    return [str(tag) for tag in given] if isinstance(given, list | tuple) and given else None


def _given_metadata(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in _metadata(kwargs).items()
        if isinstance(value, str | int | float | bool)
        and key not in _KNOWN_METADATA
        and not str(key).startswith(_OWN_METADATA)
    }


def _metadata(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(kwargs.get("litellm_params")).get("metadata"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
