"""Finds what raised a problem first: a version, a model, a release, or a retriever that finds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitoring.issues.titles import Cause
from monitoring.streams import attribution
from monitoring.streams.families import Part
from monitoring.streams.scopes import Scope

# A cause accounts for at least so much of what is above usual.
_EXPLAINS = 0.5
_KEPT = 8


@dataclass(frozen=True, slots=True)
class Causes:
    """The first cause, and everything that was compared, strongest first."""

    first: Cause
    ranked: list[dict[str, Any]]


def find(
    *, project_id: int, scope: Scope, part: Part | None, since: datetime, until: datetime
) -> Causes:  # fmt: skip
    """Return what raised the rate of a part of the traffic; `part` is where the ranking saw most of it.

    The time begins before the problem. What a part names itself is held against the others as well.
    """
    inside = attribution.causes(project_id=project_id, scope=scope, since=since, until=until)
    around = _around(project_id, scope, since, until)
    seen = Cause(part.dimension, part.value) if part is not None else None
    first = seen or _first(inside) or _first(around) or Cause()
    return Causes(first, [_as_json(cause) for cause in [*inside, *around][:_KEPT]])


def _around(project_id: int, scope: Scope, since: datetime, until: datetime) -> list[attribution.Cause]:
    """Return how the model or environment that a part names compares with the others."""
    wider = replace(scope, model="", environment="")
    if wider == scope:
        return []
    named = {("model", scope.model), ("environment", scope.environment)}
    found = attribution.causes(project_id=project_id, scope=wider, since=since, until=until)
    return [cause for cause in found if (cause.dimension, cause.value) in named]


def _first(ranked: Sequence[attribution.Cause]) -> Cause | None:
    found = next((cause for cause in ranked if cause.is_sure and cause.explained >= _EXPLAINS), None)
    return Cause(found.dimension, found.value) if found else None


def _as_json(cause: attribution.Cause) -> dict[str, Any]:
    return {
        "dimension": cause.dimension, "value": cause.value, "calls": cause.calls, "bad": cause.bad, "rate": cause.rate,
        "rest_rate": cause.rest_rate, "low": cause.low, "high": cause.high, "explained": cause.explained,
    }  # fmt: skip
