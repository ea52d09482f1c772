"""Prompts as flags: which prompt a key means, and what a context says about who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from prompt_registry import resolution
from prompt_registry.models import PRODUCTION
from prompt_registry.resolution import Answer, Outcome, Refusal
from prompt_registry.rollouts.serving import Audience

_SAYS_WHO, _SAYS_WHERE = "targetingKey", "environment"


@dataclass(frozen=True, slots=True)
class Flag:
    """A prompt under a label, as applications get it."""

    key: str
    label: str
    document: Mapping[str, Any]


def find(*, project_id: int, key: str) -> Flag | Refusal:
    """Return the prompt that a key means: its name for what is live in production, `name@label` for another label."""
    outcome, label = resolution.by_label(project_id=project_id, name=key, label=PRODUCTION), PRODUCTION
    name, at, other = key.rpartition("@")
    # A name may hold an @ itself.
    if at and isinstance(outcome, Refusal):
        outcome, label = resolution.by_label(project_id=project_id, name=name, label=other), other
    return Flag(key, label, orjson.loads(outcome.body)) if isinstance(outcome, Answer) else outcome


def every(*, project_id: int) -> Iterator[Flag]:
    """Yield all prompts that are live in production, by name."""
    after: str | None = ""
    while after is not None:
        document = page(resolution.page(project_id=project_id, label=PRODUCTION, after=after))
        yield from (Flag(item["name"], PRODUCTION, item) for item in document["items"])
        after = document["next"]


def page(outcome: Outcome) -> dict[str, Any]:
    """Return one page of prompts as values."""
    return orjson.loads(outcome.body) if isinstance(outcome, Answer) else {"items": [], "next": None}


def audience_of(context: Mapping[str, Any], *, environment: str) -> Audience:
    """Return who asks; what makes no sense counts as not said, since nobody goes without a prompt because of it.

    `environment` is where the key belongs, for contexts that do not say where they are.
    """
    where = context.get(_SAYS_WHERE)
    return Audience(
        unit_id=_unit(context.get(_SAYS_WHO)),
        environment=where if isinstance(where, str) and where else environment,
        attributes={name: value for name, value in context.items() if name not in (_SAYS_WHO, _SAYS_WHERE)},
    )


def _unit(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
