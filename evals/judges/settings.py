"""Reads what somebody set for a judge, and says in words what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evals.errors import EvaluatorRefused
from prompt_registry import texts

MAX_MODEL = 120
MAX_WORDS = 4_000


def who(settings: Mapping[str, Any]) -> tuple[int, str]:
    """Return which connection is asked, and which of its models."""
    connection_id, model = settings.get("connection_id"), settings.get("model")
    if not isinstance(connection_id, int) or isinstance(connection_id, bool):
        raise EvaluatorRefused("Choose the provider that is asked to judge. Connect one in Settings, Providers.")
    if not isinstance(model, str) or not model.strip() or len(model) > MAX_MODEL:
        raise EvaluatorRefused("Name the model that judges, such as the one you know best for careful reading.")
    return connection_id, model.strip()


def words(settings: Mapping[str, Any], name: str, *, missing: str = "") -> str:
    """Return a text of the settings; `missing` is what to say when it has to be there."""
    value = settings.get(name, "")
    if not isinstance(value, str):
        raise EvaluatorRefused(f"The setting «{name}» must be a text.")
    found = texts.clean(value).strip()
    if missing and not found:
        raise EvaluatorRefused(missing)
    if len(found) > MAX_WORDS:
        raise EvaluatorRefused(f"The text for the judge is longer than {MAX_WORDS:,} characters. Shorten it.")
    return found


def share(settings: Mapping[str, Any], name: str, usual: float) -> float:
    """Return a share above 0 and up to 1."""
    value = settings.get(name, usual)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise EvaluatorRefused("How much must be right is a share above 0 and up to 1, such as 0.8.")
    return float(value)


def refuse_unknown(settings: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a setting that this judge does not have."""
    for name in settings:
        if name not in known:
            raise EvaluatorRefused(f"This check has no setting «{name[:60]}». It has: {', '.join(known)}.")
