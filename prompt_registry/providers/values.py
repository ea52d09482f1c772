"""What goes into a model call and what comes out of it, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The model and how it should answer; what is None is left to the provider."""

    model: str
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    response_schema: Mapping[str, Any] | None = None

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> ModelSettings:
        """Read the settings of a prompt version; unknown entries are left out."""
        stop = settings.get("stop") or ()
        return cls(
            model=str(settings.get("model") or ""),
            temperature=settings.get("temperature"),
            top_p=settings.get("top_p"),
            max_tokens=settings.get("max_tokens"),
            seed=settings.get("seed"),
            stop=(stop,) if isinstance(stop, str) else tuple(stop),
            tools=tuple(settings.get("tools") or ()),
            response_schema=settings.get("response_schema"),
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; the input includes what was read from its cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model asks for, with its arguments as the JSON text that the model wrote."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TextChunk:
    """A piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer; `usage` is None when the provider did not report it."""

    text: str
    model: str
    finish_reason: str
    usage: Usage | None
    tool_calls: tuple[ToolCall, ...]
    response_id: str
    is_simulated: bool
    tries: int
    latency_ms: float
    first_chunk_ms: float | None = None
