"""Reads the body of a chat completion request as the OpenAI API would, and refuses what it would refuse."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prompt_registry.providers.simulated.models import MODELS
from prompt_registry.providers.simulated.reading import Message

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


class InvalidRequest(Exception):
    """The request is not one that the OpenAI API would accept."""

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.param = param
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What the simulated model looks at in a chat completion request."""

    model: str
    messages: tuple[Message, ...]
    seed: int | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    response_schema: Mapping[str, Any] | None = None
    stream: bool = False
    include_usage: bool = False

    @property
    def digest(self) -> str:
        """Return a fingerprint of the model, the messages and the seed."""
        texts = [self.model, str(self.seed), *(f"{message.role}\x1e{message.content}" for message in self.messages)]
        return hashlib.sha256("\x1f".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def parse_chat_request(body: Any) -> ChatRequest:
    """Read a decoded request body, or say as the OpenAI API does what is wrong with it."""
    if not isinstance(body, dict):
        raise InvalidRequest("We could not parse the JSON body of your request.")
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise InvalidRequest("you must provide a model parameter", param="model")
    if model not in MODELS:
        message = f"The model `{model[:100]}` does not exist. The simulated models are {', '.join(MODELS)}."
        raise InvalidRequest(message, param="model", code="model_not_found", status=404)
    if body.get("n") not in (None, 1):
        raise InvalidRequest("The simulated provider gives one answer at a time; `n` must be 1.", param="n")
    if body.get("tool_choice") not in (None, "none", "auto"):
        raise InvalidRequest("The simulated models do not call tools.", param="tool_choice")
    return ChatRequest(
        model=model,
        messages=_messages(body.get("messages")),
        seed=_whole_number(body, "seed", low=-(2**63), high=2**63 - 1),
        temperature=_number(body, "temperature", low=0, high=2),
        max_tokens=_max_tokens(body),
        stop=_stop(body.get("stop")),
        response_schema=_response_schema(body.get("response_format")),
        stream=bool(body.get("stream")),
        include_usage=_include_usage(body.get("stream_options")),
    )


def _messages(value: Any) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise InvalidRequest("Invalid 'messages': expected a non-empty array.", param="messages")
    return tuple(_message(message, f"messages[{index}]") for index, message in enumerate(value))


def _message(value: Any, where: str) -> Message:
    if not isinstance(value, dict) or value.get("role") not in _ROLES:
        raise InvalidRequest(f"Invalid value: '{where}.role'. Supported values are {_ROLES}.", param=f"{where}.role")
    return Message(value["role"], _text(value.get("content"), f"{where}.content"))


def _text(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return "\n".join(str(part.get("text", "")) for part in content)
    raise InvalidRequest(f"Invalid type for '{where}': expected a string or an array of objects.", param=where)


def _number(body: Mapping[str, Any], name: str, *, low: float, high: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidRequest(f"Invalid '{name}': expected a number between {low} and {high}.", param=name)
    return float(value)


def _whole_number(body: Mapping[str, Any], name: str, *, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidRequest(f"Invalid '{name}': expected an integer of at least {low}.", param=name)
    return value


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    newer = _whole_number(body, "max_completion_tokens", low=1, high=2**31)
    return newer if newer is not None else _whole_number(body, "max_tokens", low=1, high=2**31)


def _stop(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value or []
    if not isinstance(stops, list) or len(stops) > 4 or not all(isinstance(stop, str) for stop in stops):
        raise InvalidRequest("Invalid 'stop': expected a string or an array of up to 4 strings.", param="stop")
    return tuple(stops)


def _response_schema(value: Any) -> Mapping[str, Any] | None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    if kind == "json_schema":
        schema = value.get("json_schema")
        if isinstance(schema, dict) and isinstance(schema.get("schema"), dict):
            return dict(schema["schema"])
        raise InvalidRequest(
            "Missing required parameter: 'response_format.json_schema.schema'.", param="response_format"
        )
    return None


def _include_usage(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("include_usage"))
