"""The lines of an export of calls: everything known of each, as JSON, as typed columns, or flattened for a spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring import trace_messages, walks
from monitoring.analysis.flags import SHOWN, Flag
from monitoring.analysis.models import CallAnalysis
from monitoring.exports.lines import csv_line, json_line
from monitoring.exports.models import Export, ExportKind
from monitoring.kinds import Arm, Kind, Status
from monitoring.models import Score, Span, SpanQuerySet, Trace

FILE = "calls"
ALL_STEPS = "steps"
_AT_ONCE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ARMS = {Arm.CONTROL: "control", Arm.CANDIDATE: "candidate"}
_FLAT = (
    "trace_id", "span_id", "parent_span_id", "name", "kind", "started_at", "duration_ms", "first_token_ms", "environment",
    "service", "release", "prompt", "prompt_version", "rollout", "arm", "provider", "model", "status", "error", "user",
    "session", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cost_usd",
)  # fmt: skip
COLUMNS = (*_FLAT, "flags", "thumbs", "comment", "correction", "input", "output", "metadata")
# A Parquet file is the better the more of them it holds.
_TRACES_OF_A_TABLE = 5_000
_ByStep = dict[tuple[UUID, int | None], list[Score]]


@dataclass(frozen=True, slots=True)
class CallLines:
    """Makes one line of every call, or of every step when that was asked for."""

    export: Export

    @property
    def traces_at_once(self) -> int:
        return _TRACES_OF_A_TABLE if self.export.kind == ExportKind.PARQUET else walks.BATCH

    @property
    def files(self) -> Sequence[str]:
        return (FILE,)

    def head(self, file: str) -> bytes:
        # A byte-order mark: without it spreadsheets read UTF-8 as something else.
        return b"\xef\xbb\xbf" + csv_line(COLUMNS) if self.export.kind == ExportKind.CSV else b""

    def lines(self, traces: Sequence[Trace], counts: dict[str, int]) -> Iterator[tuple[str, Any]]:
        if not traces:
            return
        scores, flags, line = _scores(traces), _flags(traces), _LINES[ExportKind(self.export.kind)]
        for span in self._spans(traces):
            said = [*scores.get((span.trace_id, span.span_id), ()), *scores.get((span.trace_id, None), ())]
            yield FILE, line(span, said, flags.get((span.trace_id, span.span_id), []))

    def _spans(self, traces: Sequence[Trace]) -> Iterator[Span]:
        rows = of_traces(traces)
        if self.export.option("rows") != ALL_STEPS:
            rows = rows.filter(kind=Kind.LLM)
        # Few at once: a step may be megabytes.
        return rows.defer("events", "attributes").iterator(chunk_size=_AT_ONCE)


def of_traces(traces: Sequence[Trace]) -> SpanQuerySet:
    """Return the steps of some traces, each trace in the order in which it happened."""
    days = (min(trace.min_day for trace in traces), max(trace.max_day for trace in traces))
    rows = Span.objects.filter(
        project_id=traces[0].project_id, start_day__range=days, trace_id__in=[trace.trace_id for trace in traces]
    )
    return rows.order_by("trace_id", "start_ns", "span_id")


def _scores(traces: Sequence[Trace]) -> _ByStep:
    found: _ByStep = defaultdict(list)
    rows = Score.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces]
    )  # fmt: skip
    for score in rows.order_by("created_at", "id"):
        found[score.trace_id, score.span_id].append(score)
    return found


def _flags(traces: Sequence[Trace]) -> dict[tuple[UUID, int], list[str]]:
    rows = CallAnalysis.objects.filter(
        project_id=traces[0].project_id, trace_id__in=[trace.trace_id for trace in traces]
    ).exclude(flags=0)  # fmt: skip
    return {
        (trace_id, span_id): [str(flag.name).lower() for flag in Flag(flags) & SHOWN]
        for trace_id, span_id, flags in rows.values_list("trace_id", "span_id", "flags")
    }


def _facts(span: Span) -> dict[str, Any]:
    return dict(zip(_FLAT, (
        span.trace_id.hex, span.hex_id, span.parent_hex_id or None, span.name, Kind(span.kind).label,
        (_EPOCH + timedelta(microseconds=span.start_ns // 1000)).isoformat(), span.duration_ms,
        span.ttft_ns / 1e6 if span.ttft_ns is not None else None, span.environment, span.service, span.release,
        span.prompt_name or None, span.prompt_version or None, span.rollout_id.hex if span.rollout_id else None,
        _ARMS.get(Arm(span.arm)), span.provider, span.model, Status(span.status).name.lower(),
        span.status_message or None, span.user_id or None, span.session_id or None, span.input_tokens,
        span.output_tokens, span.cache_read_tokens, span.reasoning_tokens, span.cost_usd,
    ), strict=True))  # fmt: skip


def _json(span: Span, scores: Sequence[Score], flags: Sequence[str]) -> bytes:
    return json_line(_whole(span, scores, flags))


def _csv(span: Span, scores: Sequence[Score], flags: Sequence[str]) -> bytes:
    return csv_line(_flattened(span, scores, flags))


def _typed(span: Span, scores: Sequence[Score], flags: Sequence[str]) -> dict[str, Any]:
    """Return the values of the columns of monitoring.exports.tables; what a model said stays the text that was recorded."""
    return _facts(span) | {
        "started_at": _EPOCH + timedelta(microseconds=span.start_ns // 1000), "flags": list(flags),
        "scores": [_told(score) | _valued(score) | {"at": score.created_at} for score in scores], "input": span.input,
        "output": span.output, "metadata": span.metadata,
    }  # fmt: skip


def _valued(score: Score) -> dict[str, Any]:
    return {"number": score.value, "text": score.string_value if score.value is None else None}


_LINES: dict[ExportKind, Callable[[Span, Sequence[Score], Sequence[str]], Any]] = {
    ExportKind.JSON_LINES: _json, ExportKind.CSV: _csv, ExportKind.PARQUET: _typed,
}  # fmt: skip


def _whole(span: Span, scores: Sequence[Score], flags: Sequence[str]) -> dict[str, Any]:
    return _facts(span) | {
        "flags": list(flags), "scores": [_told(score) for score in scores],
        "input": trace_messages.json_or_text(span.input), "output": trace_messages.json_or_text(span.output),
        "metadata": trace_messages.json_or_text(span.metadata),
    }  # fmt: skip


def _told(score: Score) -> dict[str, Any]:
    return {
        "name": score.name, "type": score.data_type, "source": score.source,
        "value": score.string_value if score.value is None else score.value, "comment": score.comment or None,
        "at": score.created_at.isoformat(), "is_of_step": score.span_id is not None,
    }  # fmt: skip


def _flattened(span: Span, scores: Sequence[Score], flags: Sequence[str]) -> list[object]:
    thumbs = [score.value for score in scores if score.data_type == "thumbs"]
    comments = [score.comment for score in scores if score.comment]
    better = [score.string_value for score in scores if score.data_type == "correction" and score.string_value]
    return [
        *_facts(span).values(), " ".join(flags), ("up" if thumbs[-1] else "down") if thumbs else "",
        "\n".join(comments), better[-1] if better else "", span.input, span.output, span.metadata,
    ]  # fmt: skip
