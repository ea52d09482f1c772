"""Follows what a call returned until it is complete: an answer, a stream, or a raw response of either."""

import contextlib
import functools
import inspect
import json
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Protocol

import openai

from callboard.openai.chunks import plain
from callboard.snapshots import text_bytes


class Followed(Protocol):
    """The call that an answer belongs to."""

    def take_answer(self, answer: Callable[[], Mapping[str, Any]], size: int) -> None:
        """Take note of the whole answer, described in the background, and of about how many bytes it holds till then."""

    def add_chunk(self, chunk: Any) -> None:
        """Take note of one chunk of a streamed answer."""

    def fail(self, error: BaseException) -> None:
        """Record the error that the application will see."""

    def end(self) -> None:
        """Finish the span; a second call does nothing."""


def follow(call: Followed, result: Any) -> Any:
    """Return the result itself, which from now on tells the call when it is complete."""
    if isinstance(result, openai.Stream):
        return _follow_stream(call, result, _Tap(call, _tapped(call, result._iterator)))
    if isinstance(result, openai.AsyncStream):
        return _follow_stream(call, result, _AsyncTap(call, _tapped_async(call, result._iterator)))
    if hasattr(result, "http_response") and callable(getattr(result, "parse", None)):
        return _follow_raw(call, result)
    call.take_answer(lambda: plain(result), text_bytes(result))
    call.end()
    return result


def _follow_stream(call: Followed, stream: Any, tapped: Any) -> Any:
    # The stream stays the object it was; only the iterator inside is another one.
    stream._iterator = tapped
    close = stream.close

    @functools.wraps(close)
    def closing() -> Any:
        call.end()
        return close()

    stream.close = closing
    # A stream that nobody reads to its end or closes.
    weakref.finalize(stream, call.end).atexit = False
    return stream


class _Walk:
    """One loop over a stream. A loop that is left early ends the call at once: the stream itself lives in a
    reference cycle, and would only be missed when the garbage collector comes by."""

    def __init__(self, call: Followed, chunks: Any) -> None:
        self._call = call
        self._chunks = chunks

    def __del__(self) -> None:
        # At the end of the interpreter anything may be gone already.
        with contextlib.suppress(Exception):
            self._call.end()


class _SyncWalk(_Walk):
    def __iter__(self) -> "_SyncWalk":
        return self

    def __next__(self) -> Any:
        return next(self._chunks)


class _AsyncWalk(_Walk):
    def __aiter__(self) -> "_AsyncWalk":
        return self

    async def __anext__(self) -> Any:
        return await anext(self._chunks)


class _Tap:
    """The chunks of a stream: asked for one by one, or walked through in loops."""

    def __init__(self, call: Followed, chunks: Iterator[Any]) -> None:
        self._call = call
        self._chunks = chunks

    def __iter__(self) -> _SyncWalk:
        return _SyncWalk(self._call, self._chunks)

    def __next__(self) -> Any:
        return next(self._chunks)

    def close(self) -> None:
        _close(self._chunks)


class _AsyncTap:
    """The chunks of an asynchronous stream: asked for one by one, or walked through in loops."""

    def __init__(self, call: Followed, chunks: AsyncIterator[Any]) -> None:
        self._call = call
        self._chunks = chunks

    def __aiter__(self) -> _AsyncWalk:
        return _AsyncWalk(self._call, self._chunks)

    async def __anext__(self) -> Any:
        return await anext(self._chunks)

    async def aclose(self) -> None:
        await _aclose(self._chunks)


def _tapped(call: Followed, iterator: Iterator[Any]) -> Iterator[Any]:
    try:
        for chunk in iterator:
            call.add_chunk(chunk)
            yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        call.fail(error)
        raise
    finally:
        call.end()
        _close(iterator)


async def _tapped_async(call: Followed, iterator: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        async for chunk in iterator:
            call.add_chunk(chunk)
            yield chunk
    except GeneratorExit:
        raise
    except BaseException as error:
        call.fail(error)
        raise
    finally:
        call.end()
        await _aclose(iterator)


def _close(iterator: Any) -> None:
    close = getattr(iterator, "close", None)
    if close is not None:
        close()


async def _aclose(iterator: Any) -> None:
    aclose = getattr(iterator, "aclose", None)
    if aclose is not None:
        await aclose()


def _follow_raw(call: Followed, response: Any) -> Any:
    """Follow what `with_raw_response` and `with_streaming_response` return."""
    content = _content_read(response)
    if content is not None:
        call.take_answer(lambda: _json_object(content), len(content))
        call.end()
        return response
    parse = response.parse

    @functools.wraps(parse)
    def parsing(*args: Any, **kwargs: Any) -> Any:
        return follow(call, parse(*args, **kwargs))

    @functools.wraps(parse)
    async def parsing_async(*args: Any, **kwargs: Any) -> Any:
        return follow(call, await parse(*args, **kwargs))

    response.parse = parsing_async if inspect.iscoroutinefunction(parse) else parsing
    _end_when_closed(call, response)
    weakref.finalize(response, call.end).atexit = False
    return response


def _end_when_closed(call: Followed, response: Any) -> None:
    """Let the call end with the response: at the end of a `with` block, whatever was read of it and how."""
    close = getattr(response, "close", None)
    if close is None:
        return

    def end() -> None:
        content = _content_read(response)
        if content is not None:
            call.take_answer(lambda: _json_object(content), len(content))
        call.end()

    @functools.wraps(close)
    def closing() -> Any:
        end()
        return close()

    @functools.wraps(close)
    async def closing_async() -> Any:
        end()
        return await close()

    response.close = closing_async if inspect.iscoroutinefunction(close) else closing


def _content_read(response: Any) -> bytes | None:
    """Return the body, unless it is still to be read."""
    try:
        content = response.http_response.content
    except Exception:
        # Each HTTP library has its own error for a body that was not read yet.
        return None
    return content if isinstance(content, bytes) else None


def _json_object(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
