"""The tiles and tables of the overview: each number with its change, its size and its uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.safestring import SafeString

from monitoring.usage import Report, Usage
from monitoring.usage_rates import Rate
from webapp import charts, formats

MOST_ROWS = 20

Link = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Change:
    """How a number moved since the period before, in words."""

    text: str = ""
    direction: str = "flat"
    is_: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    note: str
    url: str
    key: str
    sparkline: SafeString
    change: Change = Change()
    not_enough: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One prompt version or model in a table, beside the period before."""

    label: str
    usage: Usage
    url: str
    change: Change
    is_new: bool
    fails_more: bool
    disliked_more: bool


def tiles(report: Report, link: Link) -> list[Tile]:
    """Return the four numbers that say how things are; `link` leads to the calls behind each."""
    return [_calls(report, link), _latency(report, link), _errors(report, link), _dislikes(report, link)]


def _calls(report: Report, link: Link) -> Tile:
    now = report.total
    return Tile(
        label="Calls", value=formats.count(now.call_count), note="than the period before", url=link(), key="tile-1",
        change=calls_change(now, report.total_before, report), sparkline=_line(report, "Calls", lambda point: point.call_count),
    )  # fmt: skip


def _latency(report: Report, link: Link) -> Tile:
    now = report.total.p95_ms
    return Tile(
        label="95 of 100 calls answered within", value=formats.duration_ms(now), key="tile-2",
        not_enough="" if now is not None else "No calls yet", change=_latency_change(report.total, report.total_before),
        note=f"half within {formats.duration_ms(report.total.p50_ms)}" if now is not None else "",
        url=link(min_seconds=f"{now / 1000:.3g}") if now else link(),
        sparkline=_line(report, "p95", lambda point: point.p95_ms, "s3"),
    )  # fmt: skip


def _errors(report: Report, link: Link) -> Tile:
    now, before = report.total.errors, report.total_before.errors
    return Tile(
        label="Errors", value=formats.percent(now.share), key="tile-3", not_enough="" if now.total else "No calls yet",
        note=f"{formats.full_count(now.count)} of {formats.full_count(now.total)} calls" if now.total else "",
        url=link(status="error"), change=rate_change(now, before),
        sparkline=_line(report, "Errors", lambda point: point.error_count, "s-bad"),
    )  # fmt: skip


def _dislikes(report: Report, link: Link) -> Tile:
    now, before = report.total.dislikes, report.total_before.dislikes
    return Tile(
        label="Thumbs down", value=formats.percent(now.share), key="tile-4", url=link(thumbs="down"),
        not_enough="" if now.is_enough else "Not enough data", note=_rating_note(report.total),
        change=rate_change(now, before) if now.is_enough and before.is_enough else Change(),
        sparkline=_line(report, "Thumbs down", lambda point: point.thumbs_down, "s-bad"),
    )  # fmt: skip


def _rating_note(usage: Usage) -> str:
    rate = usage.dislikes
    if not rate.is_enough:
        return f"{formats.full_count(rate.total)} rated, need {formats.full_count(rate.missing)} more"
    low, high, answered = (formats.percent(share) for share in (rate.low, rate.high, usage.responses.share))
    return f"{low} to {high} · {formats.full_count(rate.total)} rated, {answered} of calls"


def calls_change(now: Usage, before: Usage, report: Report) -> Change:
    """Return how the number of calls per hour moved; more calls are neither good nor bad."""
    if not before.call_count:
        return Change()
    hours_now, hours_before = report.period.hours, report.period.before().hours
    share = (now.call_count / hours_now) / (before.call_count / hours_before) - 1
    return Change(formats.change(share), _direction(share))


def _latency_change(now: Usage, before: Usage) -> Change:
    """Return how the slow end moved; it is called better or worse only when the intervals part."""
    if not now.p95_ms or not before.p95_ms:
        return Change()
    share = now.p95_ms / before.p95_ms - 1
    spans = now.latency.interval_ms(0.95), before.latency.interval_ms(0.95)
    verdict = ""
    if spans[0] and spans[1]:
        verdict = "bad" if spans[0][0] > spans[1][1] else "good" if spans[0][1] < spans[1][0] else ""
    return Change(formats.change(share), _direction(share), verdict)


def rate_change(now: Rate, before: Rate) -> Change:
    """Return what a share was before; it is called better or worse only when the intervals part."""
    if now.share is None or before.share is None:
        return Change()
    verdict = "bad" if now.is_above(before) else "good" if before.is_above(now) else ""
    return Change(f"from {formats.percent(before.share)}", _direction(now.share - before.share), verdict)


def _direction(difference: float) -> str:
    return "flat" if abs(difference) < 0.0005 else "up" if difference > 0 else "down"


def _line(report: Report, label: str, value: Callable[[Usage], float | None], colour: str = "s1") -> SafeString:
    # The bucket that is still filling would always look like a fall.
    finished = [point for point in report.points if point.at and point.at < report.period.complete_until]
    return charts.sparkline([value(point) for point in finished], f"{label} over time", colour)


def version_rows(report: Report, link: Link) -> list[Row]:
    """Return the busiest prompt versions."""
    rows = []
    for usage in report.versions[:MOST_ROWS]:
        before = report.versions_before.get((usage.prompt_name, usage.prompt_version))
        label = (
            f"{usage.prompt_name} v{usage.prompt_version}" if usage.prompt_version else usage.prompt_name
        ) or "No prompt"
        rows.append(_row(label, usage, before, report, link(prompt=usage.prompt_name, version=usage.prompt_version)))
    return rows


def model_rows(report: Report, link: Link) -> list[Row]:
    """Return the busiest models."""
    return [
        _row(
            usage.model or "Unknown model",
            usage,
            report.models_before.get(usage.model),
            report,
            link(model=usage.model),
        )
        for usage in report.models[:MOST_ROWS]
    ]


def _row(label: str, usage: Usage, before: Usage | None, report: Report, url: str) -> Row:
    change = calls_change(usage, before, report) if before else Change()
    total = report.total
    return Row(
        label, usage, url, change, is_new=not (before and before.call_count) and report.total_before.call_count > 0,
        fails_more=usage.errors.is_above(total.errors), disliked_more=usage.dislikes.is_enough and usage.dislikes.is_above(total.dislikes),
    )  # fmt: skip
