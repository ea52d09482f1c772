"""What surrounds the code that runs now: the active span, and who and what it works for."""

import contextlib
import datetime
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from callboard import ids
from callboard.notices import notice

if TYPE_CHECKING:
    from callboard.spans import Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PromptLink:
    """The prompt version that the calls in a block run on."""

    name: str
    version: int | None
    content_hash: str | None
    source: str
    label: str | None
    variables: Mapping[str, str] = field(default_factory=dict)
    rollout_id: str | None = None
    arm: str | None = None
    rollout_bucket: int | None = None


@dataclass(frozen=True, slots=True)
class Ambient:
    """The facts that every span started in a block carries."""

    user: str | None = None
    session: str | None = None
    # When the session began, in Unix seconds, where the application knows.
    session_began_at: float | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    prompt: PromptLink | None = None
    trace_id: int | None = None
    parent_id: int = 0


ACTIVE: "ContextVar[Span | None]" = ContextVar("callboard_active_span", default=None)
AMBIENT: ContextVar[Ambient] = ContextVar("callboard_ambient", default=Ambient())  # noqa: B039 - frozen


# For libraries that keep their own account of what runs: each returns the span at hand, given the active one, or None.
FINDERS: "list[Callable[[Span | None], Span | None]]" = []


def entered_span() -> "Span | None":
    """Return the innermost span made active in this context; one whose end was told in another context counts no more."""
    span = ACTIVE.get()
    while span is not None and span.end_ns and span.beneath is not None:
        (span,) = span.beneath
    return span


def active_span() -> "Span | None":
    """Return the span that the code which runs now belongs to."""
    span = entered_span()
    for find in FINDERS:
        try:
            span = find(span) or span
        except Exception:  # a library of a version that nobody has seen yet
            notice("finder", "callboard: the run of another library could not be found.", error=True)
    return span


def restore(variable: ContextVar[T], token: Token[T]) -> None:
    """Put the variable back to what it was before `token`."""
    try:
        variable.reset(token)
    except ValueError:
        # A generator closed by the garbage collector ends in another context than it began in.
        return


class Scope(Generic[T]):
    """A `with` block in which a context variable has another value."""

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable = variable
        self._value = value
        self._token: Token[T] | None = None

    def __enter__(self) -> T:
        self._token = self._variable.set(self._value)
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            restore(self._variable, self._token)


def context(
    *,
    user: object = None,
    session: object = None,
    session_began_at: datetime.datetime | float | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
    trace_id: str | None = None,
) -> Scope[Ambient]:
    """Return a `with` block whose spans carry this user, session, tags and metadata; blocks nest and add up.

    With `session_began_at` (a moment or Unix seconds) a conversation keeps the prompt version that it began with while a
    rollout goes on, whichever process or machine answers. `trace_id` gives the traces begun in the block an id known
    beforehand, see `create_trace_id`.
    """
    outer = AMBIENT.get()
    try:
        inner = replace(
            outer,
            user=outer.user if user is None else str(user),
            session=outer.session if session is None else str(session),
            session_began_at=_began(outer, session, session_began_at),
            tags=with_tags(outer.tags, tags),
            metadata={**outer.metadata, **(metadata or {})},
        )
    except Exception:  # a wrong argument must not stop the host
        notice("context", "callboard.context: a value could not be recorded.", error=True)
        inner = outer
    if trace_id is not None:
        inner = replace(inner, trace_id=_valid_trace_id(trace_id), parent_id=0)
    return Scope(AMBIENT, inner)


def _began(outer: Ambient, session: object, began_at: datetime.datetime | float | None) -> float | None:
    if began_at is None:
        is_the_same = session is None or str(session) == outer.session
        return outer.session_began_at if is_the_same else None
    return began_at.timestamp() if isinstance(began_at, datetime.datetime) else float(began_at)


def with_tags(outer: Iterable[str], added: Iterable[str]) -> tuple[str, ...]:
    """Return both lists of tags as one, each tag once."""
    return tuple(dict.fromkeys([*outer, *([added] if isinstance(added, str) else map(str, added))]))


def _valid_trace_id(text: str) -> int | None:
    try:
        number = ids.parse_trace_id(text)
    except Exception:  # an object of the host that has no text form
        number = None
    if number is None:
        notice("trace id", "callboard.context: %r is not a trace id (32 hex digits), so a new one is used.", text)
    return number


def continue_trace(source: str | Mapping[str, str] | None) -> "contextlib.AbstractContextManager[object]":
    """Return a `with` block whose spans belong to the caller's trace, given its `traceparent` or its HTTP headers."""
    try:
        parsed = parse_traceparent(_traceparent_in(source))
    except Exception:  # a wrong argument must not stop the host
        notice("continue_trace", "callboard.continue_trace: a new trace is begun instead.", error=True)
        parsed = None
    if parsed is None:
        return contextlib.nullcontext()
    stack = contextlib.ExitStack()
    trace_id, parent_id = parsed
    stack.enter_context(Scope(ACTIVE, None))
    stack.enter_context(Scope(AMBIENT, replace(AMBIENT.get(), trace_id=trace_id, parent_id=parent_id)))
    return stack


def traceparent() -> str | None:
    """Return the W3C traceparent of the active span, to be sent to the services it calls, or None outside of a span."""
    span = active_span()
    if span is None:
        return None
    return f"00-{span.trace_id}-{span.span_id}-{'01' if span.is_kept else '00'}"


def inject(headers: MutableMapping[str, str]) -> MutableMapping[str, str]:
    """Add the traceparent of the active span to the headers of an outgoing request, and return them."""
    value = traceparent()
    if value is not None:
        headers["traceparent"] = value
    return headers


def parse_traceparent(value: str | None) -> tuple[int, int] | None:
    """Return the trace id and span id of a W3C traceparent, or None when it is not a valid one."""
    parts = value.strip().lower().split("-") if isinstance(value, str) else []
    if len(parts) < 4 or len(parts[0]) != 2 or parts[0] == "ff":
        return None
    trace_id, span_id = ids.parse_trace_id(parts[1]), ids.parse_span_id(parts[2])
    return (trace_id, span_id) if trace_id and span_id else None


def _traceparent_in(source: str | Mapping[str, str] | None) -> str | None:
    if source is None or isinstance(source, str):
        return source
    for name in ("traceparent", "Traceparent", "HTTP_TRACEPARENT"):
        if name in source:
            return source[name]
    return None
