"""What was found in a call, beside what people said about it, and the places in its texts that made it so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.analysis import flagged, marks, opinions, texts
from monitoring.analysis.models import CallAnalysis, FlagMark, MarkVerdict, SecondOpinion
from monitoring.models import Span
from projects.models import Project
from webapp.highlights import Evidence
from webapp.pages import findings_words

MOST_QUOTES = 5
_QUOTE_CHARS = 300


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding as the page shows it; `verdict` is empty while nobody said anything about it."""

    detector: str
    title: str
    explanation: str
    kind: str
    sureness: str
    quotes: list[tuple[str, str]]
    verdict: str
    said: str
    said_by: str

    @property
    def counts(self) -> bool:
        """Tell whether the call is flagged by it."""
        return self.verdict != MarkVerdict.WRONG


@dataclass(frozen=True, slots=True)
class OpinionLine:
    """What a model that was asked says about one detector on the call."""

    title: str
    agrees: bool | None
    words: str
    why: str
    who: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one call; `missing` is what may be said to have been missed."""

    is_looked_at: bool
    lines: list[FindingLine]
    missing: list[tuple[str, str]]
    evidence: list[Evidence]
    opinions: list[OpinionLine]


def build(*, project: Project, span: Span) -> Findings:
    """Return what was found in a call."""
    rows = CallAnalysis.objects.for_project(project).defer("embedding", "text")
    call = rows.filter(start_day=span.start_day, trace_id=span.trace_id, span_id=span.span_id).first()
    said = {
        mark.detector: mark for mark in marks.of_call(project=project, trace_id=span.trace_id, span_id=span.span_id)
    }
    named = set(flagged.names(call.flags)) if call else set()
    shown = [name for name in flagged.NAMES if name in named or name in said]
    evidence = _evidence(span, call, shown)
    lines = [_line(name, _finding(call, name), evidence.get(name, []), said.get(name)) for name in shown]
    # A detector that only ran over other calls has nothing to show here, but may well have missed something.
    said_by_models = opinions.of_call(project=project, trace_id=span.trace_id, span_id=span.span_id) if call else []
    return Findings(
        is_looked_at=bool(call and call.detectors_version), lines=lines,
        missing=[(name, findings_words.title(name)) for name in flagged.NAMES if name not in shown],
        evidence=[one for line in lines if line.counts for one in evidence.get(line.detector, [])],
        opinions=[_opinion(one) for one in said_by_models],
    )  # fmt: skip


def _opinion(said: SecondOpinion) -> OpinionLine:
    agrees = None if said.has_problem is None else said.has_problem == said.was_flagged
    words = "cannot tell" if agrees is None else "agrees" if agrees else "does not agree"
    if agrees is not None and not said.was_flagged:
        words = "does not see it either" if agrees else "sees it, though it was not flagged"
    who = f"{said.model}, simulated" if said.is_simulated else said.model
    return OpinionLine(findings_words.title(said.detector), agrees, words, said.why[:_QUOTE_CHARS], who)


def _line(name: str, finding: Mapping[str, Any], evidence: Sequence[Evidence], mark: FlagMark | None) -> FindingLine:
    probability = finding.get("probability")
    return FindingLine(
        detector=name, title=findings_words.title(name), explanation=findings_words.explanation(name),
        kind=findings_words.kind(name),
        sureness=findings_words.sureness(probability if isinstance(probability, int | float) else None),
        quotes=[(one.quote[:_QUOTE_CHARS], one.why) for one in evidence[:MOST_QUOTES] if one.quote or one.why],
        verdict=mark.verdict if mark else "", said=findings_words.VERDICTS[MarkVerdict(mark.verdict)] if mark else "",
        said_by=mark.marked_by.display_name if mark and mark.marked_by else "Somebody",
    )  # fmt: skip


def _finding(call: CallAnalysis | None, name: str) -> Mapping[str, Any]:
    found = (call.findings or {}).get(name) if call else None
    return found if isinstance(found, dict) else {}


def _evidence(span: Span, call: CallAnalysis | None, names: Sequence[str]) -> dict[str, list[Evidence]]:
    stored = {name: _finding(call, name).get("evidence") or [] for name in names}
    if not any(stored.values()):
        return {}
    parts = texts.parts(span)
    return {name: [one for item in items if (one := _read(item, parts))] for name, items in stored.items()}


def _read(item: Any, parts: object) -> Evidence | None:
    """Return stored evidence; what has another shape than today's is left out."""
    if not isinstance(item, list | tuple) or len(item) != 4:
        return None
    part, start, end, why = item
    if part not in ("output", "input", "context", "error") or not isinstance(start, int) or not isinstance(end, int):
        return None
    return Evidence(part, start, end, str(why), getattr(parts, part) or "")
