"""Between our values and the OpenAI format: the request to send, and the answer that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prompt_registry.providers.errors import MalformedAnswer
from prompt_registry.providers.values import Completion, ModelSettings, ToolCall, Usage

_MOST_TOKENS = 2**31 - 1


def request_body(*, base_url: str, messages: Sequence[Mapping[str, Any]], settings: ModelSettings) -> dict[str, Any]:
    """Return the request of one chat completion."""
    # Newer OpenAI models refuse max_tokens; most other servers know nothing else.
    limit = "max_completion_tokens" if "://api.openai.com" in base_url else "max_tokens"
    body: dict[str, Any] = {
        "model": settings.model,
        "messages": [dict(message) for message in messages],
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        limit: settings.max_tokens,
        "seed": settings.seed,
        "stop": list(settings.stop) or None,
        "tools": [dict(tool) for tool in settings.tools] or None,
        "response_format": _response_format(settings.response_schema),
    }
    return {name: value for name, value in body.items() if value is not None}


def _response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}


@contextmanager
def reading() -> Iterator[None]:
    """Turn whatever is missing or misshapen in an answer into a MalformedAnswer."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise MalformedAnswer(detail=str(error)) from error


def read_completion(answer: Any, *, tries: int, latency_ms: float) -> Completion:
    """Read a whole answer."""
    choice = answer.choices[0]
    message = choice.message
    text = message.content if message.content is not None else getattr(message, "refusal", None)
    return Completion(
        text=_text(text),
        model=str(answer.model or ""),
        finish_reason=str(choice.finish_reason or ""),
        usage=read_usage(answer.usage),
        tool_calls=tuple(
            ToolCall(str(call.id), str(call.function.name), str(call.function.arguments))
            for call in message.tool_calls or ()
        ),
        response_id=str(answer.id or ""),
        is_simulated=answer.system_fingerprint == "simulated",
        tries=tries,
        latency_ms=latency_ms,
    )


def read_usage(usage: Any) -> Usage | None:
    """Read the token counts, None when the provider sent none."""
    if usage is None:
        return None
    prompt_details = getattr(usage, "prompt_tokens_details", None)
    completion_details = getattr(usage, "completion_tokens_details", None)
    return Usage(
        input_tokens=_count(usage.prompt_tokens),
        output_tokens=_count(usage.completion_tokens),
        cache_read_tokens=_count(getattr(prompt_details, "cached_tokens", None)),
        reasoning_tokens=_count(getattr(completion_details, "reasoning_tokens", None)),
    )


def read_input_tokens(usage: Any) -> int | None:
    """Read how many tokens were read, None when the provider did not say."""
    return None if usage is None else _count(usage.prompt_tokens)


def _count(value: Any) -> int:
    """Return a number of tokens as it can be stored, whatever the provider says."""
    try:
        return min(max(int(value or 0), 0), _MOST_TOKENS)
    except (TypeError, ValueError, OverflowError):
        return 0


@dataclass(slots=True)
class StreamedAnswer:
    """Collects the chunks of a streamed answer into a whole one."""

    texts: list[str] = field(default_factory=list)
    tool_calls: dict[int, list[str]] = field(default_factory=dict)
    model: str = ""
    response_id: str = ""
    fingerprint: str = ""
    finish_reason: str = ""
    usage: Usage | None = None

    @property
    def text(self) -> str:
        """Return what has arrived so far."""
        return "".join(self.texts)

    def add(self, chunk: Any) -> str:
        """Take in one chunk and return the text that it brought."""
        self.model = self.model or str(chunk.model or "")
        self.response_id = self.response_id or str(chunk.id or "")
        self.fingerprint = self.fingerprint or str(chunk.system_fingerprint or "")
        self.usage = read_usage(chunk.usage) or self.usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish_reason = str(choice.finish_reason or self.finish_reason)
        for call in choice.delta.tool_calls or ():
            self._add_tool_call(call)
        text = _text(choice.delta.content)
        self.texts.append(text)
        return text

    def _add_tool_call(self, call: Any) -> None:
        parts = self.tool_calls.setdefault(int(call.index), ["", "", ""])
        parts[0] += call.id or ""
        if call.function is not None:
            parts[1] += call.function.name or ""
            parts[2] += call.function.arguments or ""

    def completion(self, *, tries: int, latency_ms: float, first_chunk_ms: float | None) -> Completion:
        """Return the whole answer, or refuse one that was cut off."""
        if not self.finish_reason:
            raise MalformedAnswer("The provider's answer was cut off before its end. Try again.")
        return Completion(
            text=self.text,
            model=self.model,
            finish_reason=self.finish_reason,
            usage=self.usage,
            tool_calls=tuple(ToolCall(*parts) for _, parts in sorted(self.tool_calls.items())),
            response_id=self.response_id,
            is_simulated=self.fingerprint == "simulated",
            tries=tries,
            latency_ms=latency_ms,
            first_chunk_ms=first_chunk_ms,
        )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedAnswer
    return value
