"""Where the items of a queue come from: answers of an experiment, pairs of them, recorded calls, disagreements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from evals import calls
from evals.calls import RecordedCall
from evals.experiments.models import CellState, Experiment, ExperimentCell, ExperimentScore
from evals.reviews import call_sources, contents, interest, questions, sampling
from evals.reviews.contents import ItemContent
from evals.reviews.models import ReviewItem
from evals.reviews.questions import YES
from monitoring.models import Trace
from projects.models import Project

ALL_COLUMNS = -1


class SourceKind(StrEnum):
    ANSWERS = "answers"
    PAIRS = "pairs"
    DISLIKED = "disliked"
    SAMPLE = "sample"
    DISAGREEMENTS = "disagreements"
    CHOSEN = "chosen"


@dataclass(frozen=True, slots=True)
class Source:
    """What is drawn from. `columns` are of the experiment: one, a pair, or none for all of them."""

    kind: str
    experiment_id: int = 0
    columns: tuple[int, ...] = ()
    evaluator_version_id: int = 0
    days: int = 0
    # The calls that somebody chose one by one, or with a filter.
    traces: tuple[str, ...] = ()
    span_id: int | None = None
    # How the choice is named on screen.
    words: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Source:
        return cls(**{**raw, "columns": tuple(raw["columns"]), "traces": tuple(raw["traces"])})

    @property
    def is_of_calls(self) -> bool:
        return self.kind not in (SourceKind.ANSWERS, SourceKind.PAIRS)


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item about to come into a queue."""

    key: str
    content: ItemContent
    interest: float = 0.0
    cell_id: int | None = None
    rival_id: int | None = None
    is_swapped: bool = False
    trace_id: UUID | None = None
    span_id: int | None = None
    judge_value: float | None = None
    judge_passed: bool | None = None
    judge_model: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """All that could be asked about, by key, each with how much it would teach."""

    interest: Mapping[str, float] = field(default_factory=dict)

    def first(self, *, salt: str, count: int, known: Iterable[str], by_interest: bool) -> Sequence[str]:
        """Return the keys that come next: as drawn, or the most informative ones."""
        fresh = self.interest.keys() - set(known)
        if not by_interest:
            return sampling.drawn(fresh, salt=salt, count=count)
        return sorted(fresh, key=lambda key: (-self.interest[key], sampling.rank(salt, key)))[:count]


def candidates(*, project: Project, source: Source, with_interest: bool) -> Candidates:
    """Return what the source has to offer now; how much each would teach only where somebody asks for it."""
    match source.kind:
        case SourceKind.ANSWERS:
            cells = _cells(project, source)
            ids = cells.values_list("pk", flat=True)
            return Candidates(interest.of_cells(cells) if with_interest else {f"cell:{pk}": 0.0 for pk in ids})
        case SourceKind.PAIRS:
            return Candidates(_pairs(project, source))
        case SourceKind.DISAGREEMENTS:
            return Candidates(_disagreements(project, source))
    traces = _traces(project, source)
    plain = {f"trace:{trace_id.hex}": 0.0 for trace_id in traces}
    return Candidates(interest.of_traces(project, traces) if with_interest else plain)


def items(*, project: Project, source: Source, keys: Sequence[str], salt: str, found: Candidates) -> Iterator[NewItem]:
    """Yield the items of these keys, in their order, with the texts as they are now; what has no text is left out."""
    cells = _read_cells(
        project, [int(part) for key in keys if key.startswith(("cell:", "pair:")) for part in key.split(":")[1:]]
    )
    recorded = _read_calls(project, source, [key.split(":")[1] for key in keys if key.startswith("trace:")])
    verdicts = _verdicts(source, list(cells))
    for key in keys:
        kind, *ids = key.split(":")
        teaches = found.interest.get(key, 0.0)
        if kind == "trace" and (call := recorded.get(ids[0])):
            yield _of_call(key, call, teaches)
        elif kind == "cell" and (cell := cells.get(int(ids[0]))):
            yield _of_cell(key, cell, verdicts.get(cell.pk), teaches)
        elif kind == "pair" and int(ids[0]) in cells and int(ids[1]) in cells:
            yield _of_pair(key, cells[int(ids[0])], cells[int(ids[1])], salt, teaches)


def _cells(project: Project, source: Source) -> Any:
    rows = ExperimentCell.objects.filter(project=project, experiment_id=source.experiment_id, state=CellState.DONE)
    if source.columns:
        rows = rows.filter(column__in=source.columns)
    if source.evaluator_version_id:
        rows = rows.filter(scores__evaluator_version_id=source.evaluator_version_id, scores__value__isnull=False)
    return rows


def _traces(project: Project, source: Source) -> Sequence[UUID]:
    if source.kind == SourceKind.CHOSEN:
        return [UUID(text) for text in source.traces]
    is_disliked = source.kind == SourceKind.DISLIKED
    return call_sources.population(project=project, days=source.days, only_disliked=is_disliked)


