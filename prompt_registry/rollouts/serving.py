"""Decides for clients that cannot: which version of a resolved prompt a unit gets, and why; every SDK answers the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from prompt_registry.rollouts import assignment

_TARGETING_KNOWN_HERE = frozenset({"environments", "attributes", "forced"})


class Reason(StrEnum):
    """Why a unit gets what it gets."""

    # No rollout runs.
    PUBLISHED = "published"
    # Its bucket says so.
    SPLIT = "split"
    # It is one of those who get one version for certain.
    TESTER = "tester"
    # The rollout is not about it.
    OUTSIDE = "outside"
    # Nobody said who it is, so it gets what was live.
    NO_UNIT = "no_unit"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who asks: the unit that an arm is assigned by, where it is, and what is known about it."""

    unit_id: str = ""
    environment: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serving:
    """The version that is served; `rollout_id` is empty for calls that do not belong to the comparison."""

    version: Mapping[str, Any]
    reason: Reason
    is_candidate: bool = False
    rollout_id: str = ""
    bucket: int | None = None

    @property
    def arm(self) -> str:
        """The side of the rollout that the version stands for; empty outside of one."""
        if self.is_candidate:
            return "candidate"
        return "control" if self.rollout_id or self.reason == Reason.TESTER else ""


def serve(document: Mapping[str, Any], audience: Audience) -> Serving:
    """Return what the audience is served of a prompt, in the shape in which applications get it."""
    rollout = document.get("rollout") or document.get("targeted_rollout")
    targeting = rollout.get("targeting", {}) if rollout else {}
    # Who cannot tell whom a rollout is about stays with what was live.
    if not rollout or not targeting.keys() <= _TARGETING_KNOWN_HERE:
        return Serving(document, Reason.PUBLISHED)
    bucket = assignment.bucket_of(rollout_id=rollout["id"], unit_id=audience.unit_id)
    if (arm := _forced(targeting, bucket)) is not None:
        is_candidate = arm == "candidate"
        return Serving(rollout["candidate"] if is_candidate else document, Reason.TESTER, is_candidate)
    if not _is_about(targeting, audience):
        return Serving(document, Reason.OUTSIDE)
    is_candidate = assignment.is_candidate(bucket, rollout["share_ppm"])
    return Serving(
        version=rollout["candidate"] if is_candidate else document,
        reason=Reason.NO_UNIT if bucket is None else Reason.SPLIT,
        is_candidate=is_candidate,
        rollout_id=rollout["id"],
        bucket=bucket,
    )


def _forced(targeting: Mapping[str, Any], bucket: int | None) -> str | None:
    """Return the arm of a tester; of two entries for one place the later counts, as in a dictionary."""
    return None if bucket is None else dict(targeting.get("forced", ())).get(bucket)


def _is_about(targeting: Mapping[str, Any], audience: Audience) -> bool:
    environments = targeting.get("environments")
    if environments and audience.environment not in environments:
        return False
    wanted = targeting.get("attributes", {})
    return all(_as_text(audience.attributes.get(name)) in values for name, values in wanted.items())


def _as_text(value: Any) -> str | None:
    """Return a value as it is written in a plan; None for what cannot be compared alike in every language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
