"""What the application asked of the model beside the messages: creativity, length and so on, whatever the dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitoring.trace_messages import loaded

# One by one below these, or all of them in one JSON object; the first that has a setting wins.
_PREFIXES = ("gen_ai.request.", "ai.settings.", "llm.request.")
_OBJECTS = ("langfuse.observation.model.parameters", "llm.invocation_parameters", "model_request_parameters")
_SAME = {"max_output_tokens": "max_tokens", "stop": "stop_sequences", "n": "choice.count"}
_NO_SETTINGS = {"model", "type", "functions", "messages", "model_name"}
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")


def settings_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a call by the names of the GenAI conventions."""
    found: dict[str, Any] = {}
    for name in _OBJECTS:
        told = attributes.get(name)
        inside = loaded(told) if isinstance(told, str) else told
        if isinstance(inside, dict):
            found = {**_named(inside), **found}
    for prefix in reversed(_PREFIXES):
        found |= _named(
            {key.removeprefix(prefix): value for key, value in attributes.items() if key.startswith(prefix)}
        )
    if "gen_ai.request.model" in attributes:
        found = {"model": attributes["gen_ai.request.model"], **found}
    return found


def _named(told: Mapping[str, Any]) -> dict[str, Any]:
    plain = {_CAPITAL.sub(lambda capital: f"_{capital[1].lower()}", str(name)): value for name, value in told.items()}
    return {
        _SAME.get(name, name): value
        for name, value in plain.items()
        if name not in _NO_SETTINGS and value is not None and value not in ([], {})
    }
