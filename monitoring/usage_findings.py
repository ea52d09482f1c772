"""What is unusual about a period, decided from its numbers beside those of the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitoring.usage import Report, Usage

# Below these a doubling is what chance does every day.
FEWEST_CALLS = 50
FEWEST_CALLS_FOR_LATENCY = 200
ERRORS_TIMES = 2.0
SLOWER_TIMES = 1.5
DEARER_TIMES = 1.5
# A group is named when it holds at least this share of what went wrong.
CULPRIT_SHARE = 0.5


class Kind(StrEnum):
    SILENCE = "silence"
    ERRORS_UP = "errors up"
    DISLIKES_UP = "dislikes up"
    SLOWER = "slower"
    DEARER = "dearer"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that changed for the worse; `culprit` is the prompt version most of it comes from, if one stands out."""

    kind: Kind
    now: Usage
    before: Usage
    culprit: Usage | None = None
    is_culprit_new: bool = False


def find(report: Report) -> list[Finding]:
    """Return what is unusual, worst first; nothing when the data cannot carry a judgement."""
    now, before = report.total, report.total_before
    if not now.call_count and before.call_count >= FEWEST_CALLS:
        return [Finding(Kind.SILENCE, now, before)]
    if not is_comparable(report):
        return []
    checks = (_errors_up, _dislikes_up, _slower, _dearer)
    return [finding for check in checks if (finding := check(report))]


def is_comparable(report: Report) -> bool:
    """Tell whether both periods hold enough calls to be compared."""
    return min(report.total.call_count, report.total_before.call_count) >= FEWEST_CALLS


def _errors_up(report: Report) -> Finding | None:
    now, before = report.total.errors, report.total_before.errors
    has_doubled = (now.share or 0) >= ERRORS_TIMES * (before.share or 0)
    if not (has_doubled and now.is_above(before)):
        return None
    return _finding(Kind.ERRORS_UP, report, lambda row: row.error_count)


def _dislikes_up(report: Report) -> Finding | None:
    now, before = report.total.dislikes, report.total_before.dislikes
    if not (now.is_enough and before.is_enough and now.is_above(before)):
        return None
    return _finding(Kind.DISLIKES_UP, report, lambda row: row.thumbs_down)


def _slower(report: Report) -> Finding | None:
    now, before = report.total, report.total_before
    if min(now.call_count, before.call_count) < FEWEST_CALLS_FOR_LATENCY:
        return None
    if (now.p95_ms or 0) < SLOWER_TIMES * (before.p95_ms or 0):
        return None
    limit_ms = before.p95_ms or 0
    return _finding(Kind.SLOWER, report, lambda row: row.latency.count_above_ms(limit_ms))


def _dearer(report: Report) -> Finding | None:
    now, before = report.total.cost_per_call_usd, report.total_before.cost_per_call_usd
    if not now or not before or now < DEARER_TIMES * before:
        return None
    return _finding(Kind.DEARER, report, lambda row: row.cost_nano_usd)


def _finding(kind: Kind, report: Report, harm: Callable[[Usage], int]) -> Finding:
    """Name the prompt version that holds most of the harm, when it holds more than its share of the calls."""
    named = [row for row in report.versions if row.prompt_name]
    worst = max(named, key=harm, default=None)
    total = sum(harm(row) for row in report.versions)
    if worst is None or not total or len(report.versions) < 2:
        return Finding(kind, report.total, report.total_before)
    share_of_harm, share_of_calls = harm(worst) / total, worst.call_count / report.total.call_count
    if share_of_harm < CULPRIT_SHARE or share_of_harm <= share_of_calls:
        return Finding(kind, report.total, report.total_before)
    is_new = (worst.prompt_name, worst.prompt_version) not in report.versions_before
    return Finding(kind, report.total, report.total_before, culprit=worst, is_culprit_new=is_new)
