"""The rows of the trace list with what its columns need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitoring.analysis import flagged
from monitoring.exploring import cells
from monitoring.exploring.cells import NamedScore
from monitoring.models import Trace
from webapp.pages import findings_words


@dataclass(frozen=True, slots=True)
class Row:
    """One trace; `found` are the titles of what was found in its calls, each with the kind of its badge."""

    trace: Trace
    found: list[tuple[str, str]]
    first_token_ms: float | None = None
    scores: list[NamedScore] = field(default_factory=list)


def rows(project_id: int, traces: Sequence[Trace], shown: Sequence[str]) -> list[Row]:
    """Return the rows of some traces; what no column shows is not looked up."""
    flags = flagged.of_traces(project_id=project_id, traces=traces) if "flags" in shown else {}
    soonest = cells.first_tokens(traces) if "first_token" in shown else {}
    scores = cells.scores(traces) if "scores" in shown else {}
    return [
        Row(
            trace, findings_words.badges(flags.get(trace.trace_id, [])), soonest.get(trace.trace_id),
            scores.get(trace.trace_id, []),
        )
        for trace in traces
    ]  # fmt: skip
