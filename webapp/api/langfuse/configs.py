"""Langfuse keeps one free object per prompt version; here its known entries are settings, the others go along as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompt_registry import model_settings

OTHERS = "custom"


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a config means; nothing in it is lost."""
    typed = {name: value for name, value in config.items() if _is_setting(name, value)}
    others = {name: value for name, value in config.items() if name not in typed}
    return typed | ({OTHERS: others} if others else {})


def config_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config that applications read; a setting that somebody changed in the browser wins."""
    return {**settings.get(OTHERS, {}), **{name: value for name, value in settings.items() if name != OTHERS}}


def _is_setting(name: str, value: Any) -> bool:
    """Tell whether this entry says the same as a setting."""
    if name not in model_settings.NAMES or name == OTHERS or value is None:
        return False
    settings, problems = model_settings.read({name: value})
    if problems or model_settings.problems_of(settings):
        return False
    return bool(settings.to_json().get(name) == value)
