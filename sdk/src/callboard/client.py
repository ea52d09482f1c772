"""The client: one object that records spans, sends feedback and outcomes, and fetches prompts."""

import datetime
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar, overload

from callboard import channels, feedback_items, feedback_tokens, ids, kinds, lifecycle, outcome_items
from callboard import settings as client_settings
from callboard.contexts import AMBIENT, active_span
from callboard.decorators import Recording, ToString, wrap
from callboard.feedback_items import Opinion, Source, Thumbs, Value
from callboard.notices import logger, notice
from callboard.otlp import Mask, SpanEncoder
from callboard.prompt_access import Prompts
from callboard.prompt_models import Prompt
from callboard.settings import Settings
from callboard.spans import UNSET, Span
from callboard.tracing import Tracer

P = ParamSpec("P")
R = TypeVar("R")
WEEK: Final = datetime.timedelta(days=7)
_USUAL_SECONDS: Final = 5.0
_FEEDBACK_BYTES: Final = 600
_OUTCOME_BYTES: Final = 400


class Callboard:
    """A connection to one Callboard project. Never raises into the host and never blocks it.

    Every argument left out is read from the environment variable `CALLBOARD_<NAME>`. Without an API key the client
    does nothing, after one log line that says so. The first client made is also the one behind the functions of the
    package (`callboard.observe`, `callboard.prompts` and so on).
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        api_key: str | None = None,
        environment: str | None = None,
        release: str | None = None,
        service_name: str | None = None,
        sample_rate: float | None = None,
        enabled: bool | None = None,
        debug: bool | None = None,
        flush_at: int | None = None,
        flush_interval: float | None = None,
        timeout: float | None = None,
        prompt_ttl_seconds: float | None = None,
        prompt_dir: str | Path | None = None,
        prompt_push: bool | None = None,
        spool_dir: str | Path | None = None,
        capture_content: bool | None = None,
        capture_prompt_variables: bool = True,
        mask: Mask | None = None,
        on_prompt_deleted: Callable[[str], None] | None = None,
        max_stale_on_delete: float = 24 * 3600.0,
    ) -> None:
        arguments = locals()
        given = {name: arguments[name] for name in Settings.__dataclass_fields__}
        self.settings = client_settings.resolve(given)
        if self.settings.debug:
            _log_to_stderr()
        self._check_key()
        self.encoder = SpanEncoder(mask, sends_variables=capture_prompt_variables)
        self._spans = channels.spans(self.settings, self.encoder)
        self._feedback = channels.feedback(self.settings, mask)
        self._outcomes = channels.outcomes(self.settings, mask)
        self.prompt_store = channels.prompts(
            self.settings, on_deleted=on_prompt_deleted, max_stale_on_delete=max_stale_on_delete
        )
        self.prompts = Prompts(lambda: self.prompt_store)
        self.tracer = Tracer(
            sink=self._spans.put if self.is_recording else None,
            sample_rate=self.settings.sample_rate,
            captures_content=self.settings.capture_content,
        )
        self.is_shut_down = False
        lifecycle.register(self)
        lifecycle.offer_as_default(self)

    @property
    def is_recording(self) -> bool:
        """Whether spans and feedback are sent. Prompts are fetched whenever there is a key."""
        return self.settings.enabled and bool(self.settings.api_key)

    def span(
        self,
        name: str,
        kind: str | None = None,
        *,
        as_type: str | None = None,
        input: Any = UNSET,
        model: str | None = None,
        prompt: Prompt[Any] | None = None,
        tags: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Span:
        """Return a span to be used as a `with` block; `kind` is llm, chain, tool, retriever, agent and so on."""
        span = self.tracer.start(name, kinds.normalise(kind or as_type))
        return span.set(input=input, model=model, prompt=prompt, tags=tags, metadata=metadata, attributes=attributes)

    @overload
    def observe(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def observe(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        kind: str | None = None,
        as_type: str | None = None,
        capture_input: bool = True,
        capture_output: bool = True,
        transform_to_string: ToString | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def observe(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Record every call of the function: sync, async or a generator, whose items are joined when it ends."""
        return observing(lambda: self.tracer, function, **options)

    def feedback(
        self,
        trace_id: str | None = None,
        span_id: str | None = None,
        *,
        thumbs: Thumbs | None = None,
        value: Value | None = None,
        name: str | None = None,
        comment: str | None = None,
        correction: str | None = None,
        user: str | None = None,
        source: Source = "user",
    ) -> bool:
        """Queue what somebody thinks of a trace (the current one by default); tell whether it was queued.

        `user` is by default the user of the `context` at hand: when a person changes their mind, the newer thumb counts.
        """
        if not self.is_recording:
            return False
        try:
            trace_id, span_id = self._target(trace_id, span_id)
            opinion = Opinion(
                trace_id=trace_id,
                span_id=span_id,
                thumbs=thumbs,
                value=value,
                name=name,
                comment=comment,
                correction=correction,
                user=_user_or_ambient(user),
                source=source,
            )
            items = feedback_items.build(opinion, now=datetime.datetime.now(datetime.UTC))
            return self._queue_feedback(items)
        except Exception as error:  # feedback must never stop the host
            notice("feedback", "callboard: this feedback was not sent: %s", error)
            return False

    def outcome(
        self,
        name: str,
        value: float | bool = True,
        *,
        unit: str | None = None,
        happened_at: datetime.datetime | None = None,
    ) -> bool:
        """Queue what became of somebody, such as an order; tell whether it was queued. It may be days after the calls.

        `unit` is the id that rollouts assign by: the user of the calls, else their session, else the trace id. By default
        it is the user, else the session, of the `context` at hand.
        """
        if not self.is_recording:
            return False
        try:
            ambient = AMBIENT.get()
            whose = (ambient.user or ambient.session) if unit is None else unit
            now = datetime.datetime.now(datetime.UTC)
            return self._queue_outcome(outcome_items.build(name, value, unit=whose, happened_at=happened_at, now=now))
        except Exception as error:  # an outcome must never stop the host
            notice("outcome", "callboard: this outcome was not sent: %s", error)
            return False

    def feedback_token(
        self,
        trace_id: str | None = None,
        *,
        span_id: str | None = None,
        user: str | None = None,
        expires_in: datetime.timedelta | float = WEEK,
    ) -> str | None:
        """Return a token with which a browser may give feedback on the trace; made here, without asking the server."""
        key = feedback_tokens.parse_api_key(self.settings.api_key)
        if key is None:
            notice("feedback token", "callboard: no feedback token can be made without a valid CALLBOARD_API_KEY.")
            return None
        try:
            seconds = expires_in.total_seconds() if isinstance(expires_in, datetime.timedelta) else float(expires_in)
            trace_id, span_id = self._target(trace_id, span_id)
            expires_at = int(time.time() + seconds)
            return feedback_tokens.sign(
                key, trace_id=trace_id, span_id=span_id, user=_user_or_ambient(user), expires_at=expires_at
            )
        except Exception as error:  # a token must never stop the host
            notice("feedback token", "callboard: no feedback token could be made: %s", error)
            return None

    def flush(self, timeout: float = _USUAL_SECONDS) -> bool:
        """Send what is queued now; tell whether all of it was settled in time. Always returns."""
        timeout = _seconds(timeout)
        deadline = time.monotonic() + timeout
        is_done = self._spans.flush(timeout)
        is_done = self._feedback.flush(max(0.0, deadline - time.monotonic())) and is_done
        return self._outcomes.flush(max(0.0, deadline - time.monotonic())) and is_done

    def finish(self, timeout: float) -> bool:
        """Send what is queued, or keep it in the spool directory if there is one; for the end of a process."""
        deadline = time.monotonic() + timeout
        is_done = self._spans.finish(timeout)
        is_done = self._feedback.finish(max(0.0, deadline - time.monotonic())) and is_done
        return self._outcomes.finish(max(0.0, deadline - time.monotonic())) and is_done

    def shutdown(self, timeout: float = _USUAL_SECONDS) -> bool:
        """Send what is queued and stop; later use does nothing but is counted. Always returns."""
        self.is_shut_down = True
        timeout = _seconds(timeout)
        deadline = time.monotonic() + timeout
        is_done = self._spans.close(timeout)
        is_done = self._feedback.close(max(0.0, deadline - time.monotonic())) and is_done
        is_done = self._outcomes.close(max(0.0, deadline - time.monotonic())) and is_done
        self.prompt_store.stop()
        return is_done

    def stats(self) -> dict[str, int]:
        """Return how much was sent and lost since the start."""
        return {
            "spans_sent": self._spans.sent,
            "spans_lost": self._spans.lost,
            "spans_stored": self._spans.stored,
            "feedback_sent": self._feedback.sent,
            "feedback_lost": self._feedback.lost,
            "feedback_stored": self._feedback.stored,
            "outcomes_sent": self._outcomes.sent,
            "outcomes_lost": self._outcomes.lost,
            "outcomes_stored": self._outcomes.stored,
            **self.prompt_store.counts,
        }

    def reset_after_fork(self) -> None:
        """Begin anew in a forked child: empty queues, own threads and connections."""
        self._spans.reset_after_fork()
        self._feedback.reset_after_fork()
        self._outcomes.reset_after_fork()
        self.prompt_store.reset_after_fork()

    def _queue_feedback(self, items: list[dict[str, Any]]) -> bool:
        queued = [self._feedback.put(item, _FEEDBACK_BYTES + len(str(item["comment"]))) for item in items]
        return all(queued)

    def _queue_outcome(self, item: dict[str, Any]) -> bool:
        return self._outcomes.put(item, _OUTCOME_BYTES)

    def _target(self, trace_id: str | None, span_id: str | None) -> tuple[str, str | None]:
        """Return the ids that feedback is about; the trace at hand is kept even when sampling would drop it."""
        active = active_span()
        if trace_id is None:
            if active is None:
                raise ValueError("there is no current trace, so pass a trace_id")
            if not active.is_kept:
                self.tracer.keep(active.trace)
            return active.trace_id, span_id
        number = ids.parse_trace_id(trace_id)
        if number is None:
            raise ValueError(f"{trace_id!r} is not a trace id (32 hex digits)")
        if span_id is not None and ids.parse_span_id(span_id) is None:
            raise ValueError(f"{span_id!r} is not a span id (16 hex digits)")
        return f"{number:032x}", span_id

    def _check_key(self) -> None:
        key = self.settings.api_key
        if not key and self.settings.enabled:
            logger.warning("callboard: CALLBOARD_API_KEY is not set, so nothing is recorded and no prompt is fetched.")
        elif key and feedback_tokens.parse_api_key(key) is None:
            logger.warning("callboard: CALLBOARD_API_KEY does not look like a Callboard key; is it complete?")


def observing(tracer: Callable[[], Tracer], function: Callable[..., Any] | None, **options: Any) -> Any:
    """Return the decorator, or the decorated function, that records calls with the tracer of the moment."""
    kind = kinds.normalise(options.get("kind") or options.get("as_type"))

    def recording(function: Callable[..., Any]) -> Recording:
        return Recording(
            function,
            tracer=tracer,
            name=options.get("name"),
            kind=kind,
            capture_input=options.get("capture_input", True),
            capture_output=options.get("capture_output", True),
            transform_to_string=options.get("transform_to_string"),
        )

    if function is not None:
        return wrap(function, recording)
    return lambda function: wrap(function, recording)


def _user_or_ambient(user: object) -> str | None:
    """Return the person meant, by default the one whom the work around is done for."""
    return AMBIENT.get().user if user is None else str(user)


def _log_to_stderr() -> None:
    logger.setLevel(logging.DEBUG)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())


def _seconds(timeout: float) -> float:
    """Return how long to wait; a host that says it wrong waits as long as by default."""
    try:
        seconds = float(timeout)
    except (TypeError, ValueError, OverflowError):
        return _USUAL_SECONDS
    return seconds if seconds == seconds else _USUAL_SECONDS
