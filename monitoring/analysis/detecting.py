"""Asks every detector about a call and says which flags it earns; nothing but the values given decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.analysis import answer_findings, timing_findings, user_findings
from monitoring.analysis.calls import Call, Found
from monitoring.analysis.flags import Flag
from monitoring.analysis.settings import DetectorChoice
from monitoring.detectors import catalogue

ASKED: Mapping[str, Callable[[Call], Found]] = {
    "refused": answer_findings.refused,
    "unsupported": answer_findings.unsupported,
    "contradicted": answer_findings.contradicted,
    "injection": user_findings.tried_to_take_over,
    "hidden_instruction": user_findings.hidden_instruction,
    "toxic": user_findings.toxic,
    "leaked_data": answer_findings.leaked_data,
    "failed": answer_findings.failed,
    "empty": answer_findings.empty,
    "cut_off": answer_findings.cut_off,
    "wrong_language": answer_findings.wrong_language,
    "bad_format": answer_findings.bad_format,
    "repeated": answer_findings.repeated,
    "long_winded": timing_findings.long_winded,
    "slow": timing_findings.slow,
    "late_start": timing_findings.late_start,
    "frustrated": user_findings.frustrated,
    "asked_again": user_findings.asked_again,
}
# Who refuses claims nothing: what such an answer says about itself stands in no document.
_GIVES_WAY_TO: Mapping[str, Flag] = {"unsupported": Flag.REFUSED}
# What came near is kept without its places: so a person can see what a lower threshold would find.
KEPT_FROM = 0.2


@dataclass(frozen=True, slots=True)
class Detected:
    """The flags of a call and what is stored about each finding, and about those that nearly were one."""

    flags: Flag
    findings: dict[str, dict[str, Any]]


def look(call: Call, choices: Mapping[str, DetectorChoice]) -> Detected:
    """Return what all detectors that the project wants say about a call."""
    flags, findings = timing_findings.compared(call), {}
    for name, ask in ASKED.items():
        choice = choices[name]
        if not choice.is_enabled:
            continue
        found = ask(call)
        if found.probability <= 0 or found.probability < min(KEPT_FROM, choice.threshold):
            continue
        is_flagged = found.probability >= choice.threshold and not flags & _GIVES_WAY_TO.get(name, Flag(0))
        if is_flagged:
            flags |= Flag[name.upper()]
        findings[name] = {
            "probability": round(found.probability, 4), "version": catalogue.DETECTORS[name].version,
            "evidence": [list(place) for place in found.places] if is_flagged else [],
        }  # fmt: skip
    return Detected(flags, findings)
