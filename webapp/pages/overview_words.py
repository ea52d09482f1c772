"""The verdict of the overview in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from monitoring import usage_findings
from monitoring.usage import Report, Usage
from monitoring.usage_findings import Finding, Kind
from webapp import formats
from webapp.pages.issues_view import Line
from webapp.time_ranges import PRESETS, TimeRange

Published = Mapping[tuple[str, int], datetime]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sentence with its colour, and what else there is to know; `finding` says where to look."""

    kind: str
    icon: str
    sentence: str
    details: list[str]
    finding: Finding | None = None


def verdict(report: Report, time_range: TimeRange, published: Published) -> Verdict:
    """Return what is worth saying about a period, or that nothing is."""
    findings = usage_findings.find(report)
    if findings:
        first, *others = [sentence_for(finding, time_range, published) for finding in findings]
        return Verdict("bad", "warning", first, others, findings[0])
    when = in_words(time_range)
    if not report.total.call_count:
        return Verdict("", "info", f"No calls {when}.", [])
    if not usage_findings.is_comparable(report):
        few = min(report.total.call_count, report.total_before.call_count)
        detail = f"Too few calls to compare with the period before ({formats.full_count(few)}, need {usage_findings.FEWEST_CALLS})."
        return Verdict("", "info", f"{calls(report.total.call_count)} {when}.", [detail])
    return Verdict("good", "done", f"Nothing unusual {when}.", [])


def with_issue(known: Verdict, worst: Line) -> Verdict:
    """Return the verdict that leads with the most harmful issue; what the numbers of the time say stands under it."""
    issue = worst.row
    people = f"{formats.full_count(issue.user_count)} {'person' if issue.user_count == 1 else 'people'}"
    first = f"The worst problem of the last 7 days: {calls(issue.bad_count)}, {people}."
    return Verdict("bad", "warning", issue.title, [first, *([known.sentence] if known.finding else []), *known.details])


def sentence_for(finding: Finding, time_range: TimeRange, published: Published) -> str:
    """Return one finding as a sentence or two."""
    if finding.kind is Kind.SILENCE:
        return (
            f"No calls {in_words(time_range)}; the period before had {formats.full_count(finding.before.call_count)}."
        )
    return _difference(finding, in_words(time_range)) + _culprit(finding, published)


def _difference(finding: Finding, when: str) -> str:
    now, before = finding.now, finding.before
    if finding.kind is Kind.ERRORS_UP:
        shares = [formats.percent(usage.errors.share) for usage in (now, before)]
        return f"{shares[0]} of the calls failed {when}, against {shares[1]} in the period before."
    if finding.kind is Kind.DISLIKES_UP:
        shares = [formats.percent(usage.dislikes.share) for usage in (now, before)]
        return f"{shares[0]} of the ratings {when} are thumbs down, against {shares[1]} in the period before."
    if finding.kind is Kind.VERSION_FAILS:
        shares = [formats.percent(usage.errors.share) for usage in (now, before)]
        return f"{shares[0]} of the calls of {version_name(now)} failed {when}, against {shares[1]} with its other versions."
    if finding.kind is Kind.VERSION_DISLIKED:
        shares = [formats.percent(usage.dislikes.share) for usage in (now, before)]
        return f"{shares[0]} of the ratings of {version_name(now)} are thumbs down, against {shares[1]} with its other versions."
    if finding.kind is Kind.SLOWER:
        durations = [formats.duration_ms(usage.p95_ms) for usage in (now, before)]
        return (
            f"Answers are slower: 95 of 100 arrive within {durations[0]}, in the period before within {durations[1]}."
        )
    prices = [formats.usd((usage.cost_per_call_usd or 0) * 1000) for usage in (now, before)]
    return f"Calls cost more: {prices[0]} per 1,000, in the period before {prices[1]}."


def _culprit(finding: Finding, published: Published) -> str:
    culprit = finding.culprit
    if culprit is None:
        return ""
    moment = published.get((culprit.prompt_name, culprit.prompt_version))
    since = f" It was published {timezone.localtime(moment):%-d %b at %H:%M}." if moment else ""
    if not since and finding.is_culprit_new:
        since = " It is new in this time."
    if not finding.culprit_share:
        return since
    shares = [formats.percent(share) for share in (finding.culprit_share, culprit.call_count / finding.now.call_count)]
    return f" {shares[0]} of that comes from {version_name(culprit)}, which made {shares[1]} of the calls.{since}"


def version_name(version: Usage) -> str:
    """Return a prompt version as people write it."""
    return f"{version.prompt_name} v{version.prompt_version}" if version.prompt_version else version.prompt_name


def calls(count: int) -> str:
    return f"{formats.full_count(count)} {'call' if count == 1 else 'calls'}"


def in_words(time_range: TimeRange) -> str:
    """Return the time range as it stands in a sentence."""
    label = time_range.label
    return f"in the {label[0].lower()}{label[1:]}" if time_range.value in PRESETS else f"from {label}"
