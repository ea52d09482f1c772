"""A span: one timed step of a trace, filled in by the code that runs and exported in the background."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from contextvars import Token
from time import perf_counter_ns, time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from callboard import kinds, snapshots
from callboard.contexts import ACTIVE, Ambient, PromptLink, restore, with_tags
from callboard.ids import random_bits
from callboard.notices import notice

if TYPE_CHECKING:
    from callboard.prompt_models import Prompt
    from callboard.tracing import Tracer

UNSET: Final[Any] = object()
_STACK_CHARACTERS = 8_000
# What `set(usage=…)` accepts, in the names of several providers, and the attribute each becomes.
_USAGE: Final = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "prompt_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "completion_tokens": "gen_ai.usage.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}


class Trace:
    """What the spans of one trace in this process share."""

    is_kept = True
    root_id = 0
    # Finished spans of a trace that sampling would drop; an error or feedback keeps them after all.
    held: "list[Span] | None" = None
    # The identity of the latest exception and the span it went on to.
    last_failure = (0, 0)


class SpanError:
    """Why a span failed, as text, so that no frame of the host is kept alive."""

    __slots__ = ("message", "stack", "type")

    def __init__(self, type: str, message: str = "", stack: str = "") -> None:
        self.type = type
        self.message = message
        self.stack = stack


class Span:
    """One timed step. Use it as a `with` block, or call `end()`; everything else is optional."""

    # Most of these keep their default in most spans, so they are not set one by one for each.
    prompt: PromptLink | None = None
    input: Any = UNSET
    output: Any = UNSET
    attributes: dict[str, Any] | None = None
    # Called in the background to describe what would take too long to describe here.
    details: Callable[[], Mapping[str, Any]] | None = None
    error: SpanError | None = None
    end_ns = 0
    # The OpenTelemetry span that was active when this one started.
    outer_id = 0
    # About how many bytes waiting for export takes, and how much detail a snapshot may still copy.
    bytes = 400
    nodes = snapshots.MAX_DETAILED_NODES
    # Of a span made active by somebody who may tell its end in another context: what was active before, in a tuple.
    beneath: "tuple[Span | None] | None" = None
    _token: Token["Span | None"] | None = None
    # What the spans of the trace share. Made when it is needed: a trace that is kept, of one span, goes without.
    _trace: Trace | None = None

    def __init__(
        self, tracer: "Tracer", trace_number: int, name: str, kind: str, parent_id: int, ambient: Ambient
    ) -> None:
        self._tracer = tracer
        self.trace_number = trace_number
        self.name = name
        self.kind = kind
        self.parent_id = parent_id
        self.ambient = ambient
        self.id = random_bits(64) or 1
        if ambient.prompt is not None and kind in kinds.RUNS_ON_PROMPT:
            self.prompt = ambient.prompt
        self.start_ns = time_ns()
        self._started = perf_counter_ns()

    @property
    def trace_id(self) -> str:
        """The id of the trace, 32 hex digits."""
        return f"{self.trace_number:032x}"

    @property
    def span_id(self) -> str:
        """The id of this span, 16 hex digits."""
        return f"{self.id:016x}"

    @property
    def trace(self) -> Trace:
        """What the spans of this trace in this process share."""
        if self._trace is None:
            self._trace = Trace()
        return self._trace

    @trace.setter
    def trace(self, trace: Trace) -> None:
        self._trace = trace

    @property
    def is_kept(self) -> bool:
        """Whether this span will be exported, as far as is known now."""
        return self._trace is None or self._trace.is_kept

    @property
    def captures_content(self) -> bool:
        """Whether inputs, outputs and prompt variables may be recorded."""
        return self._tracer.captures_content

    def set(
        self,
        *,
        input: Any = UNSET,
        output: Any = UNSET,
        name: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        usage: Mapping[str, Any] | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        prompt: "Prompt[Any] | None" = None,
        tags: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Self:
        """Add what is known about this step; later values replace earlier ones. Never raises."""
        try:
            if input is not UNSET and self._tracer.captures_content:
                self.input = snapshots.take(input, self)
            if output is not UNSET:
                self.set_output(output)
            self.name = self.name if name is None else str(name)
            known: dict[str, Any] = {"gen_ai.response.model": model, "gen_ai.provider.name": provider}
            known |= _usage_attributes(usage, input_tokens=input_tokens, output_tokens=output_tokens)
            known["callboard.tags"] = None if tags is None else with_tags(self.ambient.tags, tags)
            self.put(known)
            self.put({f"callboard.metadata.{key}": value for key, value in (metadata or {}).items()})
            self.put(attributes or {})
            if prompt is not None:
                self.prompt = prompt.link()
        except Exception:  # a wrong argument must not stop the host
            notice("span.set", "callboard: a value given to span.set() could not be recorded.", error=True)
        return self

    def set_output(self, output: Any) -> None:
        """Record the output; the short form of `set(output=…)`."""
        if not self._tracer.captures_content:
            return
        if type(output) is str:
            # As `take` does; in a process that was just waiting one call less is a microsecond or two.
            self.bytes += len(output)
            self.output = output
        else:
            self.output = snapshots.take(output, self)

    def note_first_chunk(self) -> None:
        """Record that the first piece of a streamed answer came just now, when this is the call of a model."""
        if self.kind == "llm":
            seconds = (perf_counter_ns() - self._started) / 1e9
            self.put({"gen_ai.request.stream": True, "gen_ai.response.time_to_first_chunk": seconds})

    def put(self, attributes: Mapping[str, Any]) -> None:
        """Add the attributes that have a value."""
        known = self.attributes = self.attributes or {}
        for key, value in attributes.items():
            if value is not None:
                known[str(key)] = snapshots.take(value, self)

    def fail(self, error: BaseException | str) -> None:
        """Mark this step as failed."""
        if isinstance(error, str):
            self.error = SpanError("error", error)
            return
        # Only the innermost of the spans that an exception passes through keeps the stack.
        is_new = self.trace.last_failure != (id(error), self.id)
        self.trace.last_failure = (id(error), self.parent_id)
        content = self._tracer.captures_content
        stack = _stack_of(error) if is_new and content else ""
        self.error = SpanError(_type_name(error), _message_of(error) if content else "", stack)

    def end(self, *, began: int | None = None, ended: int | None = None) -> None:
        """Finish this step, now or at times that somebody else took (Unix nanoseconds); a second call does nothing."""
        if self.end_ns:
            return
        self.start_ns = self.start_ns if began is None else began
        # From a clock that never jumps, so that no duration is negative.
        self.end_ns = self.start_ns + perf_counter_ns() - self._started if ended is None else max(self.start_ns, ended)
        if self._trace is None:
            self._tracer.sink(self, self.bytes)
        else:
            self._tracer.finish(self)

    def __enter__(self) -> Self:
        self._token = ACTIVE.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            restore(ACTIVE, self._token)
        if error is not None:
            self.fail(error)
        self.end()


def _usage_attributes(
    usage: Mapping[str, Any] | None, *, input_tokens: int | None, output_tokens: int | None
) -> dict[str, Any]:
    named = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    given = {**(usage or {}), **{key: value for key, value in named.items() if value is not None}}
    return {_USAGE[key]: value for key, value in given.items() if key in _USAGE and value is not None}


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message_of(error: BaseException) -> str:
    try:
        return str(error)[:_STACK_CHARACTERS]
    except Exception:  # an exception of the host may fail to describe itself
        return ""


def _stack_of(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-20, chain=False)
    except Exception:  # same reason
        return ""
    return "".join(lines)[-_STACK_CHARACTERS:]
