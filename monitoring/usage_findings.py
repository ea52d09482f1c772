"""What is unusual about a period, decided from its numbers beside those of the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from monitoring import usage
from monitoring.usage import Report, Usage

# Below these a doubling is what chance does every day.
FEWEST_CALLS = 50
FEWEST_CALLS_FOR_LATENCY = 200
ERRORS_TIMES = 2.0
SLOWER_TIMES = 1.5
DEARER_TIMES = 1.5
# A prompt version is named when it holds at least this share of what went wrong, and so many times its share of calls.
CULPRIT_SHARE = 1 / 3
CULPRIT_TIMES = 1.5


class Kind(StrEnum):
    SILENCE = "silence"
    VERSION_FAILS = "version fails"
    VERSION_DISLIKED = "version disliked"
    ERRORS_UP = "errors up"
    DISLIKES_UP = "dislikes up"
    SLOWER = "slower"
    DEARER = "dearer"


_SAME_HARM = {Kind.ERRORS_UP: Kind.VERSION_FAILS, Kind.DISLIKES_UP: Kind.VERSION_DISLIKED}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that changed for the worse; `culprit` is the prompt version that stands out, with its share of the harm.

    For a version that does worse than its siblings, `now` and `culprit` are that version and `before` is all of them.
    """

    kind: Kind
    now: Usage
    before: Usage
    culprit: Usage | None = None
    is_culprit_new: bool = False
    culprit_share: float = 0.0


def find(report: Report) -> list[Finding]:
    """Return what is unusual, worst first; nothing when the data cannot carry a judgement."""
    now, before = report.total, report.total_before
    if not now.call_count and before.call_count >= FEWEST_CALLS:
        return [Finding(Kind.SILENCE, now, before)]
    if not is_comparable(report):
        return []
    checks = (_errors_up, _dislikes_up, _slower, _dearer)
    found = [finding for check in checks if (finding := check(report))]
    named = {(_SAME_HARM.get(finding.kind), _name(finding.culprit)) for finding in found if finding.culprit}
    return found + [finding for finding in _bad_versions(report) if (finding.kind, _name(finding.now)) not in named]


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
    spans = now.latency.interval_ms(0.95), before.latency.interval_ms(0.95)
    if (
        not spans[0]
        or not spans[1]
        or spans[0][0] <= spans[1][1]
        or (now.p95_ms or 0) < SLOWER_TIMES * (before.p95_ms or 0)
    ):
        return None
    limit_ms = before.p95_ms or 0
    return _finding(Kind.SLOWER, report, lambda row: row.latency.count_above_ms(limit_ms))


def _dearer(report: Report) -> Finding | None:
    now, before = report.total.cost_per_call_usd, report.total_before.cost_per_call_usd
    if not now or not before or now < DEARER_TIMES * before:
        return None
    return _finding(Kind.DEARER, report, lambda row: row.cost_nano_usd)


def _bad_versions(report: Report) -> list[Finding]:
    """Return the versions that do worse than the other versions of their prompt did in both periods together."""
    found = []
    for version in report.versions:
        others = _siblings(report, version)
        if not version.prompt_name or min(version.call_count, others.call_count) < FEWEST_CALLS:
            continue
        is_new = _name(version) not in report.versions_before
        if version.errors.is_above(others.errors) and (version.errors.share or 0) >= ERRORS_TIMES * (
            others.errors.share or 0
        ):
            found.append(Finding(Kind.VERSION_FAILS, version, others, culprit=version, is_culprit_new=is_new))
        if version.dislikes.is_enough and others.dislikes.is_enough and version.dislikes.is_above(others.dislikes):
            found.append(Finding(Kind.VERSION_DISLIKED, version, others, culprit=version, is_culprit_new=is_new))
    return found


def _siblings(report: Report, version: Usage) -> Usage:
    every = [*report.versions, *report.versions_before.values()]
    return usage.added(
        row for row in every if row.prompt_name == version.prompt_name and row.prompt_version != version.prompt_version
    )


def _name(version: Usage) -> tuple[str, int]:
    return version.prompt_name, version.prompt_version


def _finding(kind: Kind, report: Report, harm: Callable[[Usage], int]) -> Finding:
    """Name the prompt version that holds most of the harm, when it holds far more than its share of the calls."""
    named = [row for row in report.versions if row.prompt_name]
    worst = max(named, key=harm, default=None)
    total = sum(harm(row) for row in report.versions)
    if worst is None or not total or len(report.versions) < 2:
        return Finding(kind, report.total, report.total_before)
    share_of_harm, share_of_calls = harm(worst) / total, worst.call_count / report.total.call_count
    if share_of_harm < max(CULPRIT_SHARE, CULPRIT_TIMES * share_of_calls):
        return Finding(kind, report.total, report.total_before)
    is_new = _name(worst) not in report.versions_before
    return Finding(kind, report.total, report.total_before, worst, is_new, share_of_harm)
