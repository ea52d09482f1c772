"""The callback handler that LangChain calls when a run begins, streams, ends or fails."""

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from typing import Any, Final, ParamSpec
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables.config import var_child_runnable_config

from callboard.client import Callboard
from callboard.contexts import ACTIVE, FINDERS, entered_span, restore
from callboard.langchain import descriptions
from callboard.lifecycle import default_client
from callboard.notices import notice
from callboard.snapshots import take, text_bytes
from callboard.spans import Span

P = ParamSpec("P")
# A run whose end is never told, such as that of a stream nobody reads to its end, is forgotten one day.
_MAX_OPEN_RUNS: Final = 10_000
_HIDDEN: Final = "langsmith:hidden"
# What LangGraph raises to go elsewhere or to wait for a person; nothing has failed.
_CONTROL_FLOW: Final = frozenset({"GraphBubbleUp", "GraphInterrupt", "NodeInterrupt", "ParentCommand"})
_AGENTS: Final = frozenset({"AgentExecutor", "LangGraph"})


@dataclass(slots=True)
class _Run:
    """A run under way. One that LangChain marks as hidden has the span of its parent, or none."""

    span: Span | None
    # The span that was active when the run began.
    outer: Span | None
    is_hidden: bool = False
    token: "Token[Span | None] | None" = None
    is_streaming: bool = False


