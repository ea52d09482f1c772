"""Who a rollout is about; every SDK and the server answer the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Place = Literal["candidate", "control", "split"]


@dataclass(frozen=True, slots=True)
class Targeting:
    """Which environments and which values of attributes a rollout is about, and testers (by bucket) with an arm of their own."""

    environments: frozenset[str] = frozenset()
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    forced: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read it as the server sends it; raises ValueError when there is anything in it that this SDK does not know."""
        if unknown := set(raw) - {"environments", "attributes", "forced"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return cls(
            frozenset(map(str, raw.get("environments", ()))),
            {str(name): frozenset(map(str, values)) for name, values in dict(raw.get("attributes", {})).items()},
            {int(bucket): str(arm) for bucket, arm in raw.get("forced", ())},
        )

    def place_of(self, *, bucket: int | None, environment: str, attributes: Mapping[str, Any]) -> tuple[Place, bool]:
        """Return which version a unit gets (split: as its bucket says), and whether its calls belong to the comparison."""
        forced = self.forced.get(bucket) if bucket is not None else None
        if forced is not None:
            return ("candidate" if forced == "candidate" else "control"), False
        if self.environments and environment not in self.environments:
            return "control", False
        if any(_as_text(attributes.get(name)) not in values for name, values in self.attributes.items()):
            return "control", False
        return "split", True


def _as_text(value: Any) -> str | None:
    """Return a value as it is written in a plan; None for what cannot be compared alike in every language."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
