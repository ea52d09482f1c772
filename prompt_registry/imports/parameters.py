"""Turns model parameters of other tools into settings; what has no field here is kept for the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompt_registry import model_settings
from prompt_registry.imports.values import as_mapping, short

_OUR_NAMES = {
    "model": "model", "model_name": "model", "modelname": "model", "model_id": "model",
    "temperature": "temperature", "top_p": "top_p", "topp": "top_p",
    "max_tokens": "max_tokens", "maxtokens": "max_tokens", "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens", "maxoutputtokens": "max_tokens",
    "seed": "seed", "stop": "stop", "stop_sequences": "stop", "stopsequences": "stop", "tools": "tools",
    "response_schema": "response_schema",
}  # fmt: skip


def read(raw: Mapping[str, Any], *, ignored: frozenset[str] = frozenset()) -> tuple[dict[str, Any], list[str]]:
    """Return the settings, and a sentence for each parameter that is not one of them."""
    settings: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    remarks: list[str] = []
    for name, given in raw.items():
        if name in ignored or given in (None, "", [], {}):
            continue
        ours, value = _ours(name, given)
        if not ours or ours in settings:
            custom[name] = given
        elif why := _problem(ours, value):
            remarks.append(f"«{short(name)}» was left out: {why}")
        else:
            settings[ours] = value
    return settings, remarks + _keep(custom, settings)


def read_config(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings for a config that applications read as it is: only what says exactly the same becomes one."""
    settings: dict[str, Any] = {}
    for name, value in config.items():
        if name in model_settings.NAMES and name != "custom" and value is not None and not _problem(name, value):
            read_back = model_settings.read({name: value})[0].to_json()
            settings |= {name: value} if read_back.get(name) == value else {}
    return settings, _keep({name: value for name, value in config.items() if name not in settings}, settings)


def _ours(name: str, value: Any) -> tuple[str, Any]:
    if name == "response_format":
        schema = as_mapping(as_mapping(value).get("json_schema")).get("schema")
        return ("response_schema", schema) if isinstance(schema, dict) and schema else ("", value)
    if name.lower() in ("stop", "stop_sequences", "stopsequences") and isinstance(value, str):
        value = [value]
    return _OUR_NAMES.get(name.lower(), ""), value


def _problem(name: str, value: Any) -> str:
    settings, problems = model_settings.read({name: value})
    problems = problems or model_settings.problems_of(settings)
    return problems[0].sentence if problems else ""


def _keep(custom: dict[str, Any], settings: dict[str, Any]) -> list[str]:
    if not custom:
        return []
    names = ", ".join(short(name, 30) for name in list(custom)[:8])
    if why := _problem("custom", custom):
        return [f"Left out: {names}. {why}"]
    settings["custom"] = custom
    return [f"Kept for the application, without an effect here: {names}."]
