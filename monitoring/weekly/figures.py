"""The numbers of a week as they are kept, so that a page that somebody shares says the same for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitoring.weekly.comparing import Verdict


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure in the week and in the one before; `low` and `high` enclose the difference."""

    name: str
    verdict: Verdict
    now: float | None
    before: float | None
    low: float
    high: float
    units: int
    units_before: int

    @property
    def is_known(self) -> bool:
        return self.verdict != Verdict.UNKNOWN


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls cost in the week and in the one before, in dollars; none where no price is known. A prompt has a name."""

    usd: float | None
    usd_before: float | None
    calls: int = 0
    calls_before: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class OpenIssue:
    """An issue that somebody has to do something about, as it stood when the week was counted."""

    number: int
    state: str
    harm: float
    bad_calls: int
    people: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything of a week that is counted."""

    people: int
    people_before: int
    # Calls that took longer are slow: the p95 of the week before.
    slow_ms: float | None
    measured: tuple[Measured, ...]
    spent: Spent
    prompts: tuple[Spent, ...]
    # What Callboard itself paid for tests, checks and second opinions.
    own_usd: float
    issues: tuple[OpenIssue, ...]
    issue_count: int

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to report about: no call in either week."""
        return not self.spent.calls and not self.spent.calls_before

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Figures:
        return cls(
            people=raw["people"], people_before=raw["people_before"], slow_ms=raw["slow_ms"], own_usd=raw["own_usd"],
            measured=tuple(Measured(**{**one, "verdict": Verdict(one["verdict"])}) for one in raw["measured"]),
            spent=Spent(**raw["spent"]), prompts=tuple(Spent(**one) for one in raw["prompts"]),
            issues=tuple(OpenIssue(**one) for one in raw["issues"]), issue_count=raw["issue_count"],
        )  # fmt: skip