def _pairs(project: Project, source: Source) -> dict[str, float]:
    ours, theirs = source.columns
    done = ExperimentCell.objects.filter(project=project, experiment_id=source.experiment_id, state=CellState.DONE)
    rows = {(item, turn): pk for pk, item, turn in done.filter(column=ours).values_list("pk", "item_id", "repetition")}
    others = done.filter(column=theirs).values_list("pk", "item_id", "repetition", "output")
    texts = dict(done.filter(column=ours).values_list("pk", "output"))
    # Two answers that say the same have no better one.
    return {
        f"pair:{mine}:{pk}": 0.0
        for pk, item, turn, output in others
        if (mine := rows.get((item, turn))) and texts[mine] != output
    }


def _disagreements(project: Project, source: Source) -> dict[str, float]:
    """Return answers about which a person of the team said something else than the judge."""
    labelled = ReviewItem.objects.filter(
        project=project, cell__isnull=False, judge_passed__isnull=False, queue__purpose="calibration"
    ).exclude(accepted={})
    if source.evaluator_version_id:
        labelled = labelled.filter(queue__evaluator_version_id=source.evaluator_version_id)
    found = {
        f"cell:{item.cell_id}": 1.0
        for item in labelled.defer("content").select_related("queue").prefetch_related("queue__questions")
        if (said := _passed_by_people(item)) is not None and said != item.judge_passed
    }
    if not source.evaluator_version_id:
        found |= {
            f"trace:{trace_id.hex}": 1.0 for trace_id in call_sources.disagreements(project=project, days=source.days)
        }
    return found


def _passed_by_people(item: ReviewItem) -> bool | None:
    asked = questions.pass_question(item.queue.questions.all())
    return item.accepted[asked.name] == YES if asked and asked.name in item.accepted else None


def _read_cells(project: Project, ids: Sequence[int]) -> dict[int, ExperimentCell]:
    return ExperimentCell.objects.filter(project=project).select_related("item").in_bulk(ids)


def _read_calls(project: Project, source: Source, ids: Sequence[str]) -> dict[str, RecordedCall]:
    traces = list(Trace.objects.for_project(project).filter(trace_id__in=ids))
    if source.span_id is not None and traces:
        call = call_sources.step_of(traces[0], source.span_id)
        return {traces[0].hex_id: call} if call else {}
    return {trace.hex_id: call for trace, call in calls.of_traces(traces) if call and call.output}


def _verdicts(source: Source, ids: Sequence[int]) -> dict[int, ExperimentScore]:
    if not source.evaluator_version_id or not ids:
        return {}
    rows = ExperimentScore.objects.filter(
        cell_id__in=ids, evaluator_version_id=source.evaluator_version_id, value__isnull=False
    )
    return {score.cell_id: score for score in rows}


def _of_call(key: str, call: RecordedCall, teaches: float) -> NewItem:
    return NewItem(
        key, contents.of_call(call), teaches, trace_id=call.span.trace_id, span_id=call.span.span_id
    )  # fmt: skip


def _of_cell(key: str, cell: ExperimentCell, verdict: ExperimentScore | None, teaches: float) -> NewItem:
    new = NewItem(key, contents.of_cells(cell.item, cell), teaches, cell_id=cell.pk, trace_id=cell.trace_id)
    if verdict is None or verdict.value is None:
        return new
    passed = verdict.value >= 0.5 if verdict.passed is None else verdict.passed
    return NewItem(
        key, new.content, teaches, cell_id=cell.pk, trace_id=cell.trace_id, judge_value=verdict.value, judge_passed=passed,
        judge_model=verdict.judge_model,
    )  # fmt: skip


def _of_pair(key: str, ours: ExperimentCell, theirs: ExperimentCell, salt: str, teaches: float) -> NewItem:
    is_swapped = sampling.is_heads(salt, key)
    left, right = (theirs, ours) if is_swapped else (ours, theirs)
    return NewItem(
        key,
        contents.of_cells(ours.item, left, right),
        teaches,
        cell_id=ours.pk,
        rival_id=theirs.pk,
        is_swapped=is_swapped,
    )


def words_of(source: Source, experiment: Experiment | None) -> str:
    """Say in a few words where the items come from."""
    if source.words:
        return source.words
    name = f"«{experiment.name}»" if experiment else "an experiment"
    return {
        SourceKind.ANSWERS: f"Answers of {name}",
        SourceKind.PAIRS: f"Pairs of answers of {name}",
        SourceKind.DISLIKED: f"Calls that users disliked in the last {source.days} days",
        SourceKind.SAMPLE: f"A random sample of the calls of the last {source.days} days",
        SourceKind.DISAGREEMENTS: "Answers about which a person and a judge disagree",
    }.get(SourceKind(source.kind), "Chosen calls")
