"""The words of the page that shows what arrived: every number says what it means and whether somebody must act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitoring.arrivals import Counts, Lag, Signal
from monitoring.canary import STAGES, State, Word
from monitoring.quotas import Quota
from webapp import formats
from webapp.time_ranges import TimeRange

_CLOCK_IS_FINE_MS = 2_000
_STAGES = {
    "send": "Accepted over HTTP", "visible": "In the list and the counters", "prompt": "Prompt fetched", "job": "Done by a worker",
}  # fmt: skip
_LIMITS = {
    "requests_per_minute": "{:,} requests a minute", "key_requests_per_minute": "{:,} requests a minute with one key",
    "megabytes_per_minute": "{:,} MB a minute", "spans_per_day": "{:,} spans a day", "megabytes_per_day": "{:,} MB a day",
}  # fmt: skip

_MEANINGS = (
    ("Merged", "Came again with more in it, such as an end time; both are one span now."),
    ("Cleaned", "Held characters or numbers that no database stores; they were replaced, and the span is marked."),
    ("Shortened", "Held a text beyond 1 MiB or too many attributes; the rest was cut off, and the span is marked."),
    ("Arrive after", "From the end of a span to its arrival: half of the newest spans, and 95 of 100 of them."),
    ("Log records", "Evaluation results become scores; other log records are not kept."),
    ("Metrics", "Accepted so that nothing fails, and not kept: Callboard counts from the spans."),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one sentence on top."""

    kind: str
    icon: str
    sentence: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A number and what it means."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A number in a table, what it means, and whether it is a reason to look closer."""

    label: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CanaryWords:
    """How the canary is, and how long each stage of its last way took."""

    kind: str
    sentence: str
    stages: Sequence[tuple[str, str]]
    error: str


def verdict(counts: Counts, chosen: TimeRange) -> Verdict:
    """Return whether everything that was sent is here."""
    when = chosen.label[:1].lower() + chosen.label[1:]
    if not counts.arrived and not counts.dropped_by_client:
        return Verdict("", "info", f"Nothing arrived ({when}).", "Connect an application, or choose a longer time.")
    if counts.rejected:
        sentence = f"{formats.full_count(counts.rejected)} of {formats.full_count(counts.arrived)} spans were rejected ({when})."
        return Verdict("bad", "warning", sentence, "The reasons are below; what was rejected is kept for seven days.")
    if counts.dropped_by_client:
        sentence = f"Applications gave up on {formats.full_count(counts.dropped_by_client)} spans before they could send them ({when})."
        return Verdict(
            "warn",
            "warning",
            sentence,
            "They made more than they could send, or could not reach Callboard for ten minutes.",
        )
    return Verdict("good", "done", f"Everything that arrived is stored ({when}).")


def tiles(counts: Counts) -> list[Tile]:
    """Return the numbers on top."""
    again = counts.duplicate + counts.merged
    return [
        Tile("Arrived", formats.count(counts.arrived), "spans in requests that could be read"),
        Tile("Stored", formats.count(counts.stored), "new spans, each counted once"),
        Tile("Sent again", formats.count(again), "were here already; harmless, clients repeat what got no answer"),
        Tile("Rejected", formats.count(counts.rejected), "could not be stored, mostly for lack of ids"),
        Tile("Lost in applications", formats.count(counts.dropped_by_client), "given up before sending, as the SDK reports"),
        Tile("Data", size(counts.bytes), "over the network, mostly compressed"),
    ]  # fmt: skip


def more(counts: Counts, signals: dict[str, Signal], lag: Lag | None) -> list[Fact]:
    """Return the other numbers with their meaning."""
    logs, metrics = signals["logs"], signals["metrics"]
    kept_logs = f"{formats.full_count(logs.stored)} of {formats.full_count(logs.records)}"
    values = [
        formats.full_count(counts.merged), formats.full_count(counts.cleaned), formats.full_count(counts.truncated), _lag(lag),
        kept_logs, f"{formats.full_count(metrics.requests)} requests",
    ]  # fmt: skip
    return [Fact(label, value, meaning) for value, (label, meaning) in zip(values, _MEANINGS, strict=True)]


def clock(skew_ms: int | None) -> str:
    """Return how far a program's clock is off."""
    if skew_ms is None:
        return "unknown"
    if abs(skew_ms) <= _CLOCK_IS_FINE_MS:
        return "right"
    return f"{formats.duration_ms(abs(skew_ms))} {'behind' if skew_ms > 0 else 'ahead'}"


def limits(quota: Quota) -> list[str]:
    """Return the limits that are set."""
    values = {name: getattr(quota, name) for name in _LIMITS}
    return [_LIMITS[name].format(value) for name, value in values.items() if value is not None]


def canary_in_words(state: State) -> CanaryWords:
    """Return how Callboard's own test call fares."""
    run = state.last_success or state.last_run
    stages = [(_STAGES[stage], formats.duration_ms(getattr(run, f"{stage}_ms"))) for stage in STAGES] if run else []
    error = state.last_run.error if state.last_run else ""
    if state.word is Word.NEVER_RAN:
        return CanaryWords(
            "none", "It has not come through yet; it starts with the worker, once a minute.", stages, error
        )
    if state.word is Word.WELL:
        return CanaryWords(
            "good", f"Went the whole way {formats.duration_seconds(state.age_seconds)} ago.", stages, error
        )
    since = f"for {formats.duration_seconds(state.age_seconds)}" if state.age_seconds is not None else "yet"
    return CanaryWords("bad", f"Has not gone the whole way {since}. Tell whoever runs this Callboard.", stages, error)


def size(number: int) -> str:
    """Return an amount of data."""
    value = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def _lag(lag: Lag | None) -> str:
    if lag is None:
        return formats.NOTHING
    if lag.p50_ms < -_CLOCK_IS_FINE_MS:
        return "before they end: the clocks differ"
    return f"{formats.duration_ms(max(0, lag.p50_ms))}, {formats.duration_ms(max(0, lag.p95_ms))}"
