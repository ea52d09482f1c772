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

# A cause has to explain so much of what is above usual, and to be so much worse than the rest.
_EXPLAINS, _WORSE = 0.5, 1.5
_KEPT = 8
# Where everything else is equal, somebody can change the first ones.
_ORDER = (
    "prompt version",
    "retrieval",
    "model",
    "release",
    "app",
    "environment",
    "arm",
    "language",
    "user segment",
    "hour of day",
)


@dataclass(frozen=True, slots=True)
class Causes:
    """The first cause, and everything that was looked at, strongest first."""

    first: Cause
    ranked: list[dict[str, Any]]


def find(
    *, project_id: int, scope: Scope, part: Part | None, since: datetime, until: datetime
) -> Causes:  # fmt: skip
    """Return what raised the rate of a part of the traffic; `part` is where the ranking saw most of it.

    A part that names its model or environment is compared with the others as well: then that may be the cause.
    """
    inside = attribution.causes(project_id=project_id, scope=scope, since=since, until=until)
    wider = replace(scope, model="", environment="")
    around: list[attribution.Cause] = []
    if wider != scope:
        found = attribution.causes(project_id=project_id, scope=wider, since=since, until=until)
        around = [cause for cause in found if cause.value == _own(scope, cause.dimension)]
    ranked = [*inside, *around]
    first = Cause(part.dimension, part.value) if part is not None else _first(ranked)
    return Causes(first, [_as_json(cause) for cause in ranked[:_KEPT]])


def _first(ranked: Sequence[attribution.Cause]) -> Cause:
    strong = [cause for cause in ranked if _is_strong(cause)]
    if not strong:
        return Cause()
    best = max(strong, key=lambda cause: (round(cause.explained, 1), -_place(cause.dimension)))
    return Cause(best.dimension, best.value)


def _is_strong(cause: attribution.Cause) -> bool:
    return cause.explained >= _EXPLAINS and cause.rate >= _WORSE * cause.rest_rate


def _place(dimension: str) -> int:
    return _ORDER.index(dimension) if dimension in _ORDER else len(_ORDER)


def _own(scope: Scope, dimension: str) -> str:
    return {"model": scope.model, "environment": scope.environment}.get(dimension, "")


def _as_json(cause: attribution.Cause) -> dict[str, Any]:
    return {
        "dimension": cause.dimension, "value": cause.value, "calls": cause.calls, "bad": cause.bad, "rate": cause.rate,
        "rest_rate": cause.rest_rate, "low": cause.low, "high": cause.high, "explained": cause.explained,
    }  # fmt: skip
