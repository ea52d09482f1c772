"""Who a rollout is about, frozen when it starts; clients decide by it, the same in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from prompt_registry.rollouts import assignment

ARMS = ("candidate", "control")


@dataclass(frozen=True, slots=True)
class Targeting:
    """Environments and values of attributes that it is about (none: any), and testers who get one version for certain.

    Who is outside gets what was live, and is not counted; neither are testers.
    """

    environments: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    testers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            tuple(raw.get("environments", ())),
            {name: tuple(values) for name, values in raw.get("attributes", {}).items()},
            dict(raw.get("testers", {})),
        )

    @property
    def is_everybody(self) -> bool:
        return not (self.environments or self.attributes or self.testers)

    def for_clients(self, rollout_id: str) -> dict[str, Any]:
        """Return what clients need to know; of testers only their places in this rollout, never who they are."""
        buckets = [
            [assignment.bucket_of(rollout_id=rollout_id, unit_id=unit), arm]
            for unit, arm in self.testers.items()
            if unit
        ]
        return {
            "environments": list(self.environments),
            "attributes": {name: list(values) for name, values in self.attributes.items()},
            "forced": buckets,
        }
