"""The logger that LiteLLM calls before and after each call of a model."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from os import getpid
from typing import Any, Final

from litellm.integrations.custom_logger import CustomLogger  # type: ignore[import-not-found]

from callboard.client import Callboard
from callboard.contexts import continue_trace
from callboard.lifecycle import default_client
from callboard.litellm import descriptions
from callboard.notices import notice
from callboard.spans import Span

# Calls whose end is never told are forgotten one day.
_MAX_CALLS: Final = 10_000
_Key = tuple[str, str]


class CallboardLogger(CustomLogger):  # type: ignore[misc]
    """Records completions, embeddings and responses, synchronous or not, streamed or not."""

    def __init__(self, *, callboard: Callboard | None = None) -> None:
        super().__init__()
        self._client = callboard
        # None once a call has ended: LiteLLM tells the end of some calls twice.
        self._calls: OrderedDict[_Key, Span | None] = OrderedDict()
        self._lock, self._pid = threading.Lock(), getpid()

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        """Begin a call; here, in the thread or task of the caller, its parent is known."""
        _quietly(lambda: self._begin(kwargs))

    def log_success_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """End a call that was answered."""
        _quietly(lambda: self._end(kwargs, response_obj, start_time, end_time))

    def log_failure_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """End a call that failed."""
        _quietly(lambda: self._end(kwargs, None, start_time, end_time, error=kwargs.get("exception") or "error"))

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """End an asynchronous call that was answered."""
        self.log_success_event(kwargs, response_obj, start_time, end_time)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """End an asynchronous call that failed."""
        self.log_failure_event(kwargs, response_obj, start_time, end_time)

    def _begin(self, kwargs: Mapping[str, Any]) -> None:
        span = self._started(kwargs)
        if span is not None:
            key = _key(kwargs)
            with self._own_lock():
                self._remember(key, span)

    def _started(self, kwargs: Mapping[str, Any]) -> Span | None:
        tracer = (self._client or default_client()).tracer
        if not tracer.is_on:
            return None
        name, kind = descriptions.name_and_kind(kwargs)
        headers = descriptions.headers(kwargs)
        if not headers:
            return tracer.start(name, kind)
        # A request to LiteLLM's proxy belongs to the trace of whoever sent it.
        with continue_trace(headers):
            return tracer.start(name, kind)

    def _end(
        self,
        kwargs: Mapping[str, Any],
        response: Any,
        start_time: Any,
        end_time: Any,
        *,
        error: BaseException | str | None = None,
    ) -> None:
        key = _key(kwargs)
        with self._own_lock():
            has_ended = key in self._calls and self._calls[key] is None
            span = self._calls.get(key)
            self._remember(key, None)
        if has_ended:
            return
        # What was answered from a cache, or refused before it was sent, was never begun.
        span = span or self._started(kwargs)
        if span is not None:
            descriptions.describe(span, kwargs, response)
            if error is not None:
                span.fail(error)
            span.end(began=descriptions.nanoseconds(start_time), ended=descriptions.nanoseconds(end_time))

    def _own_lock(self) -> threading.Lock:
        """Return the lock, another one in a forked child: there, a thread of its parent might hold it for ever."""
        if self._pid != getpid():
            self._lock, self._pid = threading.Lock(), getpid()
        return self._lock

    def _remember(self, key: _Key, span: Span | None) -> None:
        self._calls[key] = span
        if len(self._calls) > _MAX_CALLS:
            self._calls.popitem(last=False)


def _key(kwargs: Mapping[str, Any]) -> _Key:
    # A retry may keep the id of the call, but not the time.
    return str(kwargs.get("litellm_call_id")), str(kwargs.get("start_time"))


def _quietly(record: Callable[[], None]) -> None:
    try:
        record()
    except Exception:  # recording must not break the call
        notice("litellm", "callboard: a LiteLLM call could not be recorded.", error=True)
