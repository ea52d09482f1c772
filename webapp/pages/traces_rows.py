"""The rows of the time line: where each step begins and how long it takes, in shares of the whole trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.kinds import Kind
from monitoring.models import Trace, span_hex
from monitoring.trace_trees import Branch, Step

# A step of a microsecond in a trace of a minute must still be seen.
_THINNEST_PERCENT = 0.4
_KIND_LABELS = {int(kind): kind.label for kind in Kind}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the time line, as the component wants it."""

    span_id: str
    name: str
    detail: str
    kind: str
    depth: int
    url: str
    duration_ms: float
    start_percent: str
    width_percent: str
    first_token_percent: str
    is_error: bool
    is_current: bool
    has_children: bool


def rows(trace: Trace, branches: Iterable[Branch], *, current: int | None) -> list[Row]:
    """Return the rows of a stretch of the tree; `current` is the step whose panel is open."""
    begin, length = trace.start_ns, max(1, trace.end_ns - trace.start_ns)
    return [_row(branch, begin, length, current) for branch in branches]


def _row(branch: Branch, begin: int, length: int, current: int | None) -> Row:
    step = branch.step
    hex_id = span_hex(step.span_id)
    start = min(max((step.start_ns - begin) / length * 100, 0), 100 - _THINNEST_PERCENT)
    width = min(max(step.duration_ns / length * 100, _THINNEST_PERCENT), 100 - start)
    return Row(
        span_id=hex_id, name=step.name, detail=str(branch.oddity) or step.model, kind=_KIND_LABELS.get(step.kind, "other"),
        depth=branch.depth, url=f"?span={hex_id}", duration_ms=step.duration_ns / 1e6,
        start_percent=f"{start:.2f}", width_percent=f"{width:.2f}", first_token_percent=_first_token(step, width, length),
        is_error=step.is_error, is_current=step.span_id == current, has_children=branch.child_count > 0,
    )  # fmt: skip


def _first_token(step: Step, width: float, length: int) -> str:
    if not step.ttft_ns:
        return ""
    return f"{min(step.ttft_ns / length * 100, width):.2f}"
