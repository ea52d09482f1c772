"""Runs a generator inside a span: the span is active while the generator works, and ends when it does."""

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol

from callboard.contexts import ACTIVE, restore
from callboard.spans import Span

_MAX_JOINED_ITEMS = 10_000


class Joining(Protocol):
    """Records what a generator produced."""

    def yielded(self, span: Span, items: list[Any]) -> None:
        """Record the items, joined."""


def drive(produced: Generator[Any, Any, Any], span: Span, joining: Joining) -> Generator[Any, Any, Any]:
    """Return a generator that behaves like `produced` and is recorded in the span."""
    items: list[Any] = []
    step: Callable[[Any], Any] = produced.send
    argument: Any = None
    try:
        while True:
            item = _within(span, step, argument)
            _collect(span, items, item)
            try:
                step, argument = produced.send, (yield item)
            except GeneratorExit:
                _within(span, lambda _: produced.close(), None)
                raise
            except BaseException as error:  # what the consumer throws goes to the producer
                step, argument = produced.throw, error
    except StopIteration as stop:
        return stop.value
    except GeneratorExit:
        raise
    except BaseException as error:
        span.fail(error)
        raise
    finally:
        joining.yielded(span, items)
        span.end()


def recorded_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]],
    begin: Callable[[tuple[Any, ...], dict[str, Any]], Span | None],
    joining: Joining,
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return an async generator function that behaves like `function` and is recorded in the span begun for it."""

    # The loop stands here and not in a function of its own, because async generators cannot delegate.
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        produced = function(*args, **kwargs)
        span = begin(args, kwargs)
        items: list[Any] = []
        step: Callable[[Any], Any] = produced.asend
        argument: Any = None
        try:
            while True:
                item = await _within_async(span, step, argument)
                if span is not None:
                    _collect(span, items, item)
                try:
                    step, argument = produced.asend, (yield item)
                except GeneratorExit:
                    await _within_async(span, lambda _: produced.aclose(), None)
                    raise
                except BaseException as error:  # what the consumer throws goes to the producer
                    step, argument = produced.athrow, error
        except StopAsyncIteration:
            return
        except GeneratorExit:
            raise
        except BaseException as error:
            if span is not None:
                span.fail(error)
            raise
        finally:
            if span is not None:
                joining.yielded(span, items)
                span.end()

    return wrapper


def _within(span: Span, step: Callable[[Any], Any], argument: Any) -> Any:
    token = ACTIVE.set(span)
    try:
        return step(argument)
    finally:
        restore(ACTIVE, token)


async def _within_async(span: Span | None, step: Callable[[Any], Any], argument: Any) -> Any:
    if span is None:
        return await step(argument)
    token = ACTIVE.set(span)
    try:
        return await step(argument)
    finally:
        restore(ACTIVE, token)


def _collect(span: Span, items: list[Any], item: Any) -> None:
    if not items:
        span.note_first_chunk()
    if len(items) < _MAX_JOINED_ITEMS:
        items.append(item)
