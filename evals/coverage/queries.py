"""What the page about coverage shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from evals.coverage import measuring
from evals.coverage.models import DatasetCoverage
from evals.models import Dataset
from monitoring import call_samples
from monitoring.analysis import running as analyses
from monitoring.analysis.models import CallAnalysis
from monitoring.analysis.running import Progress
from projects.models import Job, JobState

_TREND_DAYS = 90


@dataclass(frozen=True, slots=True)
class SuggestedCall:
    """A call to add: what it was about, and which share of the calls it would newly represent."""

    trace_id: UUID
    span_id: int
    text: str
    gain: float


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Similar calls: how many of all they are, how many of them are represented, and one from their middle."""

    name: str
    share: float
    covered: float
    items: int
    example: str

    @property
    def gap(self) -> float:
        """Return the share of all calls that nothing represents and that are of this group."""
        return self.share * (1 - self.covered)


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything about the coverage of a dataset."""

    prompt_name: str
    prompts: list[str]
    newest: DatasetCoverage | None
    trend: list[tuple[date, float, float]]
    groups: list[GroupLine]
    suggestions: list[SuggestedCall]
    progress: Progress
    is_under_way: bool
    has_failed: bool


def shown(*, dataset: Dataset, prompt_name: str | None) -> Shown:
    """Return what is known; without a prompt, of the calls that the items were made for."""
    name = measuring.usual_prompt(dataset) if prompt_name is None else prompt_name
    rows = list(dataset.coverages.filter(prompt_name=name).order_by("-day")[:_TREND_DAYS])
    newest = rows[0] if rows else None
    texts = _texts(dataset.project_id, _keys(newest)) if newest else {}
    return Shown(
        prompt_name=name,
        prompts=call_samples.prompts(project_id=dataset.project_id),
        newest=newest,
        trend=[(row.day, row.percent, row.expected_percent) for row in reversed(rows) if row.percent is not None],
        groups=_groups(newest, texts) if newest else [],
        suggestions=_suggestions(dataset, newest, texts) if newest else [],
        progress=analyses.progress(project_id=dataset.project_id),
        is_under_way=measuring.is_under_way(dataset),
        has_failed=_has_failed(dataset, newest),
    )


def _keys(row: DatasetCoverage) -> list[tuple[UUID, int]]:
    examples = [group["example"] for group in row.groups]
    return [(UUID(hex=trace), span) for trace, span, *_ in [*examples, *row.suggestions]]


def _texts(project_id: int, keys: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], str]:
    """Return what the calls were about, as far as they are still kept."""
    rows = CallAnalysis.objects.filter(project_id=project_id, trace_id__in={trace for trace, _ in keys})
    return {(trace, span): text for trace, span, text in rows.values_list("trace_id", "span_id", "text")}


def _groups(row: DatasetCoverage, texts: dict[tuple[UUID, int], str]) -> list[GroupLine]:
    return [
        GroupLine(
            group["name"], group["share"], group["covered"], group["items"],
            texts.get((UUID(hex=group["example"][0]), group["example"][1]), ""),
        )
        for group in row.groups
    ]  # fmt: skip


def _suggestions(dataset: Dataset, row: DatasetCoverage, texts: dict[tuple[UUID, int], str]) -> list[SuggestedCall]:
    """Return the suggestions that are still kept and were not added since."""
    traces = [UUID(hex=trace) for trace, *_ in row.suggestions]
    known = set(
        dataset.items.current().filter(source_trace_id__in=traces).values_list("source_trace_id", "source_span_id")
    )
    found = [SuggestedCall(UUID(hex=trace), span, texts.get((UUID(hex=trace), span), ""), gain)
             for trace, span, gain in row.suggestions]  # fmt: skip
    return [call for call in found if call.text and (call.trace_id, call.span_id) not in known]


def _has_failed(dataset: Dataset, newest: DatasetCoverage | None) -> bool:
    """Tell whether the last measurement was given up."""
    dead = Job.objects.filter(
        kind=measuring.KIND, state=JobState.DEAD, project_id=dataset.project_id, payload__dataset=dataset.pk
    )
    return (dead.filter(created_at__gt=newest.measured_at) if newest else dead).exists()
