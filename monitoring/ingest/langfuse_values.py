"""What the body of an event of Langfuse's older SDKs says, under the attribute names that its newer SDKs use.

So all of them are read by the same table (monitoring/ingest/dialects.py), and a call looks the same whichever sent it.
"""

from __future__ import annotations

from typing import Any

import orjson

Body = dict[str, Any]

_TEXTS_OF_OBSERVATION = {
    "model": "model.name", "level": "level", "statusMessage": "status_message", "completionStartTime": "completion_start_time",
}  # fmt: skip
_OBJECTS_OF_OBSERVATION = {
    "modelParameters": "model.parameters",
    "usageDetails": "usage_details",
    "costDetails": "cost_details",
}
_TEXTS_OF_TRACE = {"userId": "user.id", "sessionId": "session.id"}
_TEXTS_OF_BOTH = {
    "environment": "langfuse.environment",
    "release": "langfuse.release",
    "version": "langfuse.version",
}
_COSTS_IN_USAGE = {"inputCost": "input", "outputCost": "output", "totalCost": "total"}


def of_observation(body: Body, kind: str) -> dict[str, Any]:
    """Return the attributes of a span, generation, event or the like."""
    found: dict[str, Any] = {"langfuse.observation.type": kind}
    found |= _of_usage(body.get("usage"))
    for name, attribute in _OBJECTS_OF_OBSERVATION.items():
        if isinstance(value := body.get(name), dict) and value:
            found[f"langfuse.observation.{attribute}"] = _json(value)
    found |= _texts(body, {name: f"langfuse.observation.{place}" for name, place in _TEXTS_OF_OBSERVATION.items()})
    return found | _of_prompt(body) | _of_both(body, "langfuse.observation")


def of_trace(body: Body) -> dict[str, Any]:
    """Return the attributes of the span that stands for a trace."""
    found = {"callboard.kind": "chain"} | _texts(body, _TEXTS_OF_TRACE) | _of_both(body, "langfuse.trace")
    tags = body.get("tags")
    if isinstance(tags, list) and (words := [tag for tag in tags if isinstance(tag, str) and tag]):
        found["langfuse.trace.tags"] = words
    return found


def _of_both(body: Body, prefix: str) -> dict[str, Any]:
    found = _texts(body, _TEXTS_OF_BOTH)
    for direction in ("input", "output"):
        if (value := body.get(direction)) is not None:
            found[f"langfuse.observation.{direction}"] = value if isinstance(value, str) else _json(value)
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        return found | {f"{prefix}.metadata.{name}": value for name, value in metadata.items()}
    return found if metadata is None else found | {f"{prefix}.metadata": metadata}


def _of_usage(usage: Any) -> dict[str, Any]:
    """Return tokens and costs of the older of the two forms; characters and pictures are no tokens."""
    if not isinstance(usage, dict):
        return {}
    found = {}
    counts = {name: value for name, value in usage.items() if name != "unit" and name not in _COSTS_IN_USAGE}
    if counts and usage.get("unit") in (None, "TOKENS"):
        found["langfuse.observation.usage_details"] = _json(counts)
    costs = {place: usage[name] for name, place in _COSTS_IN_USAGE.items() if usage.get(name) is not None}
    return found | ({"langfuse.observation.cost_details": _json(costs)} if costs else {})


def _of_prompt(body: Body) -> dict[str, Any]:
    name, version = body.get("promptName"), body.get("promptVersion")
    if not isinstance(name, str) or not isinstance(version, int) or isinstance(version, bool):
        return {}
    return {"langfuse.observation.prompt.name": name, "langfuse.observation.prompt.version": version}


def _texts(body: Body, places: dict[str, str]) -> dict[str, Any]:
    return {place: text for name, place in places.items() if isinstance(text := body.get(name), str) and text}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
