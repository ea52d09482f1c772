"""`@observe`: records each call of a function as a span."""

import functools
import inspect
from collections.abc import Callable, Generator
from types import AsyncGeneratorType, GeneratorType
from typing import Any, ParamSpec, TypeVar, cast

from callboard.contexts import ACTIVE, restore
from callboard.generators import drive, recorded_async_generator
from callboard.notices import notice
from callboard.snapshots import CallArguments
from callboard.spans import Span
from callboard.tracing import Tracer

P = ParamSpec("P")
R = TypeVar("R")
ToString = Callable[[list[Any]], str]


class Recording:
    """How the calls of one decorated function are recorded."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        tracer: Callable[[], Tracer],
        name: str | None,
        kind: str,
        capture_input: bool,
        capture_output: bool,
        transform_to_string: ToString | None,
    ) -> None:
        self._tracer = tracer
        self._name = name or _name_of(function)
        self._kind = kind
        self._captures_input = capture_input
        self.captures_output = capture_output
        self._transform = transform_to_string
        self._names = _positional_names(function)

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Span | None:
        """Start the span of one call, or return None when nothing is recorded. Never raises."""
        try:
            tracer = self._tracer()
            if not tracer.is_on:
                return None
            span = tracer.start(self._name, self._kind)
            if self._captures_input and tracer.captures_content:
                span.input = CallArguments(args, kwargs, self._names, span)
        except Exception:  # recording must not break the function
            notice("observe", "callboard: a call of %s could not be recorded.", self._name, error=True)
            return None
        return span

    def yielded(self, span: Span, items: list[Any]) -> None:
        """Record what a generator produced, joined."""
        if not self.captures_output:
            return
        try:
            if self._transform is not None:
                span.set_output(self._transform(items))
            elif items and all(isinstance(item, str) for item in items):
                span.set_output("".join(items))
            else:
                span.set_output(items)
        except Exception:  # transform_to_string belongs to the host
            notice("observe", "callboard: transform_to_string of %s failed.", self._name, error=True)


def wrap(function: Callable[P, R], recording: Callable[[Callable[..., Any]], Recording]) -> Callable[P, R]:
    """Return the function, recorded, with the same signature, name and nature (sync, async, generator)."""
    if isinstance(function, staticmethod | classmethod):
        return cast("Callable[P, R]", type(function)(wrap(function.__func__, recording)))
    return functools.wraps(function)(_recorded(function, recording(function)))


def _recorded(function: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return recorded_async_generator(function, recording.begin, recording)
    if inspect.isgeneratorfunction(function):
        return _recorded_generator(function, recording)
    if inspect.iscoroutinefunction(function):
        return _recorded_coroutine(function, recording)
    return _recorded_function(function, recording)


def _recorded_function(function: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = recording.begin(args, kwargs)
        if span is None:
            return function(*args, **kwargs)
        token = ACTIVE.set(span)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            restore(ACTIVE, token)
            span.fail(error)
            span.end()
            raise
        restore(ACTIVE, token)
        if type(result) is GeneratorType:
            return drive(result, span, recording)
        if type(result) is AsyncGeneratorType:
            return recorded_async_generator(lambda: result, lambda _args, _kwargs: span, recording)()
        if recording.captures_output:
            span.set_output(result)
        span.end()
        return result

    return wrapper


def _recorded_coroutine(function: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = recording.begin(args, kwargs)
        if span is None:
            return await function(*args, **kwargs)
        with span:
            result = await function(*args, **kwargs)
            if recording.captures_output:
                span.set_output(result)
            return result

    return wrapper


def _recorded_generator(function: Callable[..., Any], recording: Recording) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        produced = function(*args, **kwargs)
        span = recording.begin(args, kwargs)
        return (yield from (produced if span is None else drive(produced, span, recording)))

    return wrapper


def _name_of(function: Callable[..., Any]) -> str:
    name = str(getattr(function, "__qualname__", type(function).__qualname__))
    return name.rsplit("<locals>.", 1)[-1]


def _positional_names(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(parameter.name for parameter in parameters if parameter.kind in positional)
