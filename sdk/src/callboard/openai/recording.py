"""Records one method of an openai resource: the call, its answer or stream, and its errors."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from callboard import snapshots
from callboard.notices import notice
from callboard.openai import answers
from callboard.openai.operations import Operation, request_attributes
from callboard.prompt_models import Prompt
from callboard.spans import Span, SpanError
from callboard.tracing import Tracer

_OWN: Final = "callboard_"
_CHUNK_BYTES: Final = 500
# Events of the responses API that come before the model has begun to answer.
_ANNOUNCEMENTS: Final = frozenset({"response.created", "response.in_progress", "response.queued"})
# Who is behind an address that speaks the OpenAI API, by the end of the host name.
_HOSTS: Final = {
    "groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "deepseek.com": "deepseek",
    "x.ai": "x_ai",
    "perplexity.ai": "perplexity",
    "googleapis.com": "gcp.gemini",
    "amazonaws.com": "aws.bedrock",
}


@dataclass(frozen=True, slots=True)
class Provider:
    """Who answers the calls of a client."""

    name: str
    host: str
    port: int | None

    @classmethod
    def at(cls, *, host: str, port: int | None, is_azure: bool) -> "Provider":
        """Return the provider behind an address."""
        known = [name for end, name in _HOSTS.items() if host == end or host.endswith(f".{end}")]
        return cls("azure.ai.openai" if is_azure else (known or ["openai"])[0], host, port)

    def attributes(self) -> dict[str, Any]:
        """Return what a span says about the provider."""
        return {"gen_ai.provider.name": self.name, "server.address": self.host, "server.port": self.port}


@dataclass(slots=True)
class Call:
    """One call under way; described in the background when its span is exported."""

    span: Span
    operation: Operation
    provider: Provider
    arguments: Mapping[str, Any]
    began: float = field(default_factory=time.perf_counter)
    answer: Callable[[], Mapping[str, Any]] | None = None
    chunks: list[Any] | None = None
    first_chunk_seconds: float | None = None

    def take_answer(self, answer: Callable[[], Mapping[str, Any]], size: int) -> None:
        """Take note of the whole answer, and of about how many bytes it holds."""
        self.answer = answer
        self.span.bytes += size

    def add_chunk(self, chunk: Any) -> None:
        """Take note of one chunk of a streamed answer."""
        if self.chunks is None:
            self.chunks = []
        if self.first_chunk_seconds is None and getattr(chunk, "type", None) not in _ANNOUNCEMENTS:
            self.first_chunk_seconds = time.perf_counter() - self.began
        self.chunks.append(chunk)
        self.span.bytes += _CHUNK_BYTES

    def fail(self, error: BaseException) -> None:
        """Record the error that the application will see."""
        self.span.fail(error)
        self.end()

    def end(self) -> None:
        """Finish the span; a second call does nothing."""
        self.span.end()

    def describe(self) -> dict[str, Any]:
        """Return the attributes of the call."""
        found: dict[str, Any] = {"gen_ai.operation.name": self.operation.name, **self.provider.attributes()}
        found |= request_attributes(self.arguments)
        found["gen_ai.response.time_to_first_chunk"] = self.first_chunk_seconds
        answer = self._joined_answer()
        self._take_in_error(answer)
        found |= self.operation.answer(answer)
        if self.span.captures_content:
            found |= self.operation.content(self.arguments)
            found |= self.operation.answer_content(answer)
        return found

    def _take_in_error(self, answer: Mapping[str, Any]) -> None:
        """Mark the span as failed when the answer is a failed response, which raises nothing."""
        error = answer.get("error")
        if isinstance(error, Mapping) and self.span.error is None:
            message = str(error.get("message", "")) if self.span.captures_content else ""
            self.span.error = SpanError(str(error.get("code") or "error"), message)

    def _joined_answer(self) -> Mapping[str, Any]:
        if self.chunks is not None:
            return self.operation.join(self.chunks)
        return self.answer() if self.answer is not None else {}


def recorded_method(
    method: Callable[..., Any],
    operation: Operation,
    *,
    tracer: Callable[[], Tracer],
    provider: Provider,
    is_async: bool,
) -> Callable[..., Any]:
    """Return the method, recorded; without recording, only Callboard's own arguments are taken out."""

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _begin(tracer, operation, provider, kwargs)
        if call is None:
            return method(*args, **kwargs)
        try:
            result = method(*args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
        return _received(call, result)

    @functools.wraps(method)
    async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _begin(tracer, operation, provider, kwargs)
        if call is None:
            return await method(*args, **kwargs)
        try:
            result = await method(*args, **kwargs)
        except BaseException as error:
            call.fail(error)
            raise
        return _received(call, result)

    return async_wrapper if is_async else wrapper


def _begin(
    tracer: Callable[[], Tracer], operation: Operation, provider: Provider, kwargs: dict[str, Any]
) -> Call | None:
    """Start the span of a call and take Callboard's own arguments out of it. Never raises."""
    own = {key: kwargs.pop(key) for key in list(kwargs) if key.startswith(_OWN)}
    try:
        current = tracer()
        if not current.is_on:
            return None
        name = own.get("callboard_name") or f"{operation.name} {kwargs.get('model', '')}".strip()
        span = current.start(str(name), operation.kind)
        prompt = own.get("callboard_prompt")
        if isinstance(prompt, Prompt):
            span.prompt = prompt.link()
        if own:
            span.set(metadata=own.get("callboard_metadata"), tags=own.get("callboard_tags"))
        call = Call(span, operation, provider, snapshots.take(kwargs, span, snapshots.MAX_DEPTH + 1))
        span.details = call.describe
    except Exception:
        # Recording must not break the call.
        notice("openai", "callboard: a call could not be recorded.", error=True)
        return None
    return call


def _received(call: Call, result: Any) -> Any:
    try:
        return answers.follow(call, result)
    except Exception:
        # Recording must not break the call.
        notice("openai", "callboard: an answer could not be recorded.", error=True)
        call.end()
        return result
