"""Keeps the numbers of a decision as JSON, from which the very same decision can be taken again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from prompt_registry.rollouts.decisions import Decision, Metric, Part, Situation, Try
from prompt_registry.rollouts.plans import HarmBudget, Step


def situation_to_json(situation: Situation) -> dict[str, Any]:
    """Return all that a decision rested on."""
    return asdict(situation)


def situation_from_json(raw: Mapping[str, Any]) -> Situation:
    """Return the situation that was kept."""
    return Situation(
        steps=tuple(Step(**step) for step in raw["steps"]),
        index=raw["index"],
        budget=HarmBudget(**raw["budget"]),
        metrics=tuple(_metric(metric) for metric in raw["metrics"]),
        seconds_at_step=raw["seconds_at_step"],
        candidate_units=raw["candidate_units"],
        split_candidates=raw["split_candidates"],
        split_units=tuple(raw["split_units"]),
        asks_at_end=raw.get("asks_at_end", False),
        is_quiet=raw.get("is_quiet", False),
    )


def decision_to_json(decision: Decision) -> dict[str, Any]:
    """Return what was decided, and the evidence."""
    return asdict(decision) | {"action": str(decision.action)}


def _metric(raw: Mapping[str, Any]) -> Metric:
    earlier = tuple(
        Try(**{**one, "shares": tuple(one["shares"]), "parts": _parts(one["parts"])}) for one in raw.get("earlier", ())
    )
    return Metric(**{**raw, "parts": _parts(raw["parts"]), "earlier": earlier})


def _parts(raw: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    return tuple(Part(part["candidate_events"], tuple(part["events"])) for part in raw)
