"""What clients are told about a running rollout beside its candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prompt_registry.rollouts.models import PPM


def shares(step_began: Sequence[str], steps: Sequence[Mapping[str, Any]]) -> list[dict[str, float | int]]:
    """Return since when (Unix seconds) which share of the people gets the candidate.

    A conversation keeps the share of the moment at which it began, whichever process or machine answers it.
    """
    return [
        {"since": datetime.fromisoformat(moment).timestamp(), "share_ppm": round(step["share"] * PPM)}
        for moment, step in zip(step_began, steps, strict=False)
    ]
