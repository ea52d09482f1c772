"""The functions of the package, which all work on the default client."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from callboard import ids
from callboard.client import WEEK, observing
from callboard.contexts import active_span
from callboard.decorators import ToString
from callboard.feedback_items import Source, Thumbs, Value
from callboard.lifecycle import default_client
from callboard.prompt_access import Prompts
from callboard.prompt_models import Prompt
from callboard.spans import UNSET, Span

if TYPE_CHECKING:
    from callboard.experiment_results import ExperimentResult

P = ParamSpec("P")
R = TypeVar("R")

prompts = Prompts(lambda: default_client().prompt_store)


@overload
def observe(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def observe(
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
def observe(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Record every call of the function: sync, async or a generator, whose items are joined when it ends."""
    return observing(lambda: default_client().tracer, function, **options)


def span(
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
    """Return a span to be used as a `with` block; `kind` is llm, chain, tool, retriever, agent, embedding and so on."""
    return default_client().span(
        name,
        kind,
        as_type=as_type,
        input=input,
        model=model,
        prompt=prompt,
        tags=tags,
        metadata=metadata,
        attributes=attributes,
    )


def current_span() -> Span | None:
    """Return the span that is active in this thread or task."""
    return active_span()


def create_trace_id(seed: object | None = None) -> str:
    """Return a new trace id for `context(trace_id=…)`, or the one that always belongs to `seed`."""
    return f"{ids.new_trace_id():032x}" if seed is None else ids.trace_id_for(seed)


def feedback(
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
    """Queue what somebody thinks of a trace (the current one by default); tell whether it was queued."""
    return default_client().feedback(
        trace_id,
        span_id,
        thumbs=thumbs,
        value=value,
        name=name,
        comment=comment,
        correction=correction,
        user=user,
        source=source,
    )


def outcome(
    name: str, value: float | bool = True, *, unit: str | None = None, happened_at: datetime.datetime | None = None
) -> bool:
    """Queue what became of somebody, such as an order, by the id that rollouts assign by; tell whether it was queued."""
    return default_client().outcome(name, value, unit=unit, happened_at=happened_at)


def feedback_token(
    trace_id: str | None = None,
    *,
    span_id: str | None = None,
    user: str | None = None,
    expires_in: datetime.timedelta | float = WEEK,
) -> str | None:
    """Return a token with which a browser may give feedback on the trace; made here, without asking the server."""
    return default_client().feedback_token(trace_id, span_id=span_id, user=user, expires_in=expires_in)


def run_experiment(
    *,
    dataset: str,
    task: Callable[[Any], Any],
    evaluators: "Iterable[Callable[..., Any] | str]" = (),
    **options: Any,
) -> "ExperimentResult":
    """Call the task on every item of a dataset and return what the checks found; see `callboard.experiments`."""
    from callboard import experiments  # brings in asyncio and thread pools, which applications do without

    return experiments.run_experiment(dataset=dataset, task=task, evaluators=evaluators, **options)


def flush(timeout: float = 5.0) -> bool:
    """Send what is queued now; tell whether all of it was settled in time. Always returns."""
    return default_client().flush(timeout)


def shutdown(timeout: float = 5.0) -> bool:
    """Send what is queued and stop. Always returns."""
    return default_client().shutdown(timeout)


def stats() -> dict[str, int]:
    """Return how much was sent and lost since the start."""
    return default_client().stats()