def _never_raising(method: Callable[P, None]) -> Callable[P, None]:
    """Return the method, after whose failure the application goes on as if nothing had been recorded."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception:  # recording must not break the run
            notice("langchain", "callboard: a LangChain run could not be recorded.", error=True)

    return guarded


class CallbackHandler(BaseCallbackHandler):
    """Records chains, chat models, tools and retrievers as spans; one handler may serve any number of runs."""

    # In the thread or task of the run, so that the span at hand is seen.
    run_inline = True

    def __init__(self, *, callboard: Callboard | None = None) -> None:
        self._client = callboard
        self._runs: OrderedDict[UUID, _Run] = OrderedDict()

    @_never_raising
    def on_chain_start(self, serialized: dict[str, Any] | None, inputs: Any, *, run_id: UUID, **facts: Any) -> None:
        """Begin a chain, or an agent."""
        name = descriptions.name_of(serialized, facts, default="chain")
        kind = "agent" if name in _AGENTS else "chain"
        self._begin(run_id, name, kind, facts, input=descriptions.plain(inputs))

    @_never_raising
    def on_chat_model_start(
        self, serialized: dict[str, Any] | None, messages: list[list[Any]], *, run_id: UUID, **facts: Any
    ) -> None:
        """Begin a call of a chat model."""
        sent = [message for batch in messages for message in batch]
        size = sum(text_bytes(getattr(message, "content", message)) for message in sent)
        self._begin_call(run_id, serialized, facts, content=lambda: descriptions.sent_messages(sent), size=size)

    @_never_raising
    def on_llm_start(
        self, serialized: dict[str, Any] | None, prompts: list[str], *, run_id: UUID, **facts: Any
    ) -> None:
        """Begin a call of a model that completes texts."""
        sent = list(prompts)
        size = sum(map(len, sent))
        self._begin_call(run_id, serialized, facts, content=lambda: descriptions.sent_prompts(sent), size=size)

    @_never_raising
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **facts: Any) -> None:
        """Take note of the first piece of a streamed answer."""
        self._note_first_chunk(run_id)

    @_never_raising
    def on_stream_event(self, event: Any, *, run_id: UUID, **facts: Any) -> None:
        """Take note of the first content of an answer that is streamed as events."""
        if isinstance(event, Mapping) and event.get("event") != "message-start":
            self._note_first_chunk(run_id)

    @_never_raising
    def on_llm_end(self, response: Any, *, run_id: UUID, **facts: Any) -> None:
        """End a call of a model with its answer."""
        run = self._runs.get(run_id)
        if run is not None and run.span is not None and run.span.details is not None:
            described = run.span.details
            has_content = run.span.captures_content
            run.span.details = lambda: {**described(), **descriptions.answer(response, has_content=has_content)}
            run.span.bytes += text_bytes(response)
        self._end(run_id)

    @_never_raising
    def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        inputs: dict[str, Any] | None = None,
        **facts: Any,
    ) -> None:
        """Begin the use of a tool."""
        name = descriptions.name_of(serialized, facts, default="tool")
        given = input_str if inputs is None else descriptions.plain(inputs)
        self._begin(run_id, name, "tool", facts, input=given)

    @_never_raising
    def on_retriever_start(self, serialized: dict[str, Any] | None, query: str, *, run_id: UUID, **facts: Any) -> None:
        """Begin a search."""
        name = descriptions.name_of(serialized, facts, default="retriever")
        # Unlike chains and tools, retrievers do not tell the code inside of them which run it belongs to.
        self._begin(run_id, name, "retriever", facts, is_active=True, input=query)

    @_never_raising
    def on_chain_end(self, outputs: Any, *, run_id: UUID, **facts: Any) -> None:
        """End a chain."""
        self._end(run_id, output=descriptions.plain(outputs))

    @_never_raising
    def on_tool_end(self, output: Any, *, run_id: UUID, **facts: Any) -> None:
        """End the use of a tool."""
        self._end(run_id, output=descriptions.plain(output))

    @_never_raising
    def on_retriever_end(self, documents: Sequence[Any], *, run_id: UUID, **facts: Any) -> None:
        """End a search with what it found."""
        self._end(run_id, output=[descriptions.document(found) for found in documents])

    @_never_raising
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **facts: Any) -> None:
        """End a chain that failed."""
        self._end(run_id, error=error)

    on_llm_error = on_tool_error = on_retriever_error = on_chain_error

    def _begin_call(
        self,
        run_id: UUID,
        serialized: dict[str, Any] | None,
        facts: Mapping[str, Any],
        *,
        content: Callable[[], dict[str, Any]],
        size: int,
    ) -> None:
        name = descriptions.name_of(serialized, facts, default="model")
        span = self._begin(run_id, name, "llm", facts)
        if span is None:
            return
        parameters = take(facts.get("invocation_params") or {}, span)
        metadata = facts.get("metadata") or {}
        has_content = span.captures_content
        # Held and converted in the background.
        span.bytes += size
        span.details = lambda: {
            **descriptions.request(parameters, metadata, has_content=has_content),
            **(content() if has_content else {}),
        }

    def _begin(
        self, run_id: UUID, name: str, kind: str, facts: Mapping[str, Any], *, is_active: bool = False, **content: Any
    ) -> Span | None:
        tracer = (self._client or default_client()).tracer
        if not tracer.is_on:
            return None
        active = entered_span()
        parent = self._runs.get(facts["parent_run_id"]) if facts.get("parent_run_id") else None
        # A span of the application that was opened inside of the parent's run stands between the two.
        above = parent.span if parent is not None and parent.outer is active else None
        if _HIDDEN in (facts.get("tags") or ()):
            self._remember(run_id, _Run(above, active, is_hidden=True))
            return None
        span = tracer.start(name, kind, under=above)
        span.set(**content, tags=descriptions.tags(facts), attributes=descriptions.surroundings(facts))
        if parent is None:
            span.set(metadata=descriptions.metadata(facts))
        run = _Run(span, active)
        if is_active:
            # Asynchronous runs end in a task of their own, from where the variable cannot be put back.
            span.beneath = (active,)
            run.token = ACTIVE.set(span)
        self._remember(run_id, run)
        return span

    def running(self, run_id: UUID, active: Span | None) -> Span | None:
        """Return the span of a run, unless a span of the application was opened inside of it."""
        run = self._runs.get(run_id)
        return run.span if run is not None and run.outer is active else None

    def _remember(self, run_id: UUID, run: _Run) -> None:
        self._runs[run_id] = run
        if len(self._runs) > _MAX_OPEN_RUNS:
            self._runs.popitem(last=False)

    def _note_first_chunk(self, run_id: UUID) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.span is not None and not run.is_streaming:
            run.is_streaming = True
            run.span.note_first_chunk()

    def _end(self, run_id: UUID, *, error: BaseException | None = None, **content: Any) -> None:
        run = self._runs.pop(run_id, None)
        if run is None or run.span is None or run.is_hidden:
            return
        if run.token is not None:
            restore(ACTIVE, run.token)
        run.span.set(**content)
        if error is not None and type(error).__name__ not in _CONTROL_FLOW:
            run.span.fail(error)
        run.span.end()


def _running_span(active: Span | None) -> Span | None:
    """Return the span of the LangChain run that the code which runs now is a part of."""
    config = var_child_runnable_config.get()
    manager = config.get("callbacks") if config else None
    run_id = getattr(manager, "parent_run_id", None)
    if run_id is None:
        return None
    handlers = [handler for handler in getattr(manager, "handlers", ()) if isinstance(handler, CallbackHandler)]
    return handlers[0].running(run_id, active) if handlers else None


FINDERS.append(_running_span)
