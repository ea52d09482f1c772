"""Describes a finished span as flat attributes, in the names of the OpenTelemetry GenAI conventions."""

from collections.abc import Callable, Mapping
from typing import Any

from callboard import kinds, messages
from callboard.contexts import Ambient, PromptLink
from callboard.jsonable import shortened, to_json
from callboard.notices import notice
from callboard.snapshots import CallArguments
from callboard.spans import UNSET, Span

_MAX_ARRAY = 1000


def of_span(span: Span, *, sends_variables: bool = True) -> dict[str, Any]:
    """Return all attributes of the span; what the application set by hand wins."""
    found: dict[str, Any] = {"callboard.kind": span.kind}
    operation = kinds.OPERATIONS.get(span.kind)
    if operation is not None:
        found["gen_ai.operation.name"] = operation
    found.update(_of_ambient(span.ambient))
    if span.prompt is not None:
        found.update(_of_prompt(span.prompt, sends_variables=sends_variables and span.captures_content))
    if span.input is not UNSET:
        found.update(_of_input(span.kind, span.input))
    if span.output is not UNSET:
        found.update(_of_output(span.kind, span.output))
    if span.details is not None:
        found.update(_details(span.details))
    found.update(span.attributes or {})
    if span.error is not None:
        found["error.type"] = span.error.type
    return {key: value for key, value in found.items() if value is not None}


def _details(describe: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return describe()
    except Exception:  # objects of another library, of a version that nobody has seen yet
        notice("details", "callboard: a call could not be described in full.", error=True)
        return {}


def _of_ambient(ambient: Ambient) -> dict[str, Any]:
    found: dict[str, Any] = {"user.id": ambient.user, "session.id": ambient.session}
    if ambient.tags:
        found["callboard.tags"] = list(ambient.tags)
    found.update({f"callboard.metadata.{key}": value for key, value in ambient.metadata.items()})
    return found


def _of_prompt(link: PromptLink, *, sends_variables: bool) -> dict[str, Any]:
    variables = link.variables if sends_variables else {}
    return {
        "gen_ai.prompt.name": link.name,
        "gen_ai.prompt.version": None if link.version is None else str(link.version),
        "callboard.prompt.hash": link.content_hash,
        "callboard.prompt.source": link.source,
        "callboard.prompt.label": link.label,
        "callboard.rollout.id": link.rollout_id,
        "callboard.rollout.arm": link.arm,
        "callboard.rollout.bucket": link.rollout_bucket,
        **{f"gen_ai.prompt.variable.{name}": value for name, value in variables.items()},
    }


def _of_input(kind: str, value: Any) -> dict[str, Any]:
    if isinstance(value, CallArguments):
        value = value.by_name()
        candidate = value.get("messages")
    else:
        candidate = value
    if kind == "llm":
        sent = messages.input_messages(candidate)
        if sent is not None:
            return {"gen_ai.input.messages": to_json(sent)}
    return _of_value("input", value)


def _of_output(kind: str, value: Any) -> dict[str, Any]:
    if kind == "llm":
        answered = messages.output_messages(value)
        if answered is not None:
            return {"gen_ai.output.messages": to_json(answered)}
    return _of_value("output", value)


def _of_value(side: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {f"{side}.value": value, f"{side}.mime_type": "text/plain"}
    return {f"{side}.value": to_json(value), f"{side}.mime_type": "application/json"}


def flat(value: Any) -> Any:
    """Return the value as an attribute can hold it: text, number, boolean or a list of these; anything else as JSON."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, bool | int | float) or _is_scalar_list(value):
        return value
    if isinstance(value, Mapping):
        return to_json(value)
    text = to_json(value)
    # Dates, ids and the like are text, and look wrong in quotes.
    return text[1:-1] if text.startswith('"') else text


def _is_scalar_list(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) > _MAX_ARRAY:
        return False
    return all(isinstance(item, str | bool | int | float) for item in value)
