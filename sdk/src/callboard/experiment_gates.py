"""Gates of an experiment such as `pass_rate>=0.9`: read by a small grammar, never evaluated as code."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_NUMBERS: Final = ("pass_rate", "mean", "errors", "failed", "skipped", "cost_usd", "median_ms", "p95_ms")
_OF_CHECKS: Final = ("pass_rate", "mean", "errors", "verdict")
_VERDICTS: Final = ("better", "worse", "same", "unknown")
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
_MOST: Final = 300
_GATE: Final = re.compile(
    r"\s*(?P<metric>[a-z][a-z0-9_]*)\s*(?:\[(?P<check>[^\[\]]{1,120})\])?\s*(?P<sign>>=|<=|==|!=|>|<)"
    r"\s*(?P<value>[0-9]+(?:\.[0-9]+)?|\.[0-9]+|[a-z]+)\s*",
    re.ASCII,
)


class GateNotReadable(ValueError):
    """A gate says something that is not understood."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition; `check` is empty when it is about the whole column."""

    text: str
    metric: str
    check: str
    sign: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a gate holds, and what was found."""

    gate: Gate
    is_passed: bool
    found: str


def parse(text: str) -> Gate:
    """Return the gate that a text describes, or raise GateNotReadable with what to write instead."""
    match = _GATE.fullmatch(text) if len(text) <= _MOST else None
    if match is None:
        raise GateNotReadable(
            f"the gate {text[:80]!r} is not understood; write a name, a comparison and a value, such as pass_rate>=0.9"
        )
    metric, check, sign, raw = match["metric"], (match["check"] or "").strip(), match["sign"], match["value"]
    if match["check"] is not None and not check:
        raise GateNotReadable("there is no name between the brackets")
    if metric not in (*_NUMBERS, "verdict"):
        raise GateNotReadable(f"there is no {metric!r} to gate on; use {', '.join(_NUMBERS)} or verdict")
    if check and metric not in _OF_CHECKS:
        raise GateNotReadable(f"{metric} is of all answers, not of one check; leave [{check}] out")
    if metric == "mean" and not check:
        raise GateNotReadable("a mean is that of one check; write mean[name of the check]>=0.8")
    if metric == "verdict":
        if raw not in _VERDICTS or sign not in ("==", "!="):
            raise GateNotReadable(f"a verdict is compared by == or != with one of: {', '.join(_VERDICTS)}")
        return Gate(text.strip(), metric, check, sign, raw)
    if raw[0].isalpha():
        raise GateNotReadable(f"{metric} is a number, and {raw!r} is none")
    return Gate(text.strip(), metric, check, sign, float(raw))


def judge(gate: Gate, column: Mapping[str, Any]) -> Judged:
    """Return whether the gate holds for a column; what nobody knows never holds."""
    facts = column
    if gate.check:
        known = {check["name"]: check for check in column["checks"]}
        if gate.check not in known:
            return Judged(gate, False, f"no check is named {gate.check!r}")
        facts = known[gate.check]
    if gate.metric == "errors" and not gate.check:
        found: Any = sum(check["errors"] for check in column["checks"])
    else:
        found = facts[gate.metric]
    if found is None:
        return Judged(gate, False, f"{gate.metric} is not known")
    return Judged(gate, _COMPARE[gate.sign](found, gate.value), f"{gate.metric} is {_shown(found)}")


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
