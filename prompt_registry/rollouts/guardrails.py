"""What is watched during a rollout, frozen when it starts: how often it usually happens, and what counts as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from prompt_registry.rollouts.plans import BUDGETS, Caution, HarmBudget, Step
from prompt_registry.rollouts.targeting import Targeting

DISLIKED = "disliked"
ERROR = "error"
SLOW = "slow"
LATE_START = "late start"
DEAR = "dear"
REFUSED = "refused"
UNSUPPORTED = "unsupported"
LONG_WINDED = "long_winded"
JUDGED_BAD = "judged bad"
ISSUE = "issue"
TITLES = {
    DISLIKED: "Thumbs down", ERROR: "Errors", SLOW: "Slow answers", LATE_START: "Late first word", DEAR: "Dear answers",
    REFUSED: "Refusals", UNSUPPORTED: "Unsupported answers", LONG_WINDED: "Long-winded answers",
}  # fmt: skip
EXPLANATIONS = {
    DISLIKED: "People who gave a thumbs down.",
    ERROR: "People for whom a call failed.",
    SLOW: "People who waited longer than 95 of 100 did before.",
    LATE_START: "People who waited longer for the first word than 95 of 100 did before.",
    DEAR: "People with an answer dearer than nine of ten were before.",
    REFUSED: "People who got an answer that refuses or dodges.",
    UNSUPPORTED: "People who got an answer that says what nothing supports.",
    LONG_WINDED: "People who got an answer that is longer than it needs to be.",
    JUDGED_BAD: "People with an answer that this evaluator found as bad as the worst tenth before.",
    ISSUE: "People who met this issue.",
}
_MEANT = "People who met what this version is meant to fix."
# How much each counts when the evidence is put together; what is watched besides must not drown what always matters.
WEIGHTS = {
    DISLIKED: 2.0, ERROR: 2.0, SLOW: 1.25, LATE_START: 1.0, DEAR: 0.5, REFUSED: 2.0, UNSUPPORTED: 2.0, LONG_WINDED: 0.5,
    JUDGED_BAD: 1.0, ISSUE: 0.75,
}  # fmt: skip
# How much slower or dearer than usual the new version may be: a tenth.
ALLOWANCES = {SLOW: 0.10, LATE_START: 0.10, DEAR: 0.10}


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One thing that is watched: the usual share of units with it, of how many first calls each, beyond which values."""

    kind: str
    base_rate: float
    first_calls: int
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weight: float = 1.0
    allowance: float = 0.0
    # How often a single call is one, where that is known with the call; 0 for what comes later or has several thresholds.
    call_rate: float = 0.0
    # Nobody can wait for what hardly ever happened: then it is watched for harm, and the next share does not need it.
    is_gate: bool = True
    # The name of an evaluator's score, or the title of an issue; of an issue the parts of the traffic that it is about.
    subject: str = ""
    scopes: tuple[Mapping[str, Any], ...] = ()
    # Which share of the calls is looked at, as a rule.
    coverage: float = 1.0
    # Whether the version is meant to make it rarer: a control group then stays until that is known.
    is_benefit: bool = False

    @property
    def title(self) -> str:
        return self.subject or TITLES.get(self.kind, self.kind)

    @property
    def explanation(self) -> str:
        return _MEANT if self.is_benefit else EXPLANATIONS.get(self.kind, "")

    @property
    def parts(self) -> int:
        """How many thresholds are counted apart."""
        return max((len(values) for values in self.thresholds.values()), default=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps, how much harm is acceptable, what is watched, and how much traffic there was when it was made."""

    steps: tuple[Step, ...]
    caution: Caution
    guardrails: tuple[Guardrail, ...]
    units_a_day: float = 0.0
    calls_before: int = 0
    # Whether a person has to say yes before everybody gets it.
    asks_at_end: bool = False
    targeting: Targeting = field(default_factory=Targeting)
    # From which hour to which (UTC) nothing moves on by itself; equal ones: never.
    quiet_hours: tuple[int, int] = (0, 0)
    # Whether it may begin only after a test that the version passed.
    needs_test: bool = False

    @property
    def budget(self) -> HarmBudget:
        return BUDGETS[self.caution]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"caution": str(self.caution)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Plan:
        return cls(
            steps=tuple(Step(**step) for step in raw["steps"]),
            caution=Caution(raw["caution"]),
            guardrails=tuple(_guardrail(one) for one in raw["guardrails"]),
            units_a_day=raw["units_a_day"],
            calls_before=raw["calls_before"],
            asks_at_end=raw.get("asks_at_end", False),
            targeting=Targeting.from_json(raw.get("targeting", {})),
            quiet_hours=tuple(raw.get("quiet_hours", (0, 0))),
            needs_test=raw.get("needs_test", False),
        )

    def is_quiet(self, hour: int) -> bool:
        """Tell whether nothing moves on by itself in this hour (UTC)."""
        begin, end = self.quiet_hours
        return begin <= hour < end if begin <= end else hour >= begin or hour < end


def _guardrail(raw: Mapping[str, Any]) -> Guardrail:
    thresholds = {model: tuple(values) for model, values in raw["thresholds"].items()}
    return Guardrail(**{**raw, "thresholds": thresholds, "scopes": tuple(raw.get("scopes", ()))})
