"""One item as reviewers see it: the texts, the questions, and what is only told once they have answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.experiments.models import ExperimentScore
from evals.reviews import documents
from evals.reviews.contents import ItemContent
from evals.reviews.models import QuestionKind, ReviewAnswer, ReviewItem, ReviewQuestion, ReviewQueue
from monitoring.models import Score, ScoreSource, ScoreType
from webapp import formats

_LABELS = {"yes": "Yes", "no": "No"}
_INSTRUCTIONS = frozenset({"system", "developer"})
_MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    digit: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what can be chosen; `is_text` ones are written."""

    position: int
    text: str
    kind: str
    options: list[Option]
    is_required: bool
    # What somebody chose or wrote that could not be stored.
    value: str = ""

    @property
    def is_text(self) -> bool:
        return not self.options

    @property
    def is_correction(self) -> bool:
        return self.kind == QuestionKind.CORRECTION


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers, with the side it stands on when there are two."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that could sway a reviewer: who answered, what a judge said, how users felt."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An item to be answered. `told` is empty in a blind queue, so that nothing of it is in the page."""

    item_id: int
    content: ItemContent
    answers: list[Answer]
    asked: list[Asked]
    told: list[Told]

    @property
    def talk(self) -> list[tuple[str, str]]:
        return [(role, text) for role, text in self.content.messages if role not in _INSTRUCTIONS]

    @property
    def instructions(self) -> list[str]:
        return [text for role, text in self.content.messages if role in _INSTRUCTIONS]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent about an item and could not be stored: it stands in the form again."""

    item_id: int = 0
    values: Mapping[str, str] = field(default_factory=dict)


def sheets(
    queue: ReviewQueue, items: Sequence[ReviewItem], typed: Typed | None = None, *, for_guest: bool = False
) -> list[Sheet]:
    """Return what the page shows of the items; guests are never told what judges, users and the team said."""
    is_silent = queue.is_blind or for_guest
    asked, titles = asked_of(queue), [] if is_silent else documents.titles_of(queue)
    filled = [replace(one, value=typed.values.get(str(one.position), "")) for one in asked] if typed else asked
    return [
        _sheet(item, filled if typed and item.pk == typed.item_id else asked, [] if is_silent else told(item, titles))
        for item in items
    ]


def asked_of(queue: ReviewQueue) -> list[Asked]:
    """Return the questions of a queue, as the page shows them."""
    return [_asked(question) for question in queue.questions.all()]


def told(item: ReviewItem, titles: list[str]) -> list[Told]:
    """Return everything that a blind reviewer learns only when the queue is closed."""
    found = [Told("Variant", " · ".join(variants))] if (variants := documents.variant_titles(item, titles)) else []
    return (found + _of_cell(item) + _of_trace(item))[:_MOST_TOLD]


def said(answer: ReviewAnswer, questions: Sequence[ReviewQuestion]) -> str:
    """Return an answer in a few words."""
    if answer.cannot_tell:
        return "cannot tell"
    verdicts = [
        label_of(str(answer.values[asked.name]))
        for asked in questions
        if asked.is_verdict and asked.name in answer.values
    ]
    return ", ".join(verdicts) or "a text"


def label_of(value: str) -> str:
    return _LABELS.get(value, value)


def _sheet(item: ReviewItem, asked: list[Asked], tell: list[Told]) -> Sheet:
    content = ItemContent.from_json(item.content)
    names = ("Left", "Right") if item.is_pair else ("Answer",)
    answers = [Answer(name, text) for name, text in zip(names, content.answers, strict=True)]
    return Sheet(item.pk, content, answers, asked, tell)


def _asked(question: ReviewQuestion) -> Asked:
    options = [Option(value, label_of(value), place) for place, value in enumerate(question.options, start=1)]
    return Asked(question.position, question.text, question.kind, options, question.is_required)


def _of_cell(item: ReviewItem) -> list[Told]:
    if item.cell_id is None or item.is_pair:
        return []
    scores = ExperimentScore.objects.filter(cell_id=item.cell_id, value__isnull=False).order_by("pk")
    return [
        Told(str(score.evaluator_version), _verdict(score.value or 0.0, score.passed, score.why))
        for score in scores.select_related("evaluator_version__evaluator")
    ]


def _of_trace(item: ReviewItem) -> list[Told]:
    if item.trace_id is None:
        return []
    scores = Score.objects.filter(project_id=item.project_id, trace_id=item.trace_id).exclude(source=ScoreSource.HUMAN)
    return [_of_score(score) for score in scores.order_by("created_at")[:_MOST_TOLD]]


def _of_score(score: Score) -> Told:
    sources = {ScoreSource.DETECTOR: "Flag", ScoreSource.USER: "User", ScoreSource.EVALUATOR: "Evaluator"}
    label = sources.get(ScoreSource(score.source), "Application")
    if score.data_type == ScoreType.THUMBS:
        return Told(label, _with("thumbs up" if score.value else "thumbs down", score.comment))
    value = score.string_value if score.value is None else f"{score.value:.3g}"
    return Told(label, _with(f"{score.name}: {value}", score.comment))


def _verdict(value: float, passed: bool | None, why: str) -> str:
    word = "" if passed is None else "passes, " if passed else "fails, "
    return _with(f"{word}{formats.percent(value)}", why)


def _with(text: str, more: str) -> str:
    return f"{text} – {more[:300]}" if more else text
